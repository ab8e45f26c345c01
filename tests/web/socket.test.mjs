// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { CommonClock } from "../../web/static/lib/clock.js";
import { Pending } from "../../web/static/lib/pending.js";
import { Refused, Socket } from "../../web/static/lib/socket.js";
import { Store } from "../../web/static/lib/store.js";

/** A Socket.IO client in the hand of the test: `answers` are what emits with acks get, in order. */
class Line {
  constructor() {
    /** @type {Map<string, (detail: any) => void>} */
    this.heard = new Map();
    /** @type {any[]} */
    this.sent = [];
    /** @type {((message: any) => Promise<any>)} */
    this.answer = async () => ({ seq: 1 });
    /** @type {() => Promise<any>} */
    this.clock = () => new Promise(() => undefined);
    this.closed = 0;
    this.io = { engine: { close: () => (this.closed += 1) } };
    this.active = true;
    this.volatile = { emit: (/** @type {string} */ name, /** @type {any} */ detail) => this.sent.push([name, detail]) };
  }
  on(/** @type {string} */ name, /** @type {(detail: any) => void} */ react) {
    this.heard.set(name, react);
  }
  emit(/** @type {string} */ name) {
    this.sent.push([name]);
  }
  timeout() {
    return {
      emitWithAck: (/** @type {string} */ name, /** @type {any} */ message) => {
        if (name === "clock") return this.clock();
        this.sent.push([name, message]);
        return this.answer(message);
      },
    };
  }
  disconnect() {}
  happens(/** @type {string} */ name, /** @type {any} */ detail = undefined) {
    this.heard.get(name)?.(detail);
  }
}

/** A tab's storage. @returns {any} */
function storageOf() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return { getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ text) => kept.set(key, text), removeItem: (/** @type {string} */ key) => kept.delete(key) };
}

async function given(storage = storageOf()) {
  const line = new Line();
  const store = new Store();
  const page = { visible: true, shown: /** @type {any} */ (null) };
  const socket = new Socket({
    auth: { invite: "i", token: "t" }, room: "stage", store, clock: new CommonClock(), pending: new Pending("anna", storage), visible: () => page.visible,
    connect: (/** @type {any} */ { auth }) => {
      page.shown = () => {
        auth((/** @type {any} */ told) => (page.shown.last = told));
        return page.shown.last;
      };
      return line;
    },
  });
  await socket.opening;
  return { line, store, socket, page, storage };
}

test("a command given while the line is down goes out with one id when it is back", async (t) => {
  const { line, socket } = await given();
  t.after(() => socket.close());
  const done = socket.command({ type: "stage.take" });
  assert.deepEqual(line.sent, []);
  line.answer = () => new Promise(() => undefined);
  line.happens("connect");
  line.happens("disconnect", "transport close");
  line.answer = async () => ({ seq: 7 });
  line.happens("connect");
  assert.deepEqual(await done, { seq: 7 });
  assert.equal(line.sent.length, 2);
  assert.deepEqual(line.sent[0], line.sent[1]);
  line.happens("disconnect", "transport close");
});

test("a refusal comes back as a code with what fills its words", async (t) => {
  const { line, socket } = await given();
  t.after(() => socket.close());
  line.answer = async () => ({ refused: "source-unknown", params: { source: "x" } });
  line.happens("connect");
  await assert.rejects(socket.command({ type: "stage.take" }), { code: "source-unknown", params: { source: "x" } });
  line.happens("disconnect", "transport close");
});

/** What emits with acks get, one after the other; the last one for ever. @param {Line} line @param {any[]} answers */
function answering(line, ...answers) {
  line.answer = async () => (answers.length > 1 ? answers.shift() : answers[0]);
}

/** The pause after "not now" is over. @param {any} t */
async function again(t) {
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(1_000);
}

test("what a busy server refused goes out again under its id until it is done", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { line, socket } = await given();
  t.after(() => socket.close());
  answering(line, { refused: "busy", params: {} }, { refused: "busy", params: {} }, { seq: 7 });
  line.happens("connect");
  const done = socket.command({ type: "stage.take" });
  await again(t);
  await again(t);
  assert.deepEqual(await done, { seq: 7 });
  assert.equal(new Set(line.sent.filter(([name]) => name === "command").map(([, message]) => message.id)).size, 1);
  assert.equal(line.sent.filter(([name]) => name === "command").length, 3);
  line.happens("disconnect", "transport close");
});

