// @ts-check
/** Everybody's strokes as far as this page has heard of them, by act, take and party. Pure; the socket feeds it. */

import { MOST_POINTS, MOST_STROKES, thinned } from "./strokes.js";

/** @typedef {import("./strokes.js").Point} Point */
/**
 * A part of a stroke, or a field that was cleared. `from`: where its first point stands in the stroke, so that what
 * comes twice is drawn once.
 * @typedef {{act: string, take: number, party: number, stroke?: number, from?: number, points?: Point[], cleared?: boolean}} Ink
 */
/** @typedef {{take: number, strokes: Point[][]}} Hand */

/** A hand that draws more is not a signature. */
const MOST = 4 * MOST_POINTS;

/** Event `ink`, detail {key, stroke, from}: points came; without `stroke`: the field was cleared, or is another take's. */
export class Inks extends EventTarget {
  /** @type {Map<string, Hand>} */
  #hands = new Map();

  /** @param {string} act @param {number} party */
  static key(act, party) {
    return `${act} ${party}`;
  }

  /** What a party has drawn in this take. @param {string} act @param {number} party @param {number} take @returns {Point[][]} */
  of(act, party, take) {
    const hand = this.#hands.get(Inks.key(act, party));
    return hand?.take === take ? hand.strokes : [];
  }

  /** @param {Ink} ink */
  take({ act, take, party, stroke = 0, from, points = [], cleared = false }) {
    const key = Inks.key(act, party);
    const before = this.#hands.get(key);
    if (before && before.take > take) return;
    const hand = before?.take === take && !cleared ? before : { take, strokes: [] };
    this.#hands.set(key, hand);
    if (hand !== before) this.#tell(key);
    if (!points.length || stroke >= MOST_STROKES) return;
    while (hand.strokes.length <= stroke) hand.strokes.push([]);
    const known = hand.strokes[stroke];
    const fresh = this.#room(hand, points.slice(Math.max(0, known.length - (from ?? known.length))));
    const at = known.length;
    known.push(...fresh);
    if (fresh.length) this.#tell(key, stroke, at);
  }

  /** A whole signature at once: from the record, or this page's own. @param {string} act @param {number} party @param {number} take @param {Point[][]} strokes */
  put(act, party, take, strokes) {
    this.#hands.set(Inks.key(act, party), { take, strokes: thinned(strokes, MOST) });
    this.#tell(Inks.key(act, party));
  }

  /** @param {Hand} hand @param {Point[]} points */
  #room(hand, points) {
    const held = hand.strokes.reduce((sum, { length }) => sum + length, 0);
    return points.slice(0, Math.max(0, MOST - held));
  }

  /** @param {string} key @param {number} [stroke] @param {number} [from] */
  #tell(key, stroke, from) {
    this.dispatchEvent(new CustomEvent("ink", { detail: { key, stroke, from } }));
  }
}
