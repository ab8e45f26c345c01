// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { I18n, countdown, fill, inLanguage, pickLanguage, timeIn } from "../../web/static/lib/i18n.js";

test("the address comes before memory, memory before the browser, English last", () => {
  assert.equal(pickLanguage({ search: "?lang=fr", stored: "de", preferred: ["zh-CN"] }), "fr");
  assert.equal(pickLanguage({ stored: "de", preferred: ["zh-CN"] }), "de");
  assert.equal(pickLanguage({ preferred: ["fi", "zh-TW", "de"] }), "zh");
  assert.equal(pickLanguage({ search: "?lang=xx", preferred: ["fi"] }), "en");
});

test("texts are filled in and take the plural's form", () => {
  assert.equal(fill({ one: "{n} person", other: "{n} people" }, { n: 1 }, "en"), "1 person");
  assert.equal(fill({ one: "{n} person", other: "{n} people" }, { n: 3 }, "en"), "3 people");
  assert.equal(fill({ one: "x", other: "{n} 人" }, { n: 1 }, "zh-Hans"), "1 人");
  assert.equal(fill("{city} {unknown}", { city: "Minden" }, "de"), "Minden {unknown}");
});

test("the conference's words come in the page's language, else in one that is there, and say which", () => {
  assert.deepEqual(inLanguage({ zh_Hans: "常州", en: "Changzhou" }, "zh"), { text: "常州", lang: "zh-Hans" });
  assert.deepEqual(inLanguage({ zh: "常州", en: "Changzhou" }, "fr"), { text: "Changzhou", lang: "en" });
  assert.deepEqual(inLanguage({ zh: "常州" }, "fr"), { text: "常州", lang: "zh-Hans" });
});

test("a key without a text shows itself, so that it is found", () => {
  assert.equal(new I18n("de", async () => ({})).t("no.such"), "no.such");
});

test("a clock shows 24 hours in the zone, midnight as 00", () => {
  const at = Date.UTC(2022, 6, 7, 16, 0, 5);
  assert.equal(timeIn(at, "Asia/Shanghai"), "00:00");
  assert.equal(timeIn(at, "Europe/Berlin", true), "18:00:05");
});

test("a running time counts down, and up again with a minus when it is over", () => {
  assert.equal(countdown(247_000), "4:07");
  assert.equal(countdown(3_729_000), "1:02:09");
  assert.equal(countdown(0), "0:00");
  assert.equal(countdown(-61_000), "\u22121:01");
});