test("while nobody knows what became of a command it is not taken for refused", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { line, socket } = await given();
  t.after(() => socket.close());
  line.answer = () => new Promise(() => undefined);
  line.happens("connect");
  const done = socket.command({ type: "stage.take" });
  line.happens("disconnect", "transport close");
  answering(line, { refused: "redis-away", params: {} }, { seq: 7 });
  line.happens("connect");
  await again(t);
  assert.deepEqual(await done, { seq: 7 });
  answering(line, { refused: "redis-away", params: {} });
  await assert.rejects(socket.command({ type: "stage.take" }), { code: "redis-away" });
  line.happens("disconnect", "transport close");
});

test("a view that leaves a gap asks for the whole again", async (t) => {
  const { line, store, socket } = await given();
  t.after(() => socket.close());
  line.happens("view", { to: 3, patch: { a: 1 } });
  line.happens("view", { from: 4, to: 5, patch: { a: 2 } });
  assert.deepEqual(store.view, { a: 1 });
  assert.deepEqual(line.sent.at(-1), ["resync"]);
});

test("a refused link closes for good and says why", async () => {
  const { line, socket } = await given();
  /** @type {any[]} */
  const said = [];
  socket.addEventListener("bye", (event) => said.push(/** @type {CustomEvent} */ (event).detail));
  line.active = false;
  line.happens("connect_error", new Error("link-revoked"));
  assert.deepEqual(said, [{ reason: "link-revoked" }]);
  assert.equal(socket.state, "closed");
});

test("a command without an answer goes out again after a reload, under its id, and the answer is told", async (t) => {
  const before = await given();
  before.line.answer = () => new Promise(() => undefined);
  before.line.happens("connect");
  before.socket.command({ type: "stage.take" });
  before.line.happens("disconnect", "transport close");

  const after = await given(before.storage);
  t.after(() => after.socket.close());
  /** @type {any[]} */
  const told = [];
  after.socket.addEventListener("late", (event) => told.push(/** @type {CustomEvent} */ (event).detail));
  after.line.happens("connect");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(after.line.sent.filter(([name]) => name === "command"), before.line.sent.filter(([name]) => name === "command"));
  assert.deepEqual(told.map(({ message, answer }) => [message.command.type, answer]), [["stage.take", { seq: 1 }]]);
  const third = await given(before.storage);
  t.after(() => third.socket.close());
  third.line.happens("connect");
  assert.deepEqual(third.line.sent, []);
  for (const { line } of [after, third]) line.happens("disconnect", "transport close");
});

test("a withdrawn link ends what waits, and keeps nothing of it", async () => {
  const { line, socket, storage } = await given();
  const waiting = socket.command({ type: "stage.take" });
  line.happens("bye", { reason: "revoked" });
  await assert.rejects(waiting, { code: "not-connected" });
  assert.deepEqual(new Pending("anna", storage).take().fresh, []);
});

test("a line that does not answer after a sleep is closed, one that does is kept", async (t) => {
  const { line, socket } = await given();
  t.after(() => socket.close());
  line.clock = async () => ({ t1: 0, t2: 0 });
  line.happens("connect");
  await socket.prove();
  assert.equal(line.closed, 0);
  line.clock = async () => {
    throw new Error("no answer in time");
  };
  await socket.prove();
  assert.equal(line.closed, 1);
  line.happens("disconnect", "transport close");
});

test("a server that hangs up restarts; a line that falls silent is lost", async (t) => {
  const { line, socket } = await given();
  t.after(() => socket.close());
  line.happens("connect");
  line.happens("disconnect", "transport close");
  assert.equal(socket.restarting, true);
  line.happens("connect");
  assert.equal(socket.restarting, false);
  line.happens("disconnect", "ping timeout");
  assert.equal(socket.restarting, false);
});

