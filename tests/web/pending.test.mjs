// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { Pending } from "../../web/static/lib/pending.js";

/** A tab's storage. @returns {any} */
function given() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return { getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ text) => kept.set(key, text), removeItem: (/** @type {string} */ key) => kept.delete(key), kept };
}

const message = { id: "1", room: "stage", command: { type: "stage.take" } };

test("what has no answer is there again after a reload, and only once", () => {
  const storage = given();
  new Pending("anna", storage, () => 0).add(message);
  assert.deepEqual(new Pending("anna", storage, () => 5_000).take(), { fresh: [message], old: [] });
  const second = new Pending("anna", storage, () => 6_000);
  second.delete("1");
  assert.deepEqual(new Pending("anna", storage, () => 7_000).take(), { fresh: [], old: [] });
  assert.equal(storage.kept.size, 0);
});

test("another person's commands are not sent", () => {
  const storage = given();
  new Pending("anna", storage, () => 0).add(message);
  assert.deepEqual(new Pending("ben", storage, () => 0).take().fresh, []);
});

test("what is older than two minutes is not sent but said", () => {
  const storage = given();
  new Pending("anna", storage, () => 0).add(message);
  assert.deepEqual(new Pending("anna", storage, () => 121_000).take(), { fresh: [], old: [message] });
  assert.equal(storage.kept.size, 0);
});

test("a browser without storage, or with rubbish in it, changes nothing", () => {
  const none = new Pending("anna", null);
  none.add(message);
  assert.deepEqual(none.take().fresh, [message]);
  const storage = given();
  storage.setItem("twinhall-pending anna", "{");
  assert.deepEqual(new Pending("anna", storage).take(), { fresh: [], old: [] });
});
