// @ts-check
/** The seal: cinnabar, square, four signs cut into it, read from the upper right. It is set once and then stands. */

import { h, write } from "../lib/dom.js";

const SVG = "http://www.w3.org/2000/svg";
/** What a seal says: signed, appointed, unveiled at one moment; called for together. @type {Record<import("../lib/ceremony.js").Kind, string>} */
const SIGNS = { signing: "同时签署", appointment: "同时聘任", unveiling: "同时揭幕", initiative: "共同倡议" };
/** Right column first, each from the top: where the signs stand in 100 x 100. */
const PLACES = [[71, 43], [71, 82], [29, 43], [29, 82]];
/** A hand cut it: no edge is quite straight. */
const EDGE = "M7 5.500Q4.500 5.200 5 8.500L4.200 50 5.200 92Q5 95.500 8.500 95L50 95.800 91.500 94.800Q95.400 95.200 95 91.500L95.600 49 94.800 8.200Q95.200 4.600 91.500 5L48 4.300Z";

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
function svg(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}

/** @param {import("../lib/ceremony.js").Kind} kind */
export function seal(kind) {
  const mark = svg("svg", { viewBox: "0 0 100 100", class: "seal-mark", "aria-hidden": "true" });
  mark.append(svg("path", { d: EDGE, class: "seal-ground" }), svg("rect", { x: 9.5, y: 9.5, width: 81, height: 81, rx: 2, class: "seal-rim" }),
    ...[...SIGNS[kind]].map((sign, index) => svg("text", { x: PLACES[index][0], y: PLACES[index][1], "text-anchor": "middle", class: "seal-sign" }, sign)));
  return h("span", { class: "seal" }, mark, h("span", { class: "unseen" }));
}

/** @param {HTMLElement} element as `seal` made it @param {string} words what it says, for those who hear it */
export function tellSeal(element, words) {
  write(/** @type {Element} */ (element.lastElementChild), words);
}