test("the door is told whether somebody looks and how long the page has been here; later changes are signalled", async (t) => {
  const { line, socket, page } = await given();
  t.after(() => socket.close());
  page.visible = false;
  assert.deepEqual(page.shown(), { invite: "i", token: "t", visible: false, age_s: 0 });
  line.happens("connect");
  assert.deepEqual(line.sent, []);
  page.visible = true;
  socket.look();
  socket.look();
  assert.deepEqual(line.sent, [["signal", { type: "presence", visible: true }]]);
  assert.ok(page.shown().age_s > 0);
  line.happens("disconnect", "transport close");
});

test("only another relay than before is news to the page's sessions", async (t) => {
  const { line, socket } = await given();
  t.after(() => socket.close());
  /** @type {any[]} */
  const said = [];
  socket.addEventListener("epoch", (event) => said.push(/** @type {CustomEvent} */ (event).detail));
  for (const epoch of ["a", "a", "b", "b"]) line.happens("epoch", { epoch });
  assert.deepEqual(said, [{ epoch: "b" }]);
});

/** The page goes: its line, and the clock that is kept by it. @param {{line: Line, socket: Socket}} given */
function leave({ line, socket }) {
  line.happens("disconnect", "transport close");
  socket.close();
}

test("each command is told when it goes out and when it is answered, one of an earlier page too", async (t) => {
  const { line, socket, storage } = await given();
  t.after(() => leave({ line, socket }));
  const told = /** @type {any[]} */ ([]);
  socket.addEventListener("sent", (event) => told.push(["sent", /** @type {CustomEvent} */ (event).detail.command.type]));
  socket.command({ type: "qa.ask" });
  assert.deepEqual(told, [["sent", "qa.ask"]]);
  const again = await given(storage);
  t.after(() => leave(again));
  assert.deepEqual(again.socket.waiting.map(({ command }) => command.type), ["qa.ask"]);
  again.line.answer = async () => ({ refused: "question-empty", params: {} });
  const answered = new Promise((resolve) => again.socket.addEventListener("answered", (event) => resolve(/** @type {CustomEvent} */ (event).detail), { once: true }));
  again.line.happens("connect");
  const { message, refusal } = await answered;
  assert.deepEqual([message.command.type, refusal.code, again.socket.waiting], ["qa.ask", "question-empty", []]);
});

test("what a hall's screen shows goes beside the command", async (t) => {
  const { line, socket } = await given();
  t.after(() => leave({ line, socket }));
  line.happens("connect");
  await socket.command({ type: "qa.show_presence" }, { code: "ABC123" });
  assert.equal(line.sent.find(([name]) => name === "command")[1].code, "ABC123");
});

test("a person's own view is kept beside the audience's", async (t) => {
  const { line, socket } = await given();
  t.after(() => leave({ line, socket }));
  line.happens("mine", { to: 3, patch: { qa: { used: 1 } } });
  line.happens("mine", { from: 3, to: 4, patch: { qa: { used: 2 } } });
  assert.deepEqual(socket.mine.view, { qa: { used: 2 } });
  line.happens("mine", { from: 9, to: 10, patch: {} });
  assert.deepEqual(line.sent.at(-1), ["resync"]);
});

test("what is asked of the server is found, refused, or cannot be asked while the line is down", async (t) => {
  const { line, socket } = await given();
  t.after(() => leave({ line, socket }));
  await assert.rejects(socket.read({ type: "qa.find" }), { code: "not-connected" });
  line.happens("connect");
  line.answer = async () => ({ found: { ids: ["q1"] } });
  assert.deepEqual(await socket.read({ type: "qa.find" }), { ids: ["q1"] });
  line.answer = async () => ({ refused: "query-unreadable" });
  await assert.rejects(socket.read({ type: "qa.find" }), { code: "query-unreadable" });
});

test("what the node cannot do now may be asked again, what the link does not open may not", () => {
  for (const code of ["node-unreachable", "busy", "too-many-requests", "journal-full", "redis-away", "unexpected"]) {
    assert.equal(new Refused(code).passing, true, code);
  }
  for (const code of ["link-unknown", "link-revoked", "link-foreign", "not-entered", "origin-foreign", "name-empty"]) {
    assert.equal(new Refused(code).passing, false, code);
  }
});
