// @ts-check
/** Strokes from elsewhere on a page: drawn as they come, a little spread out, so that a hand seems to move and not to jump. */

import { Inks } from "../lib/inks.js";
import { InkSheet } from "./ink.js";

/** Whatever waits is drawn within about this, ms: a screen's picture and a little. */
const SPREAD_MS = 20;

/** How many of `waiting` points are drawn after `passed_ms`. @param {number} waiting @param {number} passed_ms */
function due(waiting, passed_ms) {
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
    /** Whether another share is drawn with the next picture, and when the last one was, `performance.now()`. */
    this.playing = false;
    this.played_ms = -SPREAD_MS;
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
    this.#play();
  }

  /**
   * Draws the share that is due since the last time, and the rest with the next picture. What is heard draws too:
   * a screen whose pictures come late is not behind for that.
   */
  #play() {
    const now_ms = performance.now();
    const strokes = this.inks.of(this.act, this.party, this.take);
    const waiting = this.#waiting(strokes);
    if (waiting) this.#draw(strokes, due(waiting, now_ms - this.played_ms));
    this.played_ms = now_ms;
    if (!this.#waiting(strokes)) this.sheet.finish(strokes.length - 1);
    else if (!this.playing) {
      this.playing = true;
      requestAnimationFrame(() => {
        const ended = !this.playing;
        this.playing = false;
        if (!ended) this.#play();
      });
    }
  }

  /** How many points are not drawn yet. @param {readonly import("../lib/strokes.js").Point[][]} strokes */
  #waiting(strokes) {
    return strokes.reduce((sum, points, index) => sum + points.length - (this.sheet.strokes[index]?.length ?? 0), 0);
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
