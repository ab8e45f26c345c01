// @ts-check
/** Ink on a canvas: strokes drawn as they come, and again when the canvas has another size. */

import { h } from "../lib/dom.js";
import { ASPECT, Brush } from "../lib/strokes.js";

/** @typedef {import("../lib/strokes.js").Point} Point */
/** @typedef {import("../lib/strokes.js").Piece} Piece */

/** A curve is drawn in straight steps of this, device px. */
const STEP_PX = 1.5;

export class InkSheet {
  /** @param {{swift?: boolean}} [options] `swift`: painted past the page's own picture, where the browser can: for a hand that draws here */
  constructor({ swift = false } = {}) {
    this.canvas = h("canvas", { class: "ink", "aria-hidden": "true" });
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", { desynchronized: swift }));
    /** @type {Point[][]} */
    this.strokes = [];
    /** @type {Brush[]} */
    this.brushes = [];
    new ResizeObserver(() => this.#fit()).observe(this.canvas);
  }

  /** @param {number} stroke @param {readonly Point[]} points they follow those that are there */
  add(stroke, points) {
    for (let each = this.strokes.length; each <= stroke; each += 1) {
      this.strokes.push([]);
      this.brushes.push(new Brush());
    }
    this.strokes[stroke].push(...points);
    for (const point of points) this.#draw(this.brushes[stroke].add(point));
  }

  /** The way from the last piece to the last point. @param {number} stroke */
  finish(stroke) {
    const rest = this.brushes[stroke]?.rest();
    if (rest) this.#draw(rest);
  }

  clear() {
    this.strokes = [];
    this.brushes = [];
    this.#wipe();
  }

  /** @param {readonly (readonly Point[])[]} strokes */
  replace(strokes) {
    this.clear();
    strokes.forEach((points, stroke) => {
      this.add(stroke, points);
      this.finish(stroke);
    });
  }

  #wipe() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.strokeStyle = getComputedStyle(this.canvas).color;
    this.context.lineCap = "round";
  }

  #fit() {
    const { canvas } = this;
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    const height = Math.round(width / ASPECT);
    if (!width || (canvas.width === width && canvas.height === height)) return;
    canvas.width = width;
    canvas.height = height;
    this.replace(this.strokes);
  }

  /** @param {Piece} piece */
  #draw({ from, over, to }) {
    const { context, canvas: { height } } = this;
    const steps = Math.max(1, Math.ceil((Math.hypot(to.x - from.x, to.y - from.y) * height) / STEP_PX));
    let [x, y] = [from.x, from.y];
    for (let step = 1; step <= steps; step += 1) {
      const share = step / steps;
      const [a, b, c] = [(1 - share) ** 2, 2 * share * (1 - share), share ** 2];
      const [next_x, next_y] = [a * from.x + b * over.x + c * to.x, a * from.y + b * over.y + c * to.y];
      context.lineWidth = Math.max(1, (from.width + (to.width - from.width) * share) * height);
      context.beginPath();
      context.moveTo(x * height, y * height);
      context.lineTo(next_x * height, next_y * height);
      context.stroke();
      [x, y] = [next_x, next_y];
    }
  }
}
