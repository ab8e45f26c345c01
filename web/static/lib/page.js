// @ts-check
/** What every page starts with: words, view, clock, the way in by the link, one socket. Panels get this and open nothing. */

import "./components.js";
import { CommonClock } from "./clock.js";
import { h, write } from "./dom.js";
import { I18n, NOTHING } from "./i18n.js";
import { Inks } from "./inks.js";
import { Keys } from "./keys.js";
import { Pending } from "./pending.js";
import { Refused, Socket } from "./socket.js";
import { Store } from "./store.js";

/**
 * The server's answer to POST /enter.
 * @typedef {object} Me
 * @property {string} conference @property {string} role @property {string} [venue] @property {string} [source]
 * @property {string} room @property {string} person @property {string} invite @property {string} [name]
 * @property {string} [whip] @property {string} whep @property {RTCIceServer[]} ice_servers
 * @property {string} version @property {boolean} rehearsal
 */

/** @typedef {"dark" | "light"} GroundChoice */
/** @typedef {import("./i18n.js").Saying} Saying */

const GROUND = "twinhall-ground";
/** How long the answer to an earlier page's command is shown, ms. */
const LATE_MS = 12_000;

export class Page {
  /** @param {I18n} i18n */
  constructor(i18n) {
    this.i18n = i18n;
    this.t = i18n.t;
    this.words = i18n.words;
    this.store = new Store();
    /** What this person alone sees, on all their pages. */
    this.mine = new Store();
    this.clock = new CommonClock();
    /** Every hand, heard from the first moment: what was drawn already is told once, before a panel may be there to listen. */
    this.inks = new Inks();
    this.keys = new Keys(i18n);
    /** @type {Me | null} */
    this.me = null;
    /** @type {Socket | null} */
    this.socket = null;
    this.attending = true;
    this.watch = this.watch.bind(this);
    this.watchMine = this.watchMine.bind(this);
    this.tick = this.tick.bind(this);
    this.send = this.send.bind(this);
    this.sayer = this.sayer.bind(this);
  }

  /** The page with its words loaded, and with the conference that the HTML brought. */
  static async open() {
    const page = new Page(await I18n.ofPage());
    page.store.view = brought(document);
    applyGround(chosenGround());
    return page;
  }

  /** The link's secret: the address's fragment, which no server log ever sees. */
  get token() {
    return decoded(location.hash.slice(1)).split(".")[0];
  }

  /** What stood on a hall's screen behind the link (`#token.CODE`), once: it is taken out of the address. @returns {string} */
  takeCode() {
    const [token, code = ""] = location.hash.slice(1).split(".");
    if (code) history.replaceState(history.state, "", `#${token}`);
    return decoded(code);
  }

  /**
   * Shows the link to the server. Rejects with Refused: `link-missing`, `link-unknown`, `link-revoked`, `name-…`, or a passing one.
   * @param {{name?: string}} [person] @returns {Promise<Me>}
   */
  async enter({ name } = {}) {
    if (!this.token) throw new Refused("link-missing");
    this.me = await enter({ token: this.token, name, language: this.i18n.tag });
    return this.me;
  }

  /** Opens the one socket. @returns {Socket} */
  connect() {
    if (!this.me) throw new Error("enter comes before connect");
    if (this.socket) return this.socket;
    const { conference, invite, person, room } = this.me;
    const pending = new Pending(`${conference} ${invite} ${person}`);
    const auth = { invite, token: this.token };
    const visible = () => this.attending && !document.hidden;
    const socket = new Socket({ auth, room, store: this.store, mine: this.mine, clock: this.clock, pending, visible });
    addEventListener("online", () => socket.prove());
    document.addEventListener("visibilitychange", () => {
      socket.look();
      if (!document.hidden) socket.prove();
    });
    this.clock.addEventListener("slept", () => socket.prove());
    socket.addEventListener("ink", (event) => this.inks.take(/** @type {CustomEvent} */ (event).detail));
    tellLate(this, socket);
    this.socket = socket;
    return socket;
  }

  /** Whether somebody attends by this page: a lobby is open, but nobody sits in the hall yet. @param {boolean} attending */
  attend(attending) {
    this.attending = attending;
    this.socket?.look();
  }

  /** @param {{type: string} & Record<string, any>} command @param {{room?: string | null, code?: string}} [options] */
  send(command, options) {
    if (!this.socket) return Promise.reject(new Refused("not-connected"));
    return this.socket.command(command, options);
  }

  /** Asks what the view does not hold; changes nothing. @param {{type: string} & Record<string, any>} query @returns {Promise<any>} */
  read(query) {
    if (!this.socket) return Promise.reject(new Refused("not-connected"));
    return this.socket.read(query);
  }

