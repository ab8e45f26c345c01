// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { CommonClock, exchange, mediaTime } from "../../web/static/lib/clock.js";

const rtp = (/** @type {number} */ media_ms) => Math.floor(media_ms * 90) % 2 ** 32;

test("an exchange over an even path gives the exact offset", () => {
  assert.deepEqual(exchange(1000, 1_550, 1_560, 1_110), { offset_ms: 500, round_trip_ms: 100 });
});

test("the exchange with the least round trip counts", () => {
  const clock = new CommonClock(() => 0);
  clock.sample(0, 600, 600, 200);
  clock.sample(0, 510, 510, 20);
  clock.sample(0, 900, 900, 400);
  assert.equal(clock.offset_ms, 500);
  assert.equal(clock.bound_ms, 10);
  assert.equal(clock.now(), 500);
});

test("before the first exchange the clock is the computer's own", () => {
  const clock = new CommonClock(() => 42);
  assert.equal(clock.synchronised, false);
  assert.equal(clock.now(), 42);
});

test("media time is unwrapped around now, also over the turn of 2^32", () => {
  const turn_ms = 2 ** 32 / 90;
  for (const now of [1_795_000_000_000, Math.ceil(1_795_000_000_000 / turn_ms) * turn_ms + 40, Math.ceil(1_795_000_000_000 / turn_ms) * turn_ms - 40]) {
    for (const age of [-20, 0, 300, 5_000]) assert.ok(Math.abs(now - mediaTime(rtp(now - age), now) - age) < 0.05, `${now} ${age}`);
  }
});
