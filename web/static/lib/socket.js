// @ts-check
/** The page's one socket: commands out (each takes effect once), views in, the clock kept. */

import { keepClock } from "./clock.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./clock.js").CommonClock} CommonClock */
/** @typedef {"connecting" | "live" | "reconnecting" | "closed"} SocketState */

/** How long an answer may take before the command goes out again, ms. */
const ANSWER_MS = 5_000;

/** The server said no: a code, and what fills its words. */
export class Refused extends Error {
  /** @param {string} code @param {Record<string, string | number>} [params] */
  constructor(code, params = {}) {
    super(code);
    this.code = code;
    this.params = params;
  }
}

/** 128 random bits as a UUID; crypto.randomUUID is missing on plain HTTP. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [8, 12, 16, 20, 32].map((end, index) => hex.slice([0, 8, 12, 16, 20][index], end)).join("-");
}

/**
 * Events: `state` (detail SocketState), `epoch` (detail {epoch}), `ended` (detail {session, reason}), `bye` (detail {reason}).
 */
export class Socket extends EventTarget {
  /**
   * @param {{auth: {invite: string, token: string}, room: string, store: Store, clock: CommonClock,
   *   connect?: (options: object) => any}} options `connect` opens a Socket.IO client; tests give their own
   */
  constructor({ auth, room, store, clock, connect }) {
    super();
    this.room = room;
    this.store = store;
    this.clock = clock;
    /** @type {SocketState} */
    this.state = "connecting";
    this.leaving = false;
    /** @type {Map<string, {message: object, resolve: (answer: any) => void, reject: (refusal: Refused) => void}>} */
    this.unanswered = new Map();
    /** @type {(() => void) | null} */
    this.stopClock = null;
    this.opening = open(auth, connect).then((io) => this.#listen(io));
  }

  /**
   * Sends a command; resolves with `{seq}` or rejects with Refused. While the line is down it waits and
   * goes out again with the same id, so it takes effect exactly once.
   * @param {{type: string} & Record<string, any>} command @param {{room?: string | null}} [options] room null: the conference's
   * @returns {Promise<{seq: number}>}
   */
  command(command, { room = this.room } = {}) {
    const id = uuid();
    const message = room === null ? { id, command } : { id, room, command };
    return new Promise((resolve, reject) => {
      this.unanswered.set(id, { message, resolve, reject });
      if (this.state === "live") this.#send(id);
    });
  }

  /** Sends what may be lost. @param {{type: string} & Record<string, any>} signal */
  signal(signal) {
    if (this.state === "live") this.io.volatile.emit("signal", signal);
  }

  close() {
    this.leaving = true;
    this.io?.disconnect();
    this.#turn("closed");
  }

  /** @param {any} io */
  #listen(io) {
    this.io = io;
    io.on("connect", () => this.#connected());
    io.on("disconnect", (/** @type {string} */ reason) => this.#disconnected(reason));
    io.on("connect_error", (/** @type {Error} */ error) => this.#failed(error));
    io.on("view", (/** @type {any} */ message) => this.store.take(message) || io.emit("resync", () => undefined));
    for (const name of ["epoch", "ended"]) io.on(name, (/** @type {any} */ detail) => this.#tell(name, detail));
    io.on("bye", (/** @type {any} */ detail) => {
      this.leaving = true;
      this.#tell("bye", detail);
      this.close();
    });
  }

  #connected() {
    this.stopClock ??= keepClock(this.clock, (t0) => this.io.timeout(2_000).emitWithAck("clock", { t0 }));
    this.#turn("live");
    for (const id of this.unanswered.keys()) this.#send(id);
  }

  /** @param {string} reason */
  #disconnected(reason) {
    this.stopClock?.();
    this.stopClock = null;
    if (this.leaving) return;
    this.#turn("reconnecting");
    if (reason === "io server disconnect") setTimeout(() => this.leaving || this.io.connect(), 500);
  }

  /** The server is away (Socket.IO tries again by itself), or it refused us. @param {Error} error */
  #failed(error) {
    if (this.io.active) return;
    if (error.message.startsWith("link-") || error.message === "not-entered") {
      this.leaving = true;
      this.#tell("bye", { reason: error.message });
      this.close();
    } else {
      setTimeout(() => this.leaving || this.io.connect(), 2_000);
    }
  }

  /** @param {string} id */
  async #send(id) {
    const waiting = this.unanswered.get(id);
    if (!waiting) return;
    try {
      const answer = await this.io.timeout(ANSWER_MS).emitWithAck("command", waiting.message);
      if (!this.unanswered.delete(id)) return;
      if (answer.refused) waiting.reject(new Refused(answer.refused, answer.params));
      else waiting.resolve(answer);
    } catch {
      if (this.state === "live") this.#send(id);
    }
  }

  /** @param {SocketState} state */
  #turn(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell("state", state);
  }

  /** @param {string} name @param {any} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {{invite: string, token: string}} auth @param {((options: object) => any)} [connect] */
async function open(auth, connect) {
  const options = {
    auth,
    transports: ["websocket"],
    reconnectionDelay: 200,
    reconnectionDelayMax: 1_000,
    randomizationFactor: 0.5,
    timeout: 4_000,
  };
  if (connect) return connect(options);
  const { io } = await import("../vendor/socket.io.esm.min.js");
  return io(options);
}
