// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { Asking, characters } from "../../web/static/lib/asking.js";
import { Store } from "../../web/static/lib/store.js";

/** A person's page in the hand of the test: what the socket tells, and the own view. */
function given({ waiting = /** @type {any[]} */ ([]), late = /** @type {any[]} */ ([]) } = {}) {
  const socket = /** @type {any} */ (Object.assign(new EventTarget(), { waiting, late }));
  const mine = new Store();
  let number = 0;
  const tell = (/** @type {string} */ name, /** @type {any} */ detail) => socket.dispatchEvent(new CustomEvent(name, { detail }));
  const asking = new Asking(/** @type {any} */ ({ socket, mine }));
  return { asking, tell, mine, owns: (/** @type {any} */ qa) => mine.take({ to: (number += 1), patch: { qa } }) };
}

const message = (/** @type {string} */ id, /** @type {any} */ command) => ({ id, command: { type: "qa.ask", ...command } });
const texts = (/** @type {Asking} */ asking) => asking.asks.map(({ text, certain }) => [text, certain]);

test("a question is there at once, certain at the answer, and gone when the own view has it", () => {
  const { asking, tell, owns } = given();
  tell("sent", message("1", { text: "Wann?" }));
  assert.deepEqual(texts(asking), [["Wann?", false]]);
  tell("answered", { message: message("1", { text: "Wann?" }), answer: { seq: 7 } });
  assert.deepEqual(texts(asking), [["Wann?", true]]);
  owns({ asked: { q1: { seq: 7, text: "Wann?", state: "submitted" } } });
  assert.deepEqual(texts(asking), []);
});

test("a question that an earlier page sent stands once, though the own view has it before the answer", () => {
  const { asking, tell, owns } = given({ waiting: [message("1", { text: " Wann  denn? " })] });
  assert.deepEqual(texts(asking), [[" Wann  denn? ", false]]);
  owns({ asked: { q1: { seq: 7, text: "Wann denn?", state: "submitted" } } });
  assert.deepEqual(texts(asking), []);
  tell("answered", { message: message("1", { text: " Wann  denn? " }), answer: { seq: 7 } });
  assert.deepEqual(texts(asking), []);
});

test("what the server refused is told with its words, also when that came before anybody listened", async () => {
  const refusal = { code: "question-too-soon" };
  const early = message("0", { text: "Früh?" });
  const { asking, tell } = given({ late: [{ message: early, refusal }] });
  /** @type {string[]} */
  const back = [];
  asking.addEventListener("refused", (event) => back.push(/** @type {CustomEvent} */ (event).detail.command.text));
  await Promise.resolve();
  const sent = message("1", { text: "Wann?" });
  tell("sent", sent);
  tell("answered", { message: sent, refusal });
  assert.deepEqual(back, ["Früh?", "Wann?"]);
  assert.deepEqual(texts(asking), []);
});

test("a vote counts at once, and is not counted twice when the views have it", () => {
  const { asking, tell, owns } = given();
  const vote = message("1", { type: "qa.vote", question: "q1", on: true });
  tell("sent", vote);
  assert.deepEqual([asking.votes("q1"), asking.ahead("q1")], [true, 1]);
  tell("answered", { message: vote, answer: { seq: 3 } });
  assert.deepEqual([asking.votes("q1"), asking.ahead("q1")], [true, 1]);
  owns({ votes: { q1: true } });
  assert.deepEqual([asking.votes("q1"), asking.ahead("q1")], [true, 0]);
});

test("a refused vote falls back, and of two the last one holds", () => {
  const { asking, tell, owns } = given();
  const [on, off] = [true, false].map((on, index) => message(String(index), { type: "qa.vote", question: "q1", on }));
  tell("sent", on);
  tell("sent", off);
  tell("answered", { message: on, answer: { seq: 3 } });
  tell("answered", { message: off, answer: { seq: 4 } });
  owns({ votes: {} });
  assert.deepEqual([asking.votes("q1"), asking.sent.size], [false, 0]);
  tell("sent", on);
  tell("answered", { message: on, refusal: { code: "voting-closed" } });
  assert.equal(asking.votes("q1"), false);
});

test("a changed text stands until the own view has it", () => {
  const { asking, tell, owns } = given();
  owns({ asked: { q1: { seq: 7, text: "Wan?", state: "submitted", can_edit: true } } });
  const edit = message("1", { type: "qa.edit", question: "q1", text: "Wann?" });
  tell("sent", edit);
  assert.equal(asking.edited("q1"), "Wann?");
  tell("answered", { message: edit, answer: { seq: 8 } });
  owns({ asked: { q1: { seq: 7, text: "Wann?", state: "submitted", can_edit: true } } });
  assert.equal(asking.edited("q1"), undefined);
});

test("characters are counted as a reader counts them", () => {
  assert.equal(characters(" e\u0301 👨‍👩‍👧 "), 3);
});
