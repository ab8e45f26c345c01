// @ts-check
/** Where pictures stand on a screen: pure geometry, and when a take may be seen. */

/** @typedef {{x: number, y: number, width: number, height: number}} Rect px */
/** @typedef {{source: string, slot: string}} Tile */
/** @typedef {"full" | "side_by_side" | "signing_tables" | "multiview"} Layout */

const ASPECT = 16 / 9;
/** A picture may lose an eighth of its width or height to fill the screen: the 14:9 that broadcasters shoot and protect. */
const CROP = 8 / 7;
/** Side by side it may lose a quarter of its width, as in a double box on television; tables never do: who signs is seen. */
const CROP_BESIDE = 4 / 3;
/** The tables' share of the height while the halls stand below them. */
const TABLES_SHARE = 0.66;
/** Boxes narrower than that many times their height (phones) may stack what stands side by side elsewhere. */
const STACK_BELOW = 1.5;

/**
 * Rectangles for `count` pictures of 16:9 in a box, principal first, as large as they go.
 * @param {Layout | string} layout @param {number} count @param {{width: number, height: number}} box px @param {{gap?: number, crop?: number}} [options]
 * @returns {Rect[]}
 */
export function arrange(layout, count, box, { gap = 4, crop = layout === "side_by_side" ? CROP_BESIDE : CROP } = {}) {
  if (count < 1 || box.width < 1 || box.height < 1) return [];
  if (layout === "full") return [one({ x: 0, y: 0, ...box }, crop)];
  if (layout === "signing_tables" && count > 2 && box.width >= box.height * STACK_BELOW) return tables(count, box, gap, crop);
  return grid(count, { x: 0, y: 0, ...box }, columns(layout, count, box, gap, crop), gap, crop);
}

/** The height that `count` pictures can use at most in a box of that width. @param {Layout | string} layout @param {number} count @param {number} width @param {number} room height there is, px */
export function heightWanted(layout, count, width, room) {
  const rects = arrange(layout, count, { width, height: room });
  if (!rects.length) return 0;
  return Math.max(...rects.map(({ y, height }) => y + height)) - Math.min(...rects.map(({ y }) => y));
}

/** Whether every tile's slot shows what the take asked for (its source, or a slate in its place). @param {readonly Tile[]} tiles @param {Record<string, string>} showing */
export function settled(tiles, showing) {
  return tiles.every(({ source, slot }) => showing[slot] === source || isSlate(showing[slot]));
}

/** @param {string | undefined} source */
export function isSlate(source) {
  return source !== undefined && source.startsWith("slate/");
}

/** @param {Rect} box @param {number} crop @returns {Rect} */
function one(box, crop) {
  const aspect = clamp(box.width / box.height, ASPECT / crop, ASPECT * crop);
  const width = Math.min(box.width, box.height * aspect);
  const height = width / aspect;
  return { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height };
}

/** @param {Layout | string} layout @param {number} count @param {{width: number, height: number}} box @param {number} gap @param {number} crop */
function columns(layout, count, box, gap, crop) {
  const stacks = box.width < box.height * STACK_BELOW;
  if (layout !== "multiview" && !stacks && count <= 3) return count;
  const area = (/** @type {number} */ across) => grid(count, { x: 0, y: 0, ...box }, across, gap, crop)[0];
  const all = Array.from({ length: count }, (_, index) => index + 1);
  return all.reduce((best, across) => (area(across).width * area(across).height > area(best).width * area(best).height + 1 ? across : best), 1);
}

/** Equal pictures in rows; a last row that is not full stands in the middle. @param {number} count @param {Rect} box @param {number} across @param {number} gap @param {number} crop @returns {Rect[]} */
function grid(count, box, across, gap, crop) {
  const rows = Math.ceil(count / across);
  const cell = one({ x: 0, y: 0, width: (box.width - gap * (across - 1)) / across, height: (box.height - gap * (rows - 1)) / rows }, crop);
  const top = box.y + (box.height - rows * cell.height - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / across);
    const inRow = Math.min(across, count - row * across);
    const left = box.x + (box.width - inRow * cell.width - (inRow - 1) * gap) / 2;
    return { x: left + (index % across) * (cell.width + gap), y: top + row * (cell.height + gap), width: cell.width, height: cell.height };
  });
}

/** Two tables of equal rank above, the halls small below. @param {number} count @param {{width: number, height: number}} box @param {number} gap @param {number} crop @returns {Rect[]} */
function tables(count, box, gap, crop) {
  const height = (box.height - gap) * TABLES_SHARE;
  const above = grid(2, { x: 0, y: 0, width: box.width, height }, 2, gap, crop);
  const used = above[0].height;
  const below = grid(count - 2, { x: 0, y: 0, width: box.width, height: Math.min(box.height - gap - used, used * 0.6) }, count - 2, gap, crop);
  const top = (box.height - used - gap - below[0].height) / 2;
  return [...above.map((rect) => ({ ...rect, y: top })), ...below.map((rect) => ({ ...rect, y: top + used + gap }))];
}

/** @param {number} value @param {number} least @param {number} most */
function clamp(value, least, most) {
  return Math.min(most, Math.max(least, value));
}
