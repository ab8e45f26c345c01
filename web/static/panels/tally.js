// @ts-check
/** What is on air and what is next, as each source sees it. Pure. */

/** @typedef {import("./scenes.js").Scene} Scene */
/** @typedef {"on-air" | "next" | "off"} Tally */

/**
 * What is on air. @param {import("../lib/store.js").View} view
 * @returns {Scene}
 */
export function program(view) {
  const { layout, tiles, program: taken } = view.stage ?? {};
  return taken ?? { layout: layout ?? "full", sources: (tiles ?? []).map((/** @type {any} */ tile) => tile.source) };
}

/**
 * @param {import("../lib/store.js").View} view
 * @param {string} source
 * @returns {Tally}
 */
export function tallyOf(view, source) {
  if (program(view).sources.includes(source)) return "on-air";
  return view.stage?.preview?.sources.includes(source) ? "next" : "off";
}

/**
 * Sources in their order. @param {import("../lib/store.js").View} view
 * @returns {({id: string, order: number, venue?: string, name: Record<string, string>, kind: string})[]}
 */
export function sourcesOf(view) {
  const sources = Object.entries(view.conference?.sources ?? {}).map(([id, source]) => ({ id, ...source }));
  return sources.sort((a, b) => a.order - b.order);
}
