// @ts-check
/** The programme as a person reads it: items in order, the one that runs, the one that comes. Times in Unix ms. */

/**
 * @typedef {object} Item
 * @property {string} id @property {number} order @property {number} start_ms @property {number} end_ms
 * @property {Record<string, string>} title @property {Record<string, string>} [detail] @property {string} kind
 */
/** @typedef {{item: Item | null, started_ms: number, end_ms: number, called: boolean}} Now `called`: the director set it; else it is the plan's */

/** @param {import("./store.js").View} view @returns {Item[]} */
export function itemsOf(view) {
  return Object.entries(view.conference?.items ?? {})
    .map(([id, item]) => ({ ...item, id, start_ms: Date.parse(item.start), end_ms: Date.parse(item.end) }))
    .sort((a, b) => a.order - b.order);
}

/** What runs: what the director called, else what the plan says. @param {import("./store.js").View} view @param {readonly Item[]} items @param {number} now_ms @returns {Now} */
export function running(view, items, now_ms) {
  const called = view.stage?.item;
  const item = called && items.find(({ id }) => id === called.id);
  if (item) return { item, started_ms: called.started_ms, end_ms: called.started_ms + item.end_ms - item.start_ms, called: true };
  const planned = items.find(({ start_ms, end_ms }) => start_ms <= now_ms && now_ms < end_ms) ?? null;
  return { item: planned, started_ms: planned?.start_ms ?? 0, end_ms: planned?.end_ms ?? 0, called: false };
}

/** What comes after what runs. @param {Now} now @param {readonly Item[]} items @param {number} now_ms @returns {Item | null} */
export function following(now, items, now_ms) {
  if (now.item) return items[items.indexOf(now.item) + 1] ?? null;
  return items.find(({ start_ms }) => start_ms > now_ms) ?? null;
}