  /** Reads the page's HTML again for what it brings: a page without a socket learns what is live. */
  async reread() {
    const answer = await fetch(location.pathname);
    const html = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!this.socket) this.store.bring(brought(html));
  }

  /**
   * Calls `render` with `select(view)` now, when it is another value, and when the language changes.
   * @template T @param {(view: import("./store.js").View) => T} select @param {(value: T) => void} render
   * @returns {() => void}
   */
  watch(select, render) {
    return this.#watch(this.store, select, render);
  }

  /**
   * The same for what this person alone sees.
   * @template T @param {(mine: import("./store.js").View) => T} select @param {(value: T) => void} render
   * @returns {() => void}
   */
  watchMine(select, render) {
    return this.#watch(this.mine, select, render);
  }

  /**
   * @template T @param {Store} store @param {(view: import("./store.js").View) => T} select @param {(value: T) => void} render
   * @returns {() => void}
   */
  #watch(store, select, render) {
    const stop = store.watch(select, render);
    const turned = () => render(select(store.view));
    this.i18n.addEventListener("change", turned);
    return () => {
      stop();
      this.i18n.removeEventListener("change", turned);
    };
  }

  /** Calls `react(now_ms)` now and at each second of the common clock. @param {(now_ms: number) => void} react @returns {() => void} */
  tick(react) {
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    const beat = () => {
      const now_ms = this.clock.now();
      react(now_ms);
      timer = setTimeout(beat, 1_005 - (now_ms % 1_000));
    };
    const turned = () => react(this.clock.now());
    this.i18n.addEventListener("change", turned);
    beat();
    return () => {
      clearTimeout(timer);
      this.i18n.removeEventListener("change", turned);
    };
  }

  /**
   * A line that says one thing at a time: what it is given to say is worded again when the page turns its language.
   * @param {Element} element @returns {(words: Saying) => void}
   */
  sayer(element) {
    let words = NOTHING;
    this.i18n.addEventListener("change", () => write(element, words()));
    return (said) => {
      words = said;
      write(element, words());
    };
  }

  /** The words for a refusal; an unknown code is said as it is. @param {unknown} error */
  refusal(error) {
    const { code = "unexpected", params = {} } = /** @type {{code?: string, params?: Record<string, string>}} */ (error);
    const text = this.t(`refused.${code}`, params);
    return text === `refused.${code}` ? this.t("refused.unexpected", { code }) : text;
  }
}

/** What became of a command that was sent before a reload, said for a while. @param {Page} page @param {Socket} socket */
function tellLate(page, socket) {
  socket.addEventListener("late", (event) => {
    const { refusal } = /** @type {CustomEvent} */ (event).detail;
    const words = refusal ? page.t("late.refused", { why: page.refusal(refusal) }) : page.t("late.done");
    const line = h("p", { class: "late line-notice", role: "status", "data-late": refusal ? "refused" : "done" }, words);
    document.querySelector(".late")?.remove();
    document.body.append(line);
    setTimeout(() => line.remove(), LATE_MS);
  });
}

/** A part of the address as it was meant; where an escape was cut off, as it stands: the server says what it opens. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The parts of the view that a page's HTML brings: `conference`, and `media` where the server tells it.
 * @param {Document} html @returns {import("./store.js").View}
 */
function brought(html) {
  const parts = ["conference", "media"].map((name) => [name, html.getElementById(name)?.textContent?.trim()]);
  return Object.fromEntries(parts.filter(([, text]) => text).map(([name, text]) => [name, JSON.parse(text ?? "")]));
}

/** @param {{token: string, name?: string, language: string}} body @returns {Promise<Me>} */
async function enter(body) {
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch("/enter", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused("node-unreachable");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(told.refused ?? (answer.status >= 500 ? "node-unreachable" : "unexpected"), told.params ?? {});
  return told;
}

/** @returns {GroundChoice | null} what the person chose before */
export function chosenGround() {
  try {
    return /** @type {GroundChoice | null} */ (localStorage.getItem(GROUND));
  } catch {
    return null;
  }
}

/** @param {GroundChoice} choice */
export function chooseGround(choice) {
  try {
    localStorage.setItem(GROUND, choice);
  } catch {
    // Storage is closed to us: the choice lasts for this page.
  }
  applyGround(choice);
}

/** Only grounds that the HTML offers to choose (`data-ground-free`, its own one) follow the person. @param {GroundChoice | null} choice */
export function applyGround(choice) {
  for (const element of document.querySelectorAll("[data-ground-free]")) {
    const own = element.getAttribute("data-ground-free") ?? "hall";
    element.setAttribute("data-ground", choice === null ? own : choice === "dark" ? "hall" : "foyer");
  }
}
