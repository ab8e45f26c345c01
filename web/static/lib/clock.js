// @ts-check
/** The node's common clock in the page, and media time on it. Times are Unix ms, as floats. */

/** RTP clock of video, Hz (RFC 3551 section 5). */
const VIDEO_CLOCK_HZ = 90_000;
const TURN = 2 ** 32;

/** Samples kept; the one with the least round trip counts, as in NTP's clock filter (RFC 5905 section 10). */
const SAMPLES = 12;

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

/** Local Unix ms that no correction of the computer's clock steps. */
export function localNow() {
  return performance.timeOrigin + performance.now();
}

export class CommonClock {
  /** @param {() => number} [local] Unix ms */
  constructor(local = localNow) {
    this.local = local;
    /** @type {{offset_ms: number, round_trip_ms: number}[]} */
    this.samples = [];
  }

  /** @param {number} t0 @param {number} t1 @param {number} t2 @param {number} t3 */
  sample(t0, t1, t2, t3) {
    this.samples = [...this.samples, exchange(t0, t1, t2, t3)].slice(-SAMPLES);
  }

  /** The sample that counts: the one with the least round trip. */
  get best() {
    return this.samples.reduce(
      (least, sample) => (least && least.round_trip_ms <= sample.round_trip_ms ? least : sample),
      /** @type {{offset_ms: number, round_trip_ms: number} | null} */ (null),
    );
  }

  /** Whether the common clock is known; before, `now` is the computer's own. */
  get synchronised() {
    return this.samples.length > 0;
  }

  /** Common minus local, ms. */
  get offset_ms() {
    return this.best?.offset_ms ?? 0;
  }

  /** How wrong it may be at most, ms. */
  get bound_ms() {
    return this.best ? this.best.round_trip_ms / 2 : Infinity;
  }

  now() {
    return this.local() + this.offset_ms;
  }

  /** Common time at a `performance.now()` value (as video frames carry it). @param {number} performance_ms */
  at(performance_ms) {
    return performance.timeOrigin + performance_ms + this.offset_ms;
  }
}

/**
 * Keeps `clock` right: eight exchanges at once, then one each 10 s. Returns its end.
 * @param {CommonClock} clock
 * @param {(t0: number) => Promise<{t1: number, t2: number}>} ask
 * @returns {() => void}
 */
export function keepClock(clock, ask) {
  let left = 8;
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const tick = async () => {
    const t0 = clock.local();
    try {
      const { t1, t2 } = await ask(t0);
      clock.sample(t0, t1, t2, clock.local());
      left -= 1;
    } catch {
      // No answer in time: the socket says so itself, the next tick tries again.
    }
    timer = setTimeout(tick, left > 0 ? 150 : 10_000);
  };
  timer = setTimeout(tick, 0);
  return () => clearTimeout(timer);
}
