// @ts-check
/**
 * Strokes of a hand: points on a signing field, how broad the nib draws there, and what of them travels. Pure.
 * A width is measured in heights of the field, so that every screen draws the same hand.
 */

/** x and y 0..1 of the field, pressure 0..1, and when: ms on the common clock. @typedef {[x: number, y: number, p: number, t: number]} Point */
/** @typedef {{x: number, y: number, width: number}} Dot x in heights of the field too */
/** One smooth piece of a stroke: a quadratic curve whose breadth runs from one end's to the other's. @typedef {{from: Dot, over: {x: number, y: number}, to: Dot}} Piece */

/** Width to height of every signing field, on pads and on screens. */
export const ASPECT = 8 / 3;
/** The nib, in heights of the field: a hairline and a full stroke. */
const HAIR = 0.009;
const FULL = 0.04;
/** Pressures that a browser tells for want of any (Pointer Events, `pressure`): then the hand's speed tells. */
const UNTOLD = [0, 0.5, 1];
/** At this speed such a stroke is half as broad, heights per ms. */
const HALF_SPEED = 0.006;
/** The nib opens and closes within about this time, ms. */
const NIB_MS = 28;
/** Nearer points than these say nothing, widths of the field, ms. */
const NEAR = 0.0012;
const NEAR_MS = 7;
/** What one signature may hold: it travels in one message. */
export const MOST_POINTS = 1_400;
export const MOST_STROKES = 64;

/** Four figures of a place, two of a pressure, whole ms: finer than any pad measures. @param {number} x @param {number} y @param {number} p @param {number} t @returns {Point} */
export function point(x, y, p, t) {
  return [round(clamp(x), 4), round(clamp(y), 4), round(clamp(p), 2), Math.round(t)];
}

/** Whether `next` says something that `last` does not. @param {Point | undefined} last @param {Point} next */
export function tells(last, next) {
  if (!last) return true;
  const far = Math.hypot(next[0] - last[0], (next[1] - last[1]) / ASPECT);
  return far >= NEAR || (next[3] - last[3] >= NEAR_MS && next[2] !== last[2]);
}

/** @param {readonly (readonly Point[])[]} strokes */
export function countOf(strokes) {
  return strokes.reduce((sum, points) => sum + points.length, 0);
}

/** The same hand in at most `most` points: a stroke keeps its ends, and loses what lies closest together. @param {readonly Point[][]} strokes @param {number} [most] @returns {Point[][]} */
export function thinned(strokes, most = MOST_POINTS) {
  let kept = strokes.slice(0, MOST_STROKES).map((points) => [...points]);
  for (let near = NEAR; countOf(kept) > most && near < 1; near *= 1.4) {
    kept = kept.map((points) => spaced(points, near));
  }
  return kept;
}

/** @param {Point[]} points @param {number} near */
function spaced(points, near) {
  let last = points[0];
  return points.filter((point, index) => {
    const keep = index === 0 || index === points.length - 1 || Math.hypot(point[0] - last[0], (point[1] - last[1]) / ASPECT) >= near;
    if (keep) last = point;
    return keep;
  });
}

/** Turns one stroke's points into pieces as they come: each piece ends half way between two points, so that it never changes afterwards. */
export class Brush {
  /** @type {Dot | null} */
  #end = null;
  /** @type {(Dot & {t: number}) | null} */
  #last = null;

  /** @param {Point} point @returns {Piece} */
  add([x, y, p, t]) {
    const next = { x: x * ASPECT, y, t, width: 0 };
    next.width = this.#width(next, p);
    const last = this.#last;
    const from = this.#end ?? next;
    this.#end = last ? { x: (last.x + next.x) / 2, y: (last.y + next.y) / 2, width: (last.width + next.width) / 2 } : next;
    this.#last = next;
    return { from, over: last ?? next, to: this.#end };
  }

  /** The rest, from half way to the last point: drawn at the stroke's end, or for now. @returns {Piece | null} */
  rest() {
    return this.#end && this.#last && { from: this.#end, over: this.#last, to: this.#last };
  }

  /** @param {{x: number, y: number, t: number}} next @param {number} p */
  #width({ x, y, t }, p) {
    const last = this.#last;
    const passed_ms = last ? Math.max(1, t - last.t) : 0;
    const speed = last ? Math.hypot(x - last.x, y - last.y) / passed_ms : HALF_SPEED;
    const share = UNTOLD.includes(p) ? 0.7 / (1 + speed / HALF_SPEED) : p ** 0.75;
    const wanted = HAIR + (FULL - HAIR) * share;
    if (!last) return wanted * 0.8;
    return last.width + (wanted - last.width) * (1 - Math.exp(-passed_ms / NIB_MS));
  }
}

/** @param {number} value */
function clamp(value) {
  return Math.min(1, Math.max(0, value));
}

/** @param {number} value @param {number} figures */
function round(value, figures) {
  return Number(value.toFixed(figures));
}
