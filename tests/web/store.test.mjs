// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { Store, mergePatch } from "../../web/static/lib/store.js";

/** RFC 7386, appendix A: original, patch, result. */
const EXAMPLES = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [["a", "b"], ["c", "d"], ["c", "d"]],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test("merging follows every example of RFC 7386", () => {
  for (const [target, patch, result] of EXAMPLES) assert.deepEqual(mergePatch(target, patch), result);
});

test("what a patch does not change keeps its identity", () => {
  const before = { stage: { tiles: [1] }, people: { remote: 1 } };
  const after = mergePatch(before, { people: { remote: 2 } });
  assert.equal(after.stage, before.stage);
  assert.notEqual(after, before);
  assert.equal(mergePatch(before, { people: { remote: 1 } }), before);
});

test("a view that does not follow the last one is refused and changes nothing", () => {
  const store = new Store();
  assert.equal(store.take({ to: 4, patch: { a: 1 } }), true);
  assert.equal(store.take({ from: 5, to: 6, patch: { a: 2 } }), false);
  assert.deepEqual(store.view, { a: 1 });
  assert.equal(store.take({ from: 4, to: 5, patch: { b: 2 } }), true);
  assert.deepEqual(store.view, { a: 1, b: 2 });
});

test("a whole view replaces all that was there", () => {
  const store = new Store();
  store.take({ to: 1, patch: { a: 1, b: 2 } });
  store.take({ to: 9, patch: { b: 3 } });
  assert.deepEqual(store.view, { b: 3 });
});

test("a watcher hears of its own part only, until it stops", () => {
  const store = new Store();
  /** @type {any[]} */
  const heard = [];
  const stop = store.watch((view) => view.people, (people) => heard.push(people));
  store.take({ to: 1, patch: { people: { remote: 1 } } });
  store.take({ from: 1, to: 2, patch: { stage: {} } });
  stop();
  store.take({ from: 2, to: 3, patch: { people: { remote: 2 } } });
  assert.deepEqual(heard, [undefined, { remote: 1 }]);
});
