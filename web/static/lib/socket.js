// @ts-check
/** The page's one socket: commands out (each takes effect once), views in, the clock kept. */

import { keepClock } from "./clock.js";
import { Pending } from "./pending.js";
import { Store } from "./store.js";

/** @typedef {import("./pending.js").Message} Message */
/** @typedef {import("./clock.js").CommonClock} CommonClock */
/** @typedef {{message: Message, answer?: {seq: number}, refusal?: Refused}} Late */
/** @typedef {"connecting" | "live" | "reconnecting" | "closed"} SocketState */

/** How long an answer may take before the command goes out again, ms. */
const ANSWER_MS = 5_000;
/** So long after "not now" a command goes out again by itself, ms. */
const AGAIN_MS = 1_000;
/** A line that may have died unseen (a sleep, another network) must answer within this, ms. */
const PROOF_MS = 2_000;
/** A server that hung up while the network is there restarts; after this long it is simply away, ms. */
const RESTART_MS = 10_000;

/** The server said no: a code, and what fills its words. */
export class Refused extends Error {
  /** @param {string} code @param {Record<string, string | number>} [params] */
  constructor(code, params = {}) {
    super(code);
    this.code = code;
    this.params = params;
  }

  /** Whether the same may do better in a moment: the node is away, has too much to do, or can store nothing now. */
  get passing() {
    return /^(node-unreachable|busy|too-many-requests|too-slow|unexpected|(journal|redis)-.+)$/.test(this.code);
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
 * Events: `state` (detail SocketState), `epoch` (detail {epoch}), `ended` (detail {session, reason}), `sound` (detail {on}),
 * `ink` (detail Ink of lib/inks.js): strokes as they are drawn,
 * `bye` (detail {reason}), `late` (detail {message, answer, refusal}): what became of a command that was sent before a reload,
 * `sent` (detail message), `answered` (detail {message, answer, refusal}): of every command.
 */
export class Socket extends EventTarget {
  /**
   * @param {{auth: {invite: string, token: string}, room: string, store: Store, mine?: Store, clock: CommonClock, pending?: Pending,
   *   visible?: () => boolean, connect?: (options: object) => any}} options `store` takes the audience's view, `mine` the person's own;
   *   `visible`: whether somebody looks; `connect` opens a Socket.IO client; tests give their own
   */
  constructor({ auth, room, store, mine = new Store(), clock, pending = new Pending(auth.invite), visible = () => true, connect }) {
    super();
    this.pending = pending;
    this.visible = visible;
    this.room = room;
    this.store = store;
    this.mine = mine;
    this.clock = clock;
    /** @type {SocketState} */
    this.state = "connecting";
    this.leaving = false;
    /** When the line was lost, `performance.now()`; and whether the server hung up itself. */
    this.lost_ms = 0;
    this.hungUp = false;
    /** When this page was first in; it counts for who sounds in a hall. @type {number | null} */
    this.since_ms = null;
    this.toldVisible = true;
    this.epoch = "";
    /** What `late` told so far, for those who come to listen later. @type {Late[]} */
    this.late = [];
    /** `tried`: whether it went out before. @type {Map<string, {message: Message, resolve: (answer: any) => void, reject: (refusal: Refused) => void, tried: boolean, timer?: any}>} */
    this.unanswered = new Map();
    /** @type {(() => void) | null} */
    this.stopClock = null;
    this.#resume();
    this.opening = open((tell) => tell(this.#shown(auth)), connect).then((io) => this.#listen(io));
  }

  /** What the page shows at the server's door. @param {{invite: string, token: string}} auth */
  #shown(auth) {
    this.toldVisible = this.visible();
    return { ...auth, visible: this.toldVisible, age_s: this.since_ms === null ? 0 : (performance.now() - this.since_ms) / 1_000 };
  }

  /** Commands that an earlier page of this tab sent and heard nothing of. */
  #resume() {
    const { fresh, old } = this.pending.take();
    const tell = (/** @type {Late} */ detail) => {
      this.late.push(detail);
      this.#tell("late", detail);
    };
    for (const message of fresh) {
      this.unanswered.set(message.id, { message, resolve: (answer) => tell({ message, answer }), reject: (refusal) => tell({ message, refusal }), tried: true });
    }
    for (const message of old) queueMicrotask(() => tell({ message, refusal: new Refused("too-late") }));
  }

  /** The commands that have no answer yet, in their order, those of an earlier page of this tab too. @returns {Message[]} */
  get waiting() {
    return [...this.unanswered.values()].map(({ message }) => message);
  }

  /** Whether the server itself hung up a moment ago: it restarts, as far as we can tell. */
  get restarting() {
    return this.state === "reconnecting" && this.hungUp && performance.now() - this.lost_ms < RESTART_MS;
  }

  /**
   * Sends a command; resolves with `{seq}` or rejects with Refused. While the line is down it waits and
   * goes out again with the same id, so it takes effect exactly once.
   * @param {{type: string} & Record<string, any>} command
   * @param {{room?: string | null, code?: string}} [options] room null: the conference's; code: what a hall's screen shows
   * @returns {Promise<{seq: number}>}
   */
  command(command, { room = this.room, code } = {}) {
    const id = uuid();
    const message = { id, ...(room !== null && { room }), ...(code && { code }), command };
    this.pending.add(message);
    return new Promise((resolve, reject) => {
      this.unanswered.set(id, { message, resolve, reject, tried: false });
      this.#tell("sent", message);
      if (this.state === "live") this.#send(id);
    });
  }

  /**
   * Asks what the view does not hold; changes nothing. Rejects with Refused: the server's, or `not-connected`.
   * @param {{type: string} & Record<string, any>} query @returns {Promise<any>} what was found
   */
  async read(query) {
    if (this.state !== "live") throw new Refused("not-connected");
    const answer = await this.io.timeout(ANSWER_MS).emitWithAck("read", { room: this.room, query }).catch(() => ({ refused: "not-connected" }));
    if (answer.refused) throw new Refused(answer.refused, answer.params);
    return answer.found;
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

  /** Somebody looks now, or no longer. */
  look() {
    if (this.state !== "live" || this.visible() === this.toldVisible) return;
    this.toldVisible = this.visible();
    this.signal({ type: "presence", visible: this.toldVisible });
  }

  /** The computer woke, or stands in another network: the line answers soon, or a new one is opened. */
  async prove() {
    if (this.state !== "live") return;
    try {
      await this.io.timeout(PROOF_MS).emitWithAck("clock", { t0: this.clock.local() });
    } catch {
      if (this.state === "live") this.io.io.engine.close();
    }
  }

  /** @param {any} io */
  #listen(io) {
    this.io = io;
    io.on("connect", () => this.#connected());
    io.on("disconnect", (/** @type {string} */ reason) => this.#disconnected(reason));
    io.on("connect_error", (/** @type {Error} */ error) => this.#failed(error));
    for (const [name, store] of [["view", this.store], ["mine", this.mine]]) {
      io.on(name, (/** @type {any} */ message) => /** @type {Store} */ (store).take(message) || io.emit("resync", () => undefined));
    }
    io.on("epoch", (/** @type {{epoch: string}} */ detail) => this.#relayIs(detail));
    for (const name of ["ended", "sound", "ink"]) io.on(name, (/** @type {any} */ detail) => this.#tell(name, detail));
    io.on("bye", (/** @type {any} */ detail) => this.#bye(detail));
  }

  /** This link opens nothing any more: what waits will never be done. @param {{reason: string}} detail */
  #bye(detail) {
    this.leaving = true;
    this.pending.clear();
    this.#tell("bye", detail);
    this.close();
    const waiting = [...this.unanswered.values()];
    this.unanswered.clear();
    for (const { message, reject } of waiting) {
      reject(new Refused("not-connected"));
      this.#tell("answered", { message, refusal: new Refused("not-connected") });
    }
  }

  #connected() {
    this.stopClock ??= keepClock(this.clock, (t0) => this.io.timeout(2_000).emitWithAck("clock", { t0 }));
    this.since_ms ??= performance.now();
    this.#turn("live");
    this.look();
    for (const id of this.unanswered.keys()) this.#send(id);
  }

  /** Said at each connect and each change: only another relay process than before is news. @param {{epoch: string}} detail */
  #relayIs(detail) {
    const known = this.epoch;
    this.epoch = detail.epoch;
    if (known && known !== detail.epoch) this.#tell("epoch", detail);
  }

  /** @param {string} reason */
  #disconnected(reason) {
    this.stopClock?.();
    this.stopClock = null;
    if (this.leaving) return;
    this.lost_ms = performance.now();
    this.hungUp = reason === "transport close" || reason === "io server disconnect";
    this.#turn("reconnecting");
    if (reason === "io server disconnect") setTimeout(() => this.leaving || this.io.connect(), 500);
  }

  /** The server is away (Socket.IO tries again by itself), or it refused us. @param {Error} error */
  #failed(error) {
    if (this.io.active) return;
    if (error.message.startsWith("link-") || error.message === "not-entered") {
      this.#bye({ reason: error.message });
    } else {
      setTimeout(() => this.leaving || this.io.connect(), 2_000);
    }
  }

  /** @param {string} id */
  async #send(id) {
    const waiting = this.unanswered.get(id);
    if (!waiting) return;
    const tried = waiting.tried;
    waiting.tried = true;
    clearTimeout(waiting.timer);
    try {
      const answer = await this.io.timeout(ANSWER_MS).emitWithAck("command", waiting.message);
      if (isNotNow(answer.refused, tried)) {
        waiting.timer = setTimeout(() => this.state === "live" && this.#send(id), AGAIN_MS);
        return;
      }
      if (!this.unanswered.delete(id)) return;
      this.pending.delete(id);
      const refusal = answer.refused && new Refused(answer.refused, answer.params);
      if (refusal) waiting.reject(refusal);
      else waiting.resolve(answer);
      this.#tell("answered", refusal ? { message: waiting.message, refusal } : { message: waiting.message, answer });
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

/**
 * Whether a refusal leaves open what becomes of the command. Without Redis nobody knows what became of one that went out before.
 * @param {string | undefined} refused @param {boolean} tried
 */
function isNotNow(refused, tried) {
  return refused === "busy" || (refused === "redis-away" && tried);
}

/** @param {(tell: (shown: object) => void) => void} auth asked at every connection @param {((options: object) => any)} [connect] */
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
