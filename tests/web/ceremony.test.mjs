// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { actsOf, bySector, instantsOf, markOf, may, nextTurn, onward, pictureOf, recordedItems } from "../../web/static/lib/ceremony.js";
import { beforeSeat, phaseOf } from "../../web/static/lib/pad.js";

/** @typedef {import("../../web/static/lib/ceremony.js").Act} Act */

/** @param {Partial<Act>} [facts] @returns {Act} */
function act(facts = {}) {
  const party = (/** @type {string} */ venue) => ({ names: { en: venue }, venue });
  return { id: "memorandum", order: 0, kind: "signing", round: 1, item: "memorandum", title: { en: "Memorandum" }, step: "armed", take: 1, parties: [party("changzhou"), party("frankfurt")], ...facts };
}

/** The pad's phase for its first party. @param {Act} now @param {number} now_ms @param {boolean} [given] */
const phase = (now, now_ms, given = false) => phaseOf({ act: now, party: 0 }, now_ms, given);

test("acts stand by the order that the server gave them", () => {
  const view = { ceremony: { acts: { b: act({ order: 1 }), a: act({ order: 0 }) } } };
  assert.deepEqual(actsOf(view).map(({ id }) => id), ["a", "b"]);
});

test("an item has a record of the whole once nothing of it is open any more", () => {
  const sealed = act({ step: "sealed", record: "ab" });
  assert.deepEqual(recordedItems([sealed, act({ id: "b", step: "void" }), act({ item: "projects", step: "void" })]), ["memorandum"]);
  assert.deepEqual(recordedItems([sealed, act({ id: "b", step: "sealed" })]), []);
  assert.deepEqual(recordedItems([sealed, act({ id: "b", step: "drafted" })]), []);
});

test("pads open by the clock, whenever the word of it came", () => {
  const now = act({ step: "armed", opens_ms: 5_000 });
  assert.equal(pictureOf(now, 4_999), "counting");
  assert.equal(pictureOf(now, 5_000), "open");
  assert.equal(pictureOf(act({ step: "signing", opens_ms: 5_000 }), 4_999), "counting");
});

test("a hold, paper and void each have a picture of their own", () => {
  assert.equal(pictureOf(act({ step: "signing", held: true, opens_ms: 1 }), 9), "held");
  assert.equal(pictureOf(act({ step: "signed", paper: true }), 9), "paper");
  assert.equal(pictureOf(act({ step: "exchanged", paper: true }), 9), "exchanged");
  assert.equal(pictureOf(act({ step: "void", voided: "absent" }), 9), "void");
});

test("each hall unveils at its own instant", () => {
  const now = act({ kind: "unveiling", step: "unveiled", opens_ms: 1, reveal_ms: { changzhou: 300, frankfurt: 320, remote: 250 } });
  assert.deepEqual(["changzhou", "frankfurt", "remote"].map((place) => pictureOf(now, 310, place)), ["unveiled", "veiled", "unveiled"]);
});

test("a desk offers the move that brings an act on, and the others as the kind has them", () => {
  assert.deepEqual(["drafted", "locked", "ready", "armed", "signed", "exchanged", "unveiled"].map((step) => onward(act({ step: /** @type {any} */ (step) }))), ["lock", "seat", "arm", "go", "exchange", "unveil", "seal"]);
  assert.equal(onward(act({ step: "signing", held: true })), "resume");
  assert.equal(onward(act({ step: "signed", kind: "initiative" })), "unveil");
  assert.equal(may("paper", act({ kind: "unveiling" })), false);
  assert.equal(may("go", act({ held: true })), false);
  assert.equal(may("retake", act({ step: "sealed" })), false);
});

test("the board's mark fills as an act is signed", () => {
  assert.deepEqual([act({ step: "ready" }), act(), act({ step: "signed" }), act({ step: "sealed" }), act({ step: "signed", paper: true }), act({ step: "void" })].map(markOf), ["open", "under-way", "done", "sealed", "paper", "void"]);
});

test("acts without a sector stand behind the sectors", () => {
  const groups = bySector([act(), act({ sector: { en: "Energy" } }), act({ sector: { en: "Energy" } })]);
  assert.deepEqual(groups.map(({ sector, acts }) => [sector?.en, acts.length]), [["Energy", 2], [undefined, 1]]);
});

test("a count is drawn at each of its seconds, and nothing when it is over", () => {
  assert.equal(nextTurn(0, [2_500]), 500);
  assert.equal(nextTurn(500, [2_500]), 1_000);
  assert.equal(nextTurn(0, [30_000]), 20_000);
  assert.equal(nextTurn(3_000, [2_500, undefined]), null);
  assert.deepEqual(instantsOf(act({ opens_ms: 7, reveal_ms: { remote: 9 } })), [7, 9]);
});

test("a pad goes from reading to the sealed record in one word each", () => {
  const confirmed = [{ names: {}, venue: "changzhou", confirmed: true }, act().parties[1]];
  assert.equal(phaseOf(null, 0, false), "nothing");
  assert.equal(phase(act({ step: "seated" }), 0), "read");
  assert.equal(phase(act({ step: "ready", parties: confirmed }), 0), "stand-by");
  assert.equal(phase(act({ parties: confirmed }), 0), "ready");
  assert.equal(phase(act({ parties: confirmed, opens_ms: 9 }), 0), "counting");
  assert.equal(phase(act({ parties: confirmed, opens_ms: 9 }), 9), "sign");
  assert.equal(phase(act({ parties: confirmed, opens_ms: 9 }), 9, true), "sending");
  assert.equal(phase(act({ kind: "unveiling", parties: confirmed, opens_ms: 9 }), 9), "press");
  const signed = [{ ...confirmed[0], signed_ms: 10 }, confirmed[1]];
  assert.equal(phase(act({ step: "signing", parties: signed, opens_ms: 9 }), 11), "signed");
  assert.equal(phase(act({ step: "signed", parties: signed }), 11), "done");
  assert.equal(phase(act({ step: "sealed", parties: signed }), 11), "sealed");
});

test("who never confirmed reads first, whatever the clock says", () => {
  assert.equal(phase(act({ opens_ms: 9 }), 20), "read");
});

test("before a seat lies what the person's own view names", () => {
  const view = { ceremony: { acts: { memorandum: act() } } };
  assert.equal(beforeSeat(view, { ceremony: { seat: "changzhou-1" } }), null);
  assert.equal(beforeSeat(view, { ceremony: { seat: "changzhou-1", act: "memorandum", party: 1 } })?.party, 1);
  assert.equal(beforeSeat(view, { ceremony: { seat: "changzhou-1", act: "gone", party: 1 } }), null);
});

test("what was signed at a seat, or is void, stays there until something else comes", () => {
  const view = { ceremony: { acts: { memorandum: act({ step: "sealed" }), next: act() } } };
  const last = { act: act({ step: "signed" }), party: 1 };
  assert.equal(beforeSeat(view, { ceremony: { seat: "changzhou-1" } }, last)?.act.step, "sealed");
  assert.equal(beforeSeat(view, { ceremony: { seat: "changzhou-1", act: "next", party: 0 } }, last)?.act.id, "next");
  assert.equal(beforeSeat({ ceremony: { acts: { memorandum: act({ step: "void" }) } } }, { ceremony: {} }, last)?.act.step, "void");
  assert.equal(beforeSeat({ ceremony: { acts: { memorandum: act({ step: "drafted" }) } } }, { ceremony: {} }, last), null);
});
