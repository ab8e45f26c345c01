import assert from "node:assert/strict";
import test from "node:test";
import { reasonOf } from "../../web/static/panels/publish.js";

const IDLE = { state: "idle", refusal: null };

test("who is on air without sending reads that the slate stands in", () => {
  assert.equal(reasonOf(IDLE, true, true), "slated");
  assert.equal(reasonOf(IDLE, true, false), "ready");
  assert.equal(reasonOf(IDLE, false, true), "nothing");
});

test("who sends reads that, whatever the relay has seen of it so far", () => {
  assert.equal(reasonOf({ state: "live", refusal: null }, true, true), "live");
});

test("a refusal without words of its own is told as one", () => {
  assert.equal(reasonOf({ state: "refused", refusal: { code: "occupied" } }, true, true), "occupied");
  assert.equal(reasonOf({ state: "refused", refusal: { code: "teapot" } }, true, true), "refused");
});
