// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { behind_ms, entries } from "../../web/static/panels/lateness.js";

const MINUTE_MS = 60_000;
const items = [[0, 4], [4, 9], [9, 13]].map(([start, end], order) => ({
  id: "abc"[order], order, start_ms: start * MINUTE_MS, end_ms: end * MINUTE_MS, title: {}, kind: "address",
}));

/** @param {number} at @param {number} started_min */
const called = (at, started_min) => ({ item: items[at], started_ms: started_min * MINUTE_MS, end_ms: 0, called: true });
const nothing = { item: null, started_ms: 0, end_ms: 0, called: false };

test("an item that began late is late by that much", () => {
  assert.equal(behind_ms(called(1, 6), 7 * MINUTE_MS), 2 * MINUTE_MS);
});

test("an item that overruns gets later with every second", () => {
  assert.equal(behind_ms(called(0, 0), 4 * MINUTE_MS + 1000), 1000);
});

test("an item that began early is early", () => {
  assert.equal(behind_ms(called(1, 3), 4 * MINUTE_MS), -MINUTE_MS);
});

test("nothing is late while the director runs nothing", () => {
  assert.equal(behind_ms(nothing, 99 * MINUTE_MS), undefined);
});

test("what comes moves with the lateness, what was stays, and earliness moves nothing", () => {
  const late = entries(items, called(1, 6), 7 * MINUTE_MS);
  assert.deepEqual(late.map(({ state }) => state), ["done", "now", "next"]);
  assert.deepEqual(late.map(({ expected_ms }) => expected_ms / MINUTE_MS), [0, 6, 11]);
  assert.equal(entries(items, called(1, 3), 4 * MINUTE_MS)[2].expected_ms, 9 * MINUTE_MS);
});

test("before anything runs the plan says what is next, and after all of it all is done", () => {
  assert.deepEqual(entries(items, nothing, 5 * MINUTE_MS).map(({ state }) => state), ["done", "next", "later"]);
  assert.deepEqual(entries(items, nothing, 50 * MINUTE_MS).map(({ state }) => state), ["done", "done", "done"]);
});
