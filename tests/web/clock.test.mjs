// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { CommonClock, exchange, keepClock, mediaTime } from "../../web/static/lib/clock.js";

const rtp = (/** @type {number} */ media_ms) => Math.floor(media_ms * 90) % 2 ** 32;

test("an exchange over an even path gives the exact offset", () => {
  assert.deepEqual(exchange(1000, 1_550, 1_560, 1_110), { offset_ms: 500, round_trip_ms: 100 });
});

/** A page whose two clocks the test moves. */
function given() {
  const computer = { local_ms: 1_000, wall_ms: 1_000, sleeps: (/** @type {number} */ ms) => (computer.wall_ms += ms), passes: (/** @type {number} */ ms) => {
    computer.local_ms += ms;
    computer.wall_ms += ms;
  } };
  const clock = new CommonClock(() => computer.local_ms, () => computer.wall_ms);
  /** One exchange with a node that is `ahead` ms, over ways of `out` and `back` ms. */
  const hear = (/** @type {number} */ ahead, out = 10, back = out) => {
    const t0 = computer.local_ms;
    computer.passes(out + back);
    clock.sample(t0, t0 + out + ahead, t0 + out + ahead, computer.local_ms);
  };
  return { computer, clock, hear };
}

test("the exchange with the least round trip counts, and bounds the error", () => {
  const { clock, hear } = given();
  hear(500, 150, 50);
  hear(500, 10);
  hear(500, 50, 350);
  assert.equal(clock.offset_ms, 500);
  assert.ok(Math.abs(clock.bound_ms - 11.04) < 0.01, `${clock.bound_ms}`);
});

test("what the remote clock may be off itself is part of the bound", () => {
  const { clock } = given();
  clock.sample(1_000, 1_500, 1_500, 1_000, 40);
  assert.equal(clock.bound_ms, 41);
  clock.sample(1_000, 1_530, 1_530, 1_000, 5);
  assert.deepEqual([clock.offset_ms, clock.bound_ms], [530, 6], "of two that agree the surer one counts");
});

test("the bound grows by what clocks drift, and a fresh exchange then counts more than a shorter old one", () => {
  const { computer, clock, hear } = given();
  hear(500, 10);
  computer.passes(60_000);
  assert.ok(Math.abs(clock.bound_ms - 17) < 0.01);
  hear(506, 12);
  assert.equal(clock.offset_ms, 506);
});

test("a correction backwards never steps back: time goes on at half speed", () => {
  const { computer, clock, hear } = given();
  hear(500, 1);
  const before = clock.now();
  computer.passes(1_000);
  hear(100, 1);
  const after = clock.now();
  assert.ok(after >= before + 500 && after < before + 1_000, `${after - before}`);
  for (let second = 0; second < 3; second += 1) {
    computer.passes(1_000);
    clock.now();
  }
  assert.equal(clock.now(), computer.local_ms + 100);
});

test("a node whose clock is another one makes older samples worthless", () => {
  const { clock, hear } = given();
  hear(500, 1);
  hear(900, 200);
  assert.equal(clock.offset_ms, 900);
});

test("after a sleep no old sample counts, and the next one sets the clock right", () => {
  const { computer, clock, hear } = given();
  hear(500, 1);
  computer.passes(1_000);
  assert.equal(clock.slept(), false);
  computer.sleeps(3_600_000);
  assert.equal(clock.slept(), true);
  assert.equal(clock.synchronised, false);
  assert.equal(clock.bound_ms, Infinity);
  hear(500 + 3_600_000, 40);
  assert.equal(clock.now(), computer.wall_ms + 500);
  assert.equal(clock.slept(), false);
});

test("exchanges come at once after the computer woke", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { computer, clock } = given();
  let asked = 0;
  const stop = keepClock(clock, async (t0) => {
    asked += 1;
    return { t1: t0, t2: t0 };
  });
  const passes = async (/** @type {number} */ ms) => {
    for (let passed = 0; passed < ms; passed += 50) {
      computer.passes(50);
      t.mock.timers.tick(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await passes(5_000);
  assert.equal(asked, 8);
  computer.sleeps(60_000);
  await passes(3_000);
  assert.equal(asked, 16);
  stop();
  await passes(30_000);
  assert.equal(asked, 16);
});

test("a sleep in the middle of an exchange is followed by one run of them, and what was asked before it says nothing", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { computer, clock } = given();
  /** @type {((told: {t1: number, t2: number}) => void)[]} */
  const asked = [];
  const stop = keepClock(clock, () => new Promise((resolve) => asked.push(resolve)));
  const passes = async (/** @type {number} */ ms) => {
    for (let passed = 0; passed < ms; passed += 50) {
      computer.passes(50);
      t.mock.timers.tick(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await passes(50);
  assert.equal(asked.length, 1);
  for (let sleep = 0; sleep < 3; sleep += 1) {
    computer.sleeps(60_000);
    await passes(1_000); // it is noticed
  }
  asked[0]({ t1: 0, t2: 0 });
  await passes(50);
  assert.equal(clock.synchronised, false);
  for (let one = 1; one <= 8; one += 1) {
    await passes(200);
    assert.equal(asked.length, one + 1, "one at a time, eight of them at once");
    asked[one]({ t1: computer.local_ms, t2: computer.local_ms });
  }
  await passes(5_000);
  assert.equal(asked.length, 1 + 8);
  await passes(6_000);
  assert.equal(asked.length, 1 + 8 + 1);
  computer.sleeps(60_000);
  asked[9]({ t1: computer.local_ms, t2: computer.local_ms });
  await passes(300);
  assert.equal(asked.length, 1 + 8 + 1 + 1, "also where the answer itself brings it out");
  stop();
});

test("before the first exchange the clock is the computer's own", () => {
  const clock = new CommonClock(() => 42);
  assert.equal(clock.synchronised, false);
  assert.equal(clock.now(), 42);
});

test("a computer whose clock is a day ahead is right from the first exchange on", () => {
  const { clock, hear } = given();
  const guess = clock.now();
  hear(-86_400_000, 4);
  assert.ok(Math.abs(guess - clock.now() - 86_400_000) < 10, `${guess - clock.now()}`);
});

test("media time is unwrapped around now, also over the turn of 2^32", () => {
  const turn_ms = 2 ** 32 / 90;
  for (const now of [1_795_000_000_000, Math.ceil(1_795_000_000_000 / turn_ms) * turn_ms + 40, Math.ceil(1_795_000_000_000 / turn_ms) * turn_ms - 40]) {
    for (const age of [-20, 0, 300, 5_000]) assert.ok(Math.abs(now - mediaTime(rtp(now - age), now) - age) < 0.05, `${now} ${age}`);
  }
});
