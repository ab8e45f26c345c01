// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { languageName, questionsOf, readIn, rulesOf, stateWords, steady } from "../../web/static/lib/questions.js";

const WORDS = /** @type {Record<string, string>} */ ({
  "question.state.declined": "not taken", "question.reason.off_topic": "off topic", "question.state.answered": "answered",
  "question.how.live": "answered live", "question.state.merged": "joined", "question.state.on_air": "on air",
});
const page = /** @type {any} */ ({ t: (/** @type {string} */ key, /** @type {any} */ { label = "", text = "" } = {}) => (key === "word.labelled" ? `${label}: ${text}` : WORDS[key]) });
const asked = { text: "Wann?", lang: "de" };
const translated = { ...asked, texts: { "zh-Hans": "何时?", fr: "Quand?" } };

test("a reader gets the original in the own language, alone", () => {
  assert.deepEqual(readIn(translated, "de-AT"), { first: asked, beside: null });
});

test("a reader of another language gets the reviewed translation, and the original beside it", () => {
  assert.deepEqual(readIn(translated, "zh-Hans"), { first: { text: "何时?", lang: "zh-Hans" }, beside: asked });
});

test("without a translation for the reader the original stands alone", () => {
  assert.deepEqual(readIn(translated, "en"), { first: asked, beside: null });
});

test("on a screen of two languages another one stands beside the reader's own", () => {
  assert.deepEqual(readIn(translated, "de", { two: true }).beside, { text: "何时?", lang: "zh-Hans" });
  assert.deepEqual(readIn(translated, "en", { two: true }).beside, { text: "何时?", lang: "zh-Hans" });
  assert.equal(readIn(asked, "en", { two: true }).beside, null);
});

test("a language is named in the reader's own, and by its tag where it has no name", () => {
  assert.equal(languageName("de", "fr"), "allemand");
  assert.equal(languageName("not a tag", "fr"), "not a tag");
});

test("rows come in the order of the ids, and a row that is not there is left out", () => {
  const qa = { items: { q1: { text: "1" }, q2: { text: "2" } } };
  assert.deepEqual(questionsOf(qa, ["q2", "q9", "q1"]).map(({ id, text }) => id + text), ["q22", "q11"]);
  assert.deepEqual(questionsOf(undefined, undefined), []);
});

test("a question's state says why and how", () => {
  assert.equal(stateWords(page, { state: "declined", reason: "off_topic" }), "not taken: off topic");
  assert.equal(stateWords(page, { state: "answered", how: "live" }), "answered live");
  assert.equal(stateWords(page, { state: "merged", into_state: "on_air" }), "joined: on air");
});

test("a row that is shown keeps its place, a new one comes behind, a gone one goes", () => {
  assert.deepEqual(steady(["q1", "q2", "q3"], ["q4", "q3", "q1"]), ["q1", "q3", "q4"]);
});

test("where an organiser said nothing the defaults hold", () => {
  assert.deepEqual([rulesOf({ rules: { cap: 3 } }).cap, rulesOf(undefined).cooldown_s], [3, 20]);
});
