// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { draftOf, freshId, wordsOf } from "../../web/static/panels/projectform.js";

/** @param {Record<string, string>} fields */
function form(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

test("languages that nobody wrote are left out", () => {
  assert.deepEqual(wordsOf(form({ "title.en": " Memorandum ", "title.zh": "备忘录", "title.de": "  " }), "title"), { en: "Memorandum", zh: "备忘录" });
  assert.equal(wordsOf(form({}), "sector"), null);
});

test("a language that says what English says is left to fall back to it", () => {
  assert.deepEqual(wordsOf(form({ "title.en": "Commerzbank", "title.zh": "商业银行", "title.de": "Commerzbank" }), "title"), { en: "Commerzbank", zh: "商业银行" });
  assert.deepEqual(wordsOf(form({ "title.de": "Leiterin", "title.fr": "Leiterin" }), "title"), { de: "Leiterin", fr: "Leiterin" });
});

test("a form is a draft with its parties in order, and the names beside it", () => {
  const { command, names } = draftOf(form({
    kind: "signing", item: "projects", round: "2", instrument: "paper", "title.en": "Project", "0.venue": "changzhou", "0.names.en": "Park", "0.name": " Li Na ",
    "0.title.de": "Leiterin", "1.venue": "frankfurt", "1.names.en": "Bank",
  }), "act-12", 2);
  assert.deepEqual(command, { type: "ceremony.draft", act: "act-12", kind: "signing", item: "projects", round: 2, instrument: "paper", title: { en: "Project" }, parties: [
    { venue: "changzhou", names: { en: "Park" }, title: { de: "Leiterin" } }, { venue: "frankfurt", names: { en: "Bank" } },
  ] });
  assert.deepEqual(names, ["Li Na", ""]);
});

test("a new act takes an id that is free", () => {
  assert.equal(freshId(/** @type {any} */ ([{ id: "memorandum" }, { id: "act-3" }])), "act-4");
});
