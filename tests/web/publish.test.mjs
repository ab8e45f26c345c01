import assert from "node:assert/strict";
import test from "node:test";
import { reasonOf } from "../../web/static/panels/publish.js";

const IDLE = { state: "idle", refusal: null };
const OWN = { ready: true, closed: false, slated: true };

test("who is on air without sending reads that the slate stands in", () => {
  assert.equal(reasonOf(IDLE, OWN), "slated");
  assert.equal(reasonOf(IDLE, { ...OWN, slated: false }), "ready");
  assert.equal(reasonOf(IDLE, { ...OWN, ready: false }), "nothing");
  assert.equal(reasonOf(IDLE, { ...OWN, ready: false, closed: true }), "closed");
});

test("who sends reads that, whatever the relay has seen of it so far", () => {
  assert.equal(reasonOf({ state: "live", refusal: null }, OWN), "live");
});

test("a refusal without words of its own is told as one", () => {
  assert.equal(reasonOf({ state: "refused", refusal: { code: "occupied" } }, OWN), "occupied");
  assert.equal(reasonOf({ state: "refused", refusal: { code: "teapot" } }, OWN), "refused");
});
