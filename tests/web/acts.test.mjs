// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { Refused } from "../../web/static/lib/socket.js";
import { Acts } from "../../web/static/panels/acts.js";

/** A desk whose commands are kept; each is answered with the next number, or refused. */
function desk() {
  const items = /** @type {Record<string, any>} */ ({ q1: { state: "submitted", rev: 4 }, q2: { state: "published", rev: 5 } });
  const sent = /** @type {any[]} */ ([]);
  const told = /** @type {any[]} */ ([]);
  let seq = 10;
  let refusal = "";
  const send = async (/** @type {any} */ command) => {
    sent.push(command);
    if (refusal) throw new Refused(refusal);
    const id = command.question;
    items[id] = { ...items[id], rev: ++seq };
    return { seq };
  };
  const acts = new Acts(/** @type {any} */ ({ me: { person: "li" }, store: { view: { qa: { items } } }, send }));
  for (const name of ["done", "refused"]) acts.addEventListener(name, (event) => told.push([name, /** @type {CustomEvent} */ (event).detail]));
  return { acts, items, sent, told, refuse: (/** @type {string} */ code) => (refusal = code) };
}

test("the question is decided as it was read, not as it became meanwhile", async () => {
  const { acts, sent } = desk();
  await acts.do("decline", "q1", { reason: "unclear" }, 3);
  await acts.do("publish", "q2");
  assert.deepEqual(sent, [
    { type: "qa.decline", question: "q1", seen: 3, reason: "unclear" },
    { type: "qa.publish", question: "q2", seen: 5 },
  ]);
});

test("from review to the stage is two commands; a refused first stops the second", async () => {
  const { acts, sent, refuse } = desk();
  await acts.bring("q1", "on_air");
  assert.deepEqual(sent.map(({ type }) => type), ["qa.publish", "qa.air"]);
  sent.length = 0;
  refuse("question-changed");
  await acts.bring("q1", "on_air");
  assert.deepEqual(sent.map(({ type }) => type), ["qa.publish"]);
});

test("undo takes the desk's own moves back, the last first", async () => {
  const { acts, sent } = desk();
  await acts.do("publish", "q1");
  await acts.do("shortlist", "q2");
  await acts.undo();
  await acts.undo();
  await acts.undo();
  assert.deepEqual(sent.slice(2), [{ type: "qa.undo", question: "q2" }, { type: "qa.undo", question: "q1" }]);
});

test("both steps of one question are taken back one after the other", async () => {
  const { acts, sent } = desk();
  await acts.bring("q1", "shortlisted");
  await acts.undo();
  await acts.undo();
  assert.deepEqual(sent.map(({ type }) => type), ["qa.publish", "qa.shortlist", "qa.undo", "qa.undo"]);
});

test("undo leaves alone what somebody else moved since, and says so", async () => {
  const { acts, items, sent, told } = desk();
  await acts.do("publish", "q1");
  items.q1.rev = 99;
  await acts.undo();
  assert.equal(sent.length, 1);
  assert.equal(told.at(-1)[1].refusal.code, "question-moved-since");
});

test("a refused move is told with its question and cannot be taken back", async () => {
  const { acts, told, refuse } = desk();
  refuse("question-claimed");
  assert.equal(await acts.do("air", "q2"), false);
  assert.deepEqual([told[0][0], told[0][1].id, told[0][1].refusal.code, acts.last], ["refused", "q2", "question-claimed", undefined]);
});

test("a question is busy until its act is answered", async () => {
  const { acts } = desk();
  const air = acts.do("air", "q2");
  assert.equal(acts.busy.has("q2"), true);
  await air;
  assert.equal(acts.busy.has("q2"), false);
});
