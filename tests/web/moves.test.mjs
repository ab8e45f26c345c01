// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { alike, columnsOf, guestAct, isHeld, may, way } from "../../web/static/panels/moves.js";

const STATES = ["submitted", "in_review", "published", "shortlisted", "on_air", "answered", "declined", "merged", "withdrawn", "archived"];

/** @param {Partial<import("../../web/static/panels/moves.js").Row>} [facts] */
function row(facts = {}) {
  return { seq: 1, at_ms: 0, moved_ms: 0, rev: 1, text: "Why?", lang: "en", state: "submitted", ...facts };
}

/** A desk's view of these questions. @param {Record<string, ReturnType<typeof row>>} items @param {Record<string, number>} [votes] */
function view(items, votes = {}) {
  const of = (/** @type {string} */ state) => Object.keys(items).filter((id) => items[id].state === state);
  const columns = Object.fromEntries(STATES.map((state) => [state, { count: of(state).length, ids: of(state) }]));
  return { items, votes, columns, queue: of("published").reverse() };
}

test("who waits longest is reviewed first, whether somebody has it in hand or not", () => {
  const columns = columnsOf(view({ q1: row({ seq: 9 }), q2: row({ seq: 3, state: "in_review" }), q3: row({ seq: 5 }) }));
  assert.deepEqual(columns.review, { count: 3, ids: ["q2", "q3", "q1"] });
});

test("published questions stand in the queue's order, what is done by its last move", () => {
  const columns = columnsOf(view({
    q1: row({ state: "published" }), q2: row({ state: "published" }),
    q3: row({ state: "answered", moved_ms: 5 }), q4: row({ state: "declined", moved_ms: 9 }), q5: row({ state: "archived", moved_ms: 7 }),
  }));
  assert.deepEqual(columns.published.ids, ["q2", "q1"]);
  assert.deepEqual(columns.done, { count: 2, ids: ["q4", "q3"] });
});

test("a question in another's hands can only be taken over, and its asker met", () => {
  const held = row({ state: "published", claimed: { person: "chen" } });
  assert.equal(isHeld(held, "li"), true);
  assert.deepEqual(["publish", "decline", "merge", "shortlist", "air", "answer", "undo", "translate"].filter((act) => may(/** @type {any} */ (act), { ...held, undo: "submitted" }, "li")), []);
  assert.equal(may("release", held, "chen"), true);
  assert.equal(may("invite", held, "li"), true);
});

test("a question goes from review to the stage in two steps that each can be taken back", () => {
  assert.deepEqual(way(row(), "on_air"), ["publish", "air"]);
  assert.deepEqual(way(row({ state: "published", undo: "in_review" }), "review"), ["undo"]);
  assert.deepEqual(way(row({ state: "on_air", undo: "shortlisted" }), "shortlisted"), ["undo"]);
  assert.deepEqual(way(row({ state: "on_air", undo: "shortlisted" }), "published"), []);
});

test("leaving the board needs words: declined in review, answered afterwards", () => {
  assert.deepEqual(way(row(), "done"), ["decline"]);
  assert.deepEqual(way(row({ state: "shortlisted" }), "done"), ["answer"]);
});

test("a declined question is published again; a withdrawn one has no way back", () => {
  assert.deepEqual(way(row({ state: "declined", undo: "submitted" }), "published"), ["publish"]);
  assert.deepEqual(way(row({ state: "withdrawn" }), "published"), []);
});

test("the key for the stage invites, waits for the answer, brings, sends back", () => {
  const steps = [undefined, "invited", "agreed", "on_stage", "sent_back", "refused"];
  assert.deepEqual(steps.map((guest) => guestAct(row({ state: "on_air", guest }))), ["invite", null, "bring", "send_back", "invite", "invite"]);
  assert.equal(guestAct(row()), null);
});

test("the question most alike is offered first for merging, in every script, and never itself", () => {
  const qa = view({
    q1: row({ text: "中小企业多久能获得许可？" }),
    q2: row({ text: "两地培训项目今年会扩大吗？", state: "published" }),
    q3: row({ text: "中小企业获得许可要多久？", state: "published" }),
  }, { q2: 40 });
  assert.deepEqual(alike(qa, "q1"), ["q3", "q2"]);
});
