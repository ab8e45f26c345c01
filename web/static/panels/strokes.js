// @ts-check
/** Strokes from elsewhere on a page: drawn as they come, a little spread out, so that a hand seems to move and not to jump. */

import { Inks } from "../lib/inks.js";
import { InkSheet } from "./ink.js";

/** Whatever waits is drawn within about this, ms: the server sends every 30 ms. */
const SPREAD_MS = 30;
/** A first share is drawn as soon as it is heard of: that of a screen's picture, ms. */
const AT_ONCE_MS = 16;

/** All strokes that this page hears of. @param {import("../lib/page.js").Page} page */
export function hearInks(page) {
  const inks = new Inks();
  page.socket?.addEventListener("ink", (event) => inks.take(/** @type {CustomEvent} */ (event).detail));
  return inks;
}

/** How many of `waiting` points are drawn after `passed_ms`. @param {number} waiting @param {number} passed_ms */
export function due(waiting, passed_ms) {
  return Math.min(waiting, Math.max(1, Math.ceil((waiting * passed_ms) / SPREAD_MS)));
}

/** One party's field on a screen. `data-drawn-ms` of its canvas: the common time of the last point that is drawn. */
export class StrokePlayer {
  /** @param {Inks} inks */
  constructor(inks) {
    this.inks = inks;
    this.sheet = new InkSheet();
    this.act = "";
    this.party = 0;
    this.take = 0;
    this.playing = false;
    this.listening = (/** @type {Event} */ event) => this.#heard(/** @type {CustomEvent} */ (event).detail);
    inks.addEventListener("ink", this.listening);
  }

  get canvas() {
    return this.sheet.canvas;
  }

  /** Whose hand is seen: what is drawn already stands at once. @param {string} act @param {number} party @param {number} take */
  follow(act, party, take) {
    if (this.act === act && this.party === party && this.take === take) return;
    Object.assign(this, { act, party, take });
    this.sheet.replace(this.inks.of(act, party, take));
  }

  end() {
    this.inks.removeEventListener("ink", this.listening);
    this.playing = false;
  }

  /** @param {{key: string, stroke?: number}} detail */
  #heard({ key, stroke }) {
    if (key !== Inks.key(this.act, this.party)) return;
    if (stroke === undefined || document.hidden) return void this.sheet.replace(this.inks.of(this.act, this.party, this.take));
    if (this.playing) return;
    this.playing = true;
    this.#play(performance.now() - AT_ONCE_MS);
  }

  /** Draws the share that is due since `before_ms`, and the rest with the next pictures. @param {number} before_ms */
  #play(before_ms) {
    if (!this.playing) return;
    const now_ms = performance.now();
    const strokes = this.inks.of(this.act, this.party, this.take);
    const waiting = strokes.reduce((sum, points, index) => sum + points.length - (this.sheet.strokes[index]?.length ?? 0), 0);
    this.#draw(strokes, due(waiting, now_ms - before_ms));
    this.playing = waiting > 0;
    if (this.playing) requestAnimationFrame(() => this.#play(now_ms));
    else this.sheet.finish(strokes.length - 1);
  }

  /** @param {readonly import("../lib/strokes.js").Point[][]} strokes @param {number} count */
  #draw(strokes, count) {
    let left = count;
    for (let stroke = 0; stroke < strokes.length && left > 0; stroke += 1) {
      const known = this.sheet.strokes[stroke]?.length ?? 0;
      const points = strokes[stroke].slice(known, known + left);
      if (!points.length) continue;
      this.sheet.add(stroke, points);
      left -= points.length;
      if (known + points.length === strokes[stroke].length && stroke < strokes.length - 1) this.sheet.finish(stroke);
      this.canvas.dataset.drawnMs = String(points[points.length - 1][3]);
    }
  }
}
