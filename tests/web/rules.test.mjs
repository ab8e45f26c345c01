// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { read, same } from "../../web/static/panels/rules.js";

/** A form as a browser reads it: boxes that are not ticked are absent. @param {Record<string, string | string[]>} fields */
function form(fields) {
  const data = new FormData();
  for (const [name, values] of Object.entries(fields)) for (const value of [values].flat()) data.append(name, value);
  return data;
}

const DEFAULTS = { moderation: "before", anonymous: true, cooldown_s: 20, cap: 10, languages: [], hide_counts_s: 0, group_votes: true };

test("what is not ticked is off, and minutes are sent as seconds", () => {
  const rules = read(form({ moderation: "after", cooldown_s: "0", cap: "3", hide_counts_min: "5", languages: ["zh", "de"] }));
  assert.deepEqual(rules, { moderation: "after", anonymous: false, cooldown_s: 0, cap: 3, languages: ["zh", "de"], hide_counts_s: 300, group_votes: false });
});

test("a form that says what holds already needs no saving", () => {
  const rules = read(form({ moderation: "before", anonymous: "on", group_votes: "on", cooldown_s: "20", cap: "10", hide_counts_min: "0" }));
  assert.equal(same(rules, DEFAULTS), true);
  assert.equal(same({ ...rules, languages: ["zh"] }, DEFAULTS), false);
  assert.equal(same(rules, undefined), false);
});
