// @ts-check
/** Scenes: what stands on a screen, and how a director fills it. Pure. */

/** @typedef {"full" | "side_by_side" | "signing_tables"} Layout */
/** @typedef {{layout: Layout, sources: string[]}} Scene */

/** In the order of their keys q, w, e. @type {readonly Layout[]} */
export const LAYOUTS = ["full", "side_by_side", "signing_tables"];

/** How many pictures a layout needs at least and shows at most, as the stage accepts them. */
const PLACES = { full: [1, 1], side_by_side: [2, 4], signing_tables: [2, 4] };

/**
 * `scene` with `source` placed: a full picture is exchanged; elsewhere one that is in leaves, or
 * becomes the principal where none may leave; a new one joins, and the oldest beside the principal makes room.
 * @param {Scene} scene
 * @param {string} source
 * @returns {Scene}
 */
export function place({ layout, sources }, source) {
  const [least, most] = PLACES[layout];
  if (most === 1) return { layout, sources: [source] };
  const others = sources.filter((other) => other !== source);
  if (others.length < sources.length) return { layout, sources: others.length >= least ? others : [source, ...others] };
  if (sources.length < most) return { layout, sources: [...sources, source] };
  return { layout, sources: [sources[0], ...sources.slice(2), source] };
}

/**
 * `scene` in another layout: who is in stays; empty places are filled from `others` in their order.
 * @param {Scene} scene
 * @param {Layout} layout
 * @param {string[]} others all sources
 * @returns {Scene}
 */
export function reshape(scene, layout, others) {
  const [least, most] = PLACES[layout];
  const sources = scene.sources.slice(0, most);
  for (const other of others) {
    if (sources.length >= least) break;
    if (!sources.includes(other)) sources.push(other);
  }
  return { layout, sources };
}

/**
 * @param {Scene | undefined} one
 * @param {Scene | undefined} other
 */
export function same(one, other) {
  return one?.layout === other?.layout && String(one?.sources) === String(other?.sources);
}

/** Whether the stage would take it. @param {Scene} scene */
export function complete({ layout, sources }) {
  const [least, most] = PLACES[layout];
  return sources.length >= least && sources.length <= most;
}

/**
 * The scene that an item of the programme asks for: signatures at the tables, one speaker full, halls side by side.
 * @param {{kind: string, sources?: string[]}} item
 * @returns {Scene | undefined}
 */
export function sceneFor({ kind, sources = [] }) {
  const layout = sources.length === 1 ? "full" : kind === "signing" ? "signing_tables" : "side_by_side";
  const scene = { layout: /** @type {Layout} */ (layout), sources: sources.slice(0, PLACES[layout][1]) };
  return complete(scene) ? scene : undefined;
}
