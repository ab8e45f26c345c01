// @ts-check
/** The node's common clock in the page, and media time on it. Times are Unix ms, as floats. */

/** RTP clock of video, Hz (RFC 3551 section 5). */
const VIDEO_CLOCK_HZ = 90_000;
const TURN = 2 ** 32;

/** Samples kept: two minutes of them. */
const SAMPLES = 12;
/** How fast two clocks may run apart, ms per ms: cheap crystals, and the node's own slewing is rarely more. */
const DRIFT = 100e-6;
/** What a clock reading itself may be wrong by: browsers round it, ms. */
const READING_MS = 1;
/** Exchanges at the start and after a sleep, their distance, and the distance later, ms. */
const AT_ONCE = 8;
const SOON_MS = 150;
const LATER_MS = 10_000;
/** How often the page looks whether it slept, and what difference of its two clocks says so, ms. */
const LOOK_MS = 1_000;
const SLEPT_MS = 500;

/**
 * Offset and round trip of one exchange (RFC 5905 section 8).
 * @param {number} t0 sent, local @param {number} t1 received, remote
 * @param {number} t2 answered, remote @param {number} t3 received, local
 */
export function exchange(t0, t1, t2, t3) {
  return { offset_ms: (t1 - t0 + (t2 - t3)) / 2, round_trip_ms: Math.max(0, t3 - t0 - (t2 - t1)) };
}

/**
 * The media time that a video RTP timestamp stands for: it is `media_ms * 90 mod 2^32`,
 * so of all times it can mean (one each 13.3 h) the one nearest to `near_ms` is meant.
 * @param {number} rtpTimestamp @param {number} near_ms Unix ms
 */
export function mediaTime(rtpTimestamp, near_ms) {
  const ticks_per_ms = VIDEO_CLOCK_HZ / 1000;
  const near = near_ms * ticks_per_ms;
  const behind = (((near - rtpTimestamp) % TURN) + TURN) % TURN;
  const distance = behind > TURN / 2 ? behind - TURN : behind;
  return near_ms - distance / ticks_per_ms;
}

/** Local Unix ms that no correction of the computer's clock steps; it may stand still while the computer sleeps. */
function localNow() {
  return performance.timeOrigin + performance.now();
}

/** @typedef {{offset_ms: number, round_trip_ms: number, at_ms: number, told_ms: number}} Sample `at_ms` is local, `told_ms` what the remote clock may be off itself */

/** Event `slept`: the computer was asleep, or its own clock was set. */
export class CommonClock extends EventTarget {
  /** @param {() => number} [local] Unix ms @param {() => number} [wall] the computer's own clock, Unix ms */
  constructor(local = localNow, wall = Date.now) {
    super();
    this.local = local;
    this.wall = wall;
    /** @type {Sample[]} */
    this.samples = [];
    /** Common minus local, ms; 0 before the first exchange. */
    this.offset_ms = 0;
    this.told = { now_ms: -Infinity, local_ms: 0 };
    this.apart_ms = wall() - local();
  }

  /** @param {number} t0 @param {number} t1 @param {number} t2 @param {number} t3 @param {number} [told_ms] what the remote clock may be off itself */
  sample(t0, t1, t2, t3, told_ms = 0) {
    const fresh = { ...exchange(t0, t1, t2, t3), at_ms: t3, told_ms };
    // What was told before anything was known was a guess: a tablet's clock may be off by a day.
    if (!this.synchronised) this.told = { now_ms: -Infinity, local_ms: 0 };
    // Two honest samples overlap. If they do not, a clock was stepped or slept: what is older counts no more.
    const agreeing = this.samples.filter((older) => Math.abs(older.offset_ms - fresh.offset_ms) <= bound(older, t3) + bound(fresh, t3));
    this.samples = [...agreeing, fresh].slice(-SAMPLES);
    this.offset_ms = this.#best(t3).offset_ms;
  }

  /** Whether the common clock is known; before, `now` is the computer's own. */
  get synchronised() {
    return this.samples.length > 0;
  }

  /** How wrong it may be at most, ms: half the best round trip, what the clocks drifted since, and what the remote one may be off. */
  get bound_ms() {
    const now_ms = this.local();
    return this.synchronised ? bound(this.#best(now_ms), now_ms) : Infinity;
  }

  /** Common time, once it is known never less than before: after a correction backwards it goes on at half speed until time has caught up. */
  now() {
    const local_ms = this.local();
    const slow_ms = this.told.now_ms + Math.max(0, local_ms - this.told.local_ms) / 2;
    this.told = { now_ms: Math.max(local_ms + this.offset_ms, slow_ms), local_ms };
    return this.told.now_ms;
  }

  /** Common time at a `performance.now()` value (as video frames carry it). @param {number} performance_ms */
  at(performance_ms) {
    return performance.timeOrigin + performance_ms + this.offset_ms;
  }

  /** Whether the computer slept, or its own clock was set, since this was asked last: then no sample counts any more. */
  slept() {
    const apart_ms = this.wall() - this.local();
    const slept = Math.abs(apart_ms - this.apart_ms) > SLEPT_MS;
    this.apart_ms = apart_ms;
    if (slept) {
      this.samples = [];
      this.dispatchEvent(new Event("slept"));
    }
    return slept;
  }

  /** The sample that counts is the one with the least bound now, as in NTP's clock filter (RFC 5905 section 10). @param {number} local_ms */
  #best(local_ms) {
    return this.samples.reduce((least, sample) => (bound(sample, local_ms) <= bound(least, local_ms) ? sample : least));
  }
}

/** @param {Sample} sample @param {number} local_ms */
function bound({ round_trip_ms, at_ms, told_ms }, local_ms) {
  return told_ms + round_trip_ms / 2 + READING_MS + Math.max(0, local_ms - at_ms) * DRIFT;
}

/**
 * Keeps `clock` right: eight exchanges at once, then one each 10 s; at once again when the computer wakes. Returns its end.
 * @param {CommonClock} clock
 * @param {(t0: number) => Promise<{t1: number, t2: number, bound_ms?: number}>} ask
 * @returns {() => void}
 */
export function keepClock(clock, ask) {
  let left = AT_ONCE;
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  let ended = false;
  let asking = false;
  let sleeps = 0;
  const noticed = () => {
    if (!clock.slept()) return false;
    sleeps += 1;
    left = AT_ONCE;
    return true;
  };
  const tick = async () => {
    const [t0, before] = [clock.local(), sleeps];
    asking = true;
    try {
      const { t1, t2, bound_ms } = await ask(t0);
      noticed();
      if (sleeps === before) {
        clock.sample(t0, t1, t2, clock.local(), bound_ms);
        left -= 1;
      }
    } catch {
      // No answer in time: the socket says so itself, the next tick tries again.
    }
    asking = false;
    if (!ended) timer = setTimeout(tick, left > 0 ? SOON_MS : LATER_MS);
  };
  const looking = setInterval(() => {
    if (!noticed() || asking) return; // an exchange under way is followed by the next ones itself
    clearTimeout(timer);
    tick();
  }, LOOK_MS);
  timer = setTimeout(tick, 0);
  return () => {
    ended = true;
    clearTimeout(timer);
    clearInterval(looking);
  };
}
