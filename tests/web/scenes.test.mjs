// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { complete, place, reshape, same, sceneFor } from "../../web/static/panels/scenes.js";

/** @param {import("../../web/static/panels/scenes.js").Layout} layout @param {...string} sources */
const scene = (layout, ...sources) => ({ layout, sources });

test("a full picture is exchanged", () => {
  assert.deepEqual(place(scene("full", "a"), "b"), scene("full", "b"));
});

test("side by side a new source joins at the end, and one that is in leaves", () => {
  assert.deepEqual(place(scene("side_by_side", "a", "b"), "c"), scene("side_by_side", "a", "b", "c"));
  assert.deepEqual(place(scene("side_by_side", "a", "b", "c"), "b"), scene("side_by_side", "a", "c"));
});

test("where nobody may leave, the source becomes the principal", () => {
  assert.deepEqual(place(scene("side_by_side", "a", "b"), "b"), scene("side_by_side", "b", "a"));
});

test("a fifth source takes the place of the oldest beside the principal", () => {
  assert.deepEqual(place(scene("side_by_side", "a", "b", "c", "d"), "e"), scene("side_by_side", "a", "c", "d", "e"));
});

test("another layout keeps who is in and fills what it needs", () => {
  assert.deepEqual(reshape(scene("full", "b"), "side_by_side", ["a", "b", "c"]), scene("side_by_side", "b", "a"));
  assert.deepEqual(reshape(scene("side_by_side", "b", "a"), "full", ["a", "b"]), scene("full", "b"));
});

test("scenes are the same by layout and order", () => {
  assert.ok(same(scene("full", "a"), scene("full", "a")));
  assert.ok(!same(scene("side_by_side", "a", "b"), scene("side_by_side", "b", "a")));
  assert.ok(!same(undefined, scene("full", "a")));
  assert.ok(same(undefined, undefined));
});

test("an item asks for its scene: one speaker full, signatures at the tables, halls side by side", () => {
  assert.deepEqual(sceneFor({ kind: "address", sources: ["s"] }), scene("full", "s"));
  assert.deepEqual(sceneFor({ kind: "signing", sources: ["a", "b"] }), scene("signing_tables", "a", "b"));
  assert.deepEqual(sceneFor({ kind: "dialogue", sources: ["a", "b"] }), scene("side_by_side", "a", "b"));
  assert.equal(sceneFor({ kind: "dialogue" }), undefined);
});

test("a scene that lacks a picture is not complete", () => {
  assert.ok(!complete(scene("signing_tables", "a")));
  assert.ok(complete(scene("signing_tables", "a", "b")));
});
