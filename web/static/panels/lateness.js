// @ts-check
/** The programme against the clock: how late it is, and when the rest will come. Pure. */

/** @typedef {import("../lib/programme.js").Item & {sources?: string[]}} Item */
/** @typedef {import("../lib/programme.js").Now} Now */
/** @typedef {{item: Item, state: "done" | "now" | "next" | "later", expected_ms: number}} Entry `expected_ms`: when it starts, or started, as things stand */

/**
 * How far the programme is behind its plan (below 0: ahead), ms; undefined while the director runs nothing.
 * An item that overruns makes everything after it later with every second.
 * @param {Now} now
 * @param {number} now_ms
 */
export function behind_ms({ item, called, started_ms }, now_ms) {
  return item && called ? Math.max(started_ms - item.start_ms, now_ms - item.end_ms) : undefined;
}

/**
 * Only lateness moves what comes: being early is a reason to wait, not to begin without the other hall.
 * @param {readonly Item[]} items in order
 * @param {Now} now
 * @param {number} now_ms
 * @returns {Entry[]}
 */
export function entries(items, now, now_ms) {
  const at = now.called ? items.findIndex((item) => item === now.item) : -1;
  const late_ms = Math.max(0, behind_ms(now, now_ms) ?? 0);
  const next = at >= 0 ? at + 1 : items.findIndex(({ end_ms }) => end_ms > now_ms);
  return items.map((item, n) => {
    const state = n === at ? "now" : n === next ? "next" : n < next || next < 0 ? "done" : "later";
    const expected_ms = state === "now" ? now.started_ms : state === "done" ? item.start_ms : item.start_ms + late_ms;
    return { item, state, expected_ms };
  });
}
