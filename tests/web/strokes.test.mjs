// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { Drafts } from "../../web/static/lib/drafts.js";
import { Inks } from "../../web/static/lib/inks.js";
import { Brush, countOf, MOST_POINTS, point, tells, thinned } from "../../web/static/lib/strokes.js";

/** @typedef {import("../../web/static/lib/strokes.js").Point} Point */

/** A straight line in `count` points, one each 5 ms. @param {number} count @param {number} [p] @param {number} [step] of the field's width @returns {Point[]} */
function line(count, p = 0.5, step = 0.002) {
  return Array.from({ length: count }, (_, n) => point(0.1 + n * step, 0.5, p, 1_000 + n * 5));
}

/** @param {Point[]} points */
function widths(points) {
  const brush = new Brush();
  return points.map((each) => brush.add(each).to.width);
}

test("a point outside the field lies on its edge, and travels in few figures", () => {
  assert.deepEqual(point(-0.2, 1.7, 0.123456, 1_700_000_000_123.7), [0, 1, 0.12, 1_700_000_000_124]);
});

test("a point that repeats the last one says nothing", () => {
  const last = point(0.5, 0.5, 0.4, 1_000);
  assert.equal(tells(undefined, last), true);
  assert.equal(tells(last, point(0.5, 0.5, 0.4, 1_050)), false);
  assert.equal(tells(last, point(0.5, 0.5, 0.6, 1_050)), true);
  assert.equal(tells(last, point(0.51, 0.5, 0.4, 1_001)), true);
});

test("who presses harder draws broader", () => {
  const light = widths(line(40, 0.2)).at(-1) ?? 0;
  const hard = widths(line(40, 0.9)).at(-1) ?? 0;
  assert.ok(hard > 1.6 * light, `${light} ${hard}`);
});

test("without a pressure a slow hand draws broader than a swift one", () => {
  const slow = widths(line(40, 0.5, 0.0015)).at(-1) ?? 0;
  const swift = widths(line(40, 0.5, 0.02)).at(-1) ?? 0;
  assert.ok(slow > 1.6 * swift, `${slow} ${swift}`);
});

test("every piece begins where the one before it ended", () => {
  const brush = new Brush();
  const pieces = line(12, 0.7, 0.01).map((each) => brush.add(each));
  pieces.slice(1).forEach(({ from }, n) => assert.deepEqual(from, pieces[n].to));
  assert.deepEqual(brush.rest()?.from, pieces.at(-1)?.to);
});

test("a signature that is too long for one message loses points and keeps each stroke's ends", () => {
  const strokes = [line(4_000, 0.5, 0.0002), line(900, 0.5, 0.0009)];
  const kept = thinned(strokes);
  assert.ok(countOf(kept) <= MOST_POINTS, `${countOf(kept)}`);
  kept.forEach((points, n) => assert.deepEqual([points[0], points.at(-1)], [strokes[n][0], strokes[n].at(-1)]));
  assert.ok(JSON.stringify(kept).length < 60_000);
});

test("points that come twice are drawn once, and a clear begins anew", () => {
  const inks = new Inks();
  const points = line(6);
  const of = { act: "memorandum", take: 1, party: 2 };
  inks.take({ ...of, stroke: 0, from: 0, points: points.slice(0, 4) });
  inks.take({ ...of, stroke: 0, from: 0, points });
  inks.take({ ...of, stroke: 0, from: 2, points: points.slice(2, 5) });
  assert.deepEqual(inks.of("memorandum", 2, 1), [points]);
  inks.take({ ...of, cleared: true });
  assert.deepEqual(inks.of("memorandum", 2, 1), []);
  inks.take({ ...of, stroke: 0, from: 0, points });
  inks.take({ ...of, stroke: 0, from: 0, points: line(3, 0.7), cleared: true });
  assert.deepEqual(inks.of("memorandum", 2, 1), [line(3, 0.7)]);
});

test("another take has a clean field, and an older one says nothing any more", () => {
  const inks = new Inks();
  inks.take({ act: "memorandum", take: 1, party: 0, stroke: 0, from: 0, points: line(3) });
  inks.take({ act: "memorandum", take: 2, party: 0, stroke: 0, from: 0, points: line(2) });
  inks.take({ act: "memorandum", take: 1, party: 0, stroke: 0, from: 3, points: line(1) });
  assert.deepEqual(inks.of("memorandum", 0, 2), [line(2)]);
  assert.deepEqual(inks.of("memorandum", 0, 1), []);
});

test("what a hand drew outlives the page, and not the act it belongs to", () => {
  /** @type {Record<string, string>} */
  const kept = {};
  const storage = /** @type {any} */ ({ getItem: (/** @type {string} */ key) => kept[key] ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => (kept[key] = value), removeItem: (/** @type {string} */ key) => delete kept[key] });
  const of = { act: "memorandum", take: 1, party: 0 };
  new Drafts("pad", storage).keep({ ...of, strokes: [line(3)], given: true });
  assert.deepEqual(new Drafts("pad", storage).of(of), { ...of, strokes: [line(3)], given: true });
  assert.equal(new Drafts("pad", storage).of({ ...of, take: 2 }), null);
  assert.deepEqual(kept, {});
});
