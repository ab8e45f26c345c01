import assert from "node:assert/strict";
import { test } from "node:test";

import { phrases } from "../../web/static/lib/phrases.js";

test("a Chinese name breaks between words, and a bracket stays with what it holds", () => {
  const pieces = phrases("中德（常州）创新产业园", "zh-Hans");
  assert.equal(pieces.join(""), "中德（常州）创新产业园");
  assert.ok(pieces.includes("（常州）"));
  assert.ok(pieces.includes("创新"));
});

test("a German compound may break where its words meet, and nowhere else", () => {
  assert.deepEqual(phrases("Wirtschaftsförderungsgesellschaft", "de"), ["Wirtschafts\u00adförderungs\u00adgesellschaft"]);
  assert.deepEqual(phrases("Commerzbank, Absichtserklärung", "de"), ["Commerzbank, Absichtserklärung"]);
});

test("names that spaces part stay whole", () => {
  assert.deepEqual(phrases("Changzhou Municipal People's Government", "en"), ["Changzhou Municipal People's Government"]);
});
