// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { CommonClock } from "../../web/static/lib/clock.js";
import { Socket } from "../../web/static/lib/socket.js";
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
        if (name === "clock") return new Promise(() => undefined);
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

async function given() {
  const line = new Line();
  const store = new Store();
  const socket = new Socket({ auth: { invite: "i", token: "t" }, room: "stage", store, clock: new CommonClock(), connect: () => line });
  await socket.opening;
  return { line, store, socket };
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
