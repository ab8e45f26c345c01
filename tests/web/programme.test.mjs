// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { following, itemsOf, running } from "../../web/static/lib/programme.js";

const VIEW = {
  conference: {
    items: {
      second: { order: 1, start: "2022-07-07T07:10:00Z", end: "2022-07-07T07:20:00Z", title: { en: "Second" }, kind: "address" },
      first: { order: 0, start: "2022-07-07T07:00:00Z", end: "2022-07-07T07:10:00Z", title: { en: "First" }, kind: "opening" },
    },
  },
};
const at = (/** @type {string} */ time) => Date.parse(`2022-07-07T${time}:00Z`);
const items = itemsOf(VIEW);

test("items stand in their order", () => assert.deepEqual(items.map(({ id }) => id), ["first", "second"]));

test("without a call the plan says what runs and what comes", () => {
  const now = running(VIEW, items, at("07:05"));
  assert.equal(now.item?.id, "first");
  assert.equal(following(now, items, at("07:05"))?.id, "second");
  assert.equal(running(VIEW, items, at("06:00")).item, null);
  assert.equal(following(running(VIEW, items, at("06:00")), items, at("06:00"))?.id, "first");
  assert.equal(following(running(VIEW, items, at("08:00")), items, at("08:00")), null);
});

test("what the director called runs for its planned length from the call on", () => {
  const called = { ...VIEW, stage: { item: { id: "second", started_ms: at("08:00") } } };
  const now = running(called, items, at("08:03"));
  assert.deepEqual([now.item?.id, now.called, now.end_ms], ["second", true, at("08:10")]);
});
