// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { audienceWords, sourceWords } from "../../web/static/panels/lines.js";

const TEXTS = /** @type {Record<string, string>} */ ({ "role.wall": "Wall", "role.operator": "Venue operator", "role.attendee": "Attendee", "word.comma": ", " });
const page = /** @type {any} */ ({
  t: (/** @type {string} */ key) => TEXTS[key] ?? key,
  words: (/** @type {Record<string, string> | undefined} */ said) => said?.en ?? "",
  me: { room: "stage" },
  store: { view: { conference: { venues: { changzhou: { city: { en: "Changzhou" } } }, sources: { "changzhou/camera-1": { name: { en: "Changzhou, hall" } } } } } },
});

test("a line is told by who has it and where, not by ids", () => {
  assert.equal(audienceWords(page, "stage:wall:changzhou"), "Wall, Changzhou");
  assert.equal(audienceWords(page, "stage:desk:operator:changzhou"), "Venue operator, Changzhou");
  assert.equal(audienceWords(page, "stage:desk:operator:"), "Venue operator");
  assert.equal(audienceWords(page, "stage:player:changzhou/camera-1"), "player, Changzhou, hall");
  assert.equal(audienceWords(page, "stage:attendee"), "Attendee");
});

test("another room, and whoever has no word of their own, keep their ids", () => {
  assert.equal(audienceWords(page, "dialogue:recorder"), "dialogue, recorder");
});

test("a slate has the name of its source, and an unknown source its id", () => {
  assert.equal(sourceWords(page, "slate/changzhou/camera-1"), "Changzhou, hall");
  assert.equal(sourceWords(page, "guest/7"), "guest/7");
});
