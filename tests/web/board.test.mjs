// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { Store } from "../../web/static/lib/store.js";
import { Board } from "../../web/static/panels/board.js";

/** A director's page whose commands are kept; `show` is the next view. */
function desk() {
  const store = new Store();
  /** @type {any[]} */
  const sent = [];
  let number = 0;
  const show = (/** @type {any} */ stage) => store.take({ to: ++number, patch: { conference: { sources: { a: { order: 0 }, b: { order: 1 }, c: { order: 2 } } }, stage } });
  show({ program: { layout: "side_by_side", sources: ["a", "b"] } });
  const board = new Board(/** @type {any} */ ({ store, send: async (/** @type {any} */ command) => sent.push(command) }));
  return { board, sent, show };
}

test("quick keys build on each other before the first is confirmed", () => {
  const { board, sent } = desk();
  board.reshape("side_by_side");
  board.place("c");
  assert.deepEqual(board.preview, { layout: "side_by_side", sources: ["a", "b", "c"] });
  assert.deepEqual(sent.map(({ type }) => type), ["stage.preview", "stage.preview"]);
});

test("a take puts the preview on air and prepares what was on air", async () => {
  const { board, sent } = desk();
  board.place("c");
  await board.take();
  assert.deepEqual(sent.slice(1), [
    { type: "stage.take", layout: "full", sources: ["c"] },
    { type: "stage.preview", layout: "side_by_side", sources: ["a", "b"] },
  ]);
});

test("a take that would change nothing is not sent", async () => {
  const { board, sent, show } = desk();
  await board.take();
  show({ program: { layout: "full", sources: ["a"] }, preview: { layout: "full", sources: ["a"] } });
  await board.take();
  assert.deepEqual(sent, []);
});
