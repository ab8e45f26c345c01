// @ts-check
/**
 * A hand on a signing field: every point that the browser measured, drawn at once, and handed on in small parcels.
 * What the browser foresees is drawn too, and never kept.
 */

import { h } from "../lib/dom.js";
import { ASPECT, countOf, MOST_STROKES, point, tells } from "../lib/strokes.js";
import { InkSheet } from "./ink.js";

/** @typedef {import("../lib/strokes.js").Point} Point */

/** Between two parcels, ms: about a pad's picture. The first point of a stroke leaves at once. */
const PARCEL_MS = 16;
/** Points of the parcels before, sent again: a parcel that was lost leaves no gap. */
const AGAIN = 12;
/** A hand that draws more than this does not sign any more. */
const MOST_DRAWN = 6_000;

/** Events: `begin`, `ink` (detail {stroke, from, points}), `end` (detail {stroke}). */
export class Pen extends EventTarget {
  /** @param {HTMLElement} field @param {import("../lib/clock.js").CommonClock} clock */
  constructor(field, clock) {
    super();
    this.field = field;
    this.clock = clock;
    this.sheet = new InkSheet({ swift: true });
    this.foreseen = new InkSheet({ swift: true });
    this.open = false;
    /** The pointer that draws; a pen keeps palms away for good. @type {number | null} */
    this.pointer = null;
    this.pen = false;
    this.sent = 0;
    /** When the last parcel left, `performance.now()`. */
    this.posted_ms = -PARCEL_MS;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.parcel = undefined;
    field.append(h("div", { class: "inks" }, this.sheet.canvas, this.foreseen.canvas));
    field.addEventListener("pointerdown", (event) => this.#down(event));
    const moved = "onpointerrawupdate" in field ? "pointerrawupdate" : "pointermove";
    field.addEventListener(moved, (event) => this.#move(/** @type {PointerEvent} */ (event)));
    field.addEventListener("pointermove", (event) => this.#foresee(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) field.addEventListener(end, (event) => this.#up(/** @type {PointerEvent} */ (event)));
    for (const touch of ["touchstart", "contextmenu", "dragstart"]) field.addEventListener(touch, (event) => event.preventDefault(), { passive: false });
  }

  get strokes() {
    return this.sheet.strokes;
  }

  clear() {
    this.#finish();
    this.sheet.clear();
  }

  /** What was drawn before, by an earlier page. @param {Point[][]} strokes */
  restore(strokes) {
    this.sheet.replace(strokes);
  }

  /** Whether a hand may draw now; a stroke under way ends. @param {boolean} open */
  setOpen(open) {
    if (this.open && !open) this.#finish();
    this.open = open;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (!this.open || event.button !== 0 || this.strokes.length >= MOST_STROKES || countOf(this.strokes) > MOST_DRAWN) return;
    if (event.pointerType === "pen") this.pen = true;
    else if (this.pen && event.pointerType === "touch") return;
    if (this.pointer !== null) return;
    event.preventDefault();
    this.pointer = event.pointerId;
    this.field.setPointerCapture(event.pointerId);
    this.#measure();
    this.sheet.add(this.strokes.length, []);
    this.sent = 0;
    this.dispatchEvent(new Event("begin"));
    this.#keep([event]);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.pointer) return;
    const measured = event.getCoalescedEvents?.() ?? [];
    this.#keep(measured.length ? measured : [event]);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerId !== this.pointer) return;
    if (event.type === "pointerup") this.#keep([event]);
    this.#finish();
  }

  #finish() {
    if (this.pointer === null) return;
    const stroke = this.strokes.length - 1;
    this.pointer = null;
    this.foreseen.clear();
    this.sheet.finish(stroke);
    this.#post();
    this.dispatchEvent(new CustomEvent("end", { detail: { stroke } }));
  }

  #measure() {
    const box = this.sheet.canvas.getBoundingClientRect();
    this.box = { left: box.left, top: box.top, width: box.width || 1, height: box.width / ASPECT || 1 };
  }

  /** @param {PointerEvent} event @returns {Point} */
  #point(event) {
    const { left, top, width, height } = this.box ?? { left: 0, top: 0, width: 1, height: 1 };
    const pressure = event.type === "pointerup" ? this.strokes.at(-1)?.at(-1)?.[2] ?? 0 : event.pressure;
    // The clock may be set a little back between two points: a hand never is.
    const last_ms = this.strokes.findLast(({ length }) => length > 0)?.at(-1)?.[3] ?? 0;
    return point((event.clientX - left) / width, (event.clientY - top) / height, pressure, Math.max(last_ms, this.clock.at(event.timeStamp)));
  }

  /** @param {PointerEvent[]} measured */
  #keep(measured) {
    const points = this.strokes[this.strokes.length - 1];
    for (const event of measured) {
      const next = this.#point(event);
      if (tells(points.at(-1), next) && countOf(this.strokes) <= MOST_DRAWN) this.sheet.add(this.strokes.length - 1, [next]);
    }
    this.#postSoon();
  }

  /** Now when the last parcel is long enough ago, else then: what is drawn waits for nothing but its turn. */
  #postSoon() {
    const wait_ms = this.posted_ms + PARCEL_MS - performance.now();
    if (wait_ms <= 0) this.#post();
    else this.parcel ??= setTimeout(() => this.#post(), wait_ms);
  }

  #post() {
    clearTimeout(this.parcel);
    this.parcel = undefined;
    const stroke = this.strokes.length - 1;
    const drawn = this.strokes[stroke]?.length ?? 0;
    if (drawn <= this.sent) return;
    const from = Math.max(0, this.sent - AGAIN);
    this.sent = drawn;
    this.posted_ms = performance.now();
    this.dispatchEvent(new CustomEvent("ink", { detail: { stroke, from, points: this.strokes[stroke].slice(from) } }));
  }

  /** A line ahead of the hand to where the browser expects it, gone with the next picture. @param {PointerEvent} event */
  #foresee(event) {
    this.foreseen.clear();
    if (event.pointerId !== this.pointer) return;
    const last = this.strokes.at(-1)?.slice(-4) ?? [];
    const ahead = (event.getPredictedEvents?.() ?? []).map((each) => this.#point(each));
    if (!ahead.length || last.length < 4) return;
    this.foreseen.add(0, [...last, ...ahead]);
  }
}
