// @ts-check
/** The signatory's hand: what it draws is kept here until the server has it, goes out as it is drawn, and is given once. */

import { find } from "../lib/dom.js";
import { Drafts } from "../lib/drafts.js";
import { Refused } from "../lib/socket.js";
import { ASPECT, thinned } from "../lib/strokes.js";
import { Pen } from "./pen.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {import("../lib/pad.js").Before} Before */

/** Points that one message carries when a whole hand is sent again. */
const PARCEL = 120;

/** Events: `change`; `refused` (detail the refusal). */
export class Hand extends EventTarget {
  /** @param {HTMLElement} field @param {Page} page entered and connected */
  constructor(field, page) {
    super();
    this.page = page;
    this.drafts = new Drafts(`${page.me?.conference} ${page.me?.invite}`);
    this.pen = new Pen(find(field, "[data-ink]"), page.clock);
    /** @type {Before | null} */
    this.before = null;
    this.following = "";
    /** Whether the field was cleared while the line was away: nobody has heard of it then. */
    this.clearUntold = false;
    this.inks = page.inks;
    this.inks.addEventListener("ink", () => this.#restore());
    this.pen.addEventListener("ink", (event) => this.#tell(/** @type {CustomEvent} */ (event).detail));
    this.pen.addEventListener("begin", () => this.#changed());
    this.pen.addEventListener("end", (event) => {
      this.#tellStroke(/** @type {CustomEvent} */ (event).detail.stroke);
      this.#keep(false);
    });
    page.socket?.addEventListener("state", () => page.socket?.state === "live" && this.#tellAll());
    page.socket?.addEventListener("answered", (event) => this.#answered(/** @type {CustomEvent} */ (event).detail));
    addEventListener("pagehide", () => this.drawn && this.#keep(this.given));
  }

  /** Whether it is given, and not acknowledged yet. */
  get given() {
    return Boolean(this.drafts.draft?.given);
  }

  get drawn() {
    return this.pen.strokes.length > 0;
  }

  /** What lies before the seat now. @param {Before | null} before */
  follow(before) {
    this.before = before;
    const of = this.#of();
    const name = of ? JSON.stringify(of) : "";
    if (name !== this.following) {
      this.following = name;
      this.pen.setOpen(false);
      this.pen.restore(of ? this.drafts.of(of)?.strokes ?? [] : []);
      this.#tellAll();
    }
    if (this.#signed) {
      this.drafts.drop();
      this.#restore();
    } else if (this.given && !this.#underWay()) void this.#send();
  }

  get #signed() {
    return this.before?.act.parties[this.before.party].signed_ms !== undefined;
  }

  /** A page that came after the signature was given gets it as every screen does. */
  #restore() {
    const of = this.#of();
    if (!of || !this.#signed || this.drawn) return;
    const strokes = this.inks.of(of.act, of.party, of.take);
    if (strokes.length) this.pen.restore(strokes);
  }

  #of() {
    return this.before && { act: this.before.act.id, take: this.before.act.take, party: this.before.party };
  }

  clear() {
    const of = this.#of();
    this.pen.clear();
    this.drafts.drop();
    this.clearUntold = this.page.socket?.state !== "live";
    if (of) this.#signal({ type: "ceremony.cleared", ...of });
    this.#changed();
  }

  /** This is the signature. */
  give() {
    if (!this.drawn || !this.before) return;
    this.pen.setOpen(false);
    this.#keep(true);
    this.follow(this.before);
  }

  /** @param {boolean} given */
  #keep(given) {
    const of = this.#of();
    if (!of || this.#signed) return;
    this.drafts.keep({ ...of, strokes: thinned(this.pen.strokes), given });
    this.#changed();
  }

  /** Whether such a command waits for its answer already. */
  #underWay() {
    return Boolean(this.page.socket?.waiting.some(({ command }) => command.type === "ceremony.sign"));
  }

  async #send() {
    const { before, drafts, page } = this;
    const { draft } = drafts;
    if (!before || !draft) return;
    const documents = Object.fromEntries(Object.entries(before.act.documents ?? {}).map(([language, { digest }]) => [language, digest]));
    const command = { type: "ceremony.sign", act: draft.act, take: draft.take, party: draft.party, documents, strokes: draft.strokes, aspect: ASPECT, device: deviceWords(), ...readings(page) };
    await page.send(command).catch(() => undefined);
  }

  /** @param {import("../lib/socket.js").Late} detail */
  #answered({ message: { command }, refusal }) {
    if (command.type !== "ceremony.sign") return;
    if (refusal && refusal.code !== "not-connected") {
      this.#keep(false);
      if (refusal.code !== "signed-already") this.dispatchEvent(new CustomEvent("refused", { detail: refusal instanceof Refused ? refusal : new Refused("unexpected") }));
    }
    this.#changed();
  }

  /** @param {{stroke: number, from: number, points: import("../lib/strokes.js").Point[]}} ink */
  #tell(ink) {
    const of = this.#of();
    if (of) this.#signal({ type: "ceremony.stroke", ...of, ...ink });
  }

  /** The line was away, or the page is a new one: what is drawn goes out again; who has it already draws it once. */
  #tellAll() {
    const of = this.#of();
    if (this.clearUntold && of && this.page.socket?.state === "live") {
      this.#signal({ type: "ceremony.cleared", ...of });
      this.clearUntold = false;
    }
    this.pen.strokes.forEach((_, stroke) => this.#tellStroke(stroke));
  }

  /** A whole stroke once more. @param {number} stroke */
  #tellStroke(stroke) {
    const points = this.pen.strokes[stroke];
    for (let from = 0; from < points.length; from += PARCEL) this.#tell({ stroke, from, points: points.slice(from, from + PARCEL) });
  }

  /** @param {{type: string} & Record<string, any>} signal */
  #signal(signal) {
    this.page.socket?.signal({ room: this.page.me?.room, ...signal });
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** How this pad's clock stands to the common one. @param {Page} page */
export function readings({ clock }) {
  return { offset_ms: Math.round(clock.offset_ms), bound_ms: Math.min(1e6, Math.ceil(clock.bound_ms)) };
}

/** What kind of device this is, as far as the record needs it: no name, no serial number. */
function deviceWords() {
  const touch = navigator.maxTouchPoints > 0 ? "touch" : "no touch";
  return `${touch}, ${screen.width} x ${screen.height} at ${devicePixelRatio}`;
}
