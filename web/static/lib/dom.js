// @ts-check
/** Making and keeping elements: text is always text, styles go through CSSOM. */

/**
 * An element with attributes, listeners (`onclick`) and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [attributes] @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else set(element, name, value);
  }
  if (element instanceof HTMLMediaElement) element.muted = element.defaultMuted; // the attribute alone mutes only what a parser made
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map((child) => /** @type {Node | string} */ (child)));
  return element;
}

/** Sets an attribute; true is empty, false, null and undefined take it away. @param {Element} element @param {string} name @param {any} value */
export function set(element, name, value) {
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== (value === true ? "" : String(value))) element.setAttribute(name, value === true ? "" : String(value));
}

/** Writes text only where it is another, so that readers of screens stay quiet. @param {Element} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The element `selector` names below `root`; the page's HTML promises it. @param {ParentNode} root @param {string} selector @returns {HTMLElement} */
export function find(root, selector) {
  const element = root.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return element;
}

/** Sets custom properties through CSSOM. @param {HTMLElement} element @param {Record<string, string | number>} properties */
export function style(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, String(value));
}

/**
 * Makes `parent` hold one element per item, in order; elements of items that stay are kept.
 * @template T @param {Element} parent @param {readonly T[]} items @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} make @param {(element: HTMLElement, item: T) => void} [update]
 */
export function list(parent, items, key, make, update) {
  const kept = new Map([...parent.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key ?? "", /** @type {HTMLElement} */ (child)]));
  items.forEach((item, index) => {
    const name = key(item);
    const element = kept.get(name) ?? make(item);
    kept.delete(name);
    element.dataset.key = name;
    update?.(element, item);
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
  for (const gone of kept.values()) gone.remove();
}

/**
 * Runs `draw`. Where it takes away what the focus stands on below `root`, the focus goes to what `next` names, and not
 * to the page's beginning. @param {Element} root @param {() => void} draw @param {(at: Element) => HTMLElement | null} next
 */
export function keepPlace(root, draw, next) {
  const at = root.contains(document.activeElement) ? document.activeElement : null;
  draw();
  if (at && !at.checkVisibility()) next(at)?.focus();
}

/** Between the facts of a line, which may end after it and never begins with it. */
export const DOT = "\u00a0· ";

const ICONS = new URL("../icons.svg", import.meta.url).pathname;
const SVG = "http://www.w3.org/2000/svg";

/** A symbol of icons.svg; words stand beside it or in the button's label. @param {string} name @param {string} [more] a further class */
export function icon(name, more = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${more}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.append(use);
  return svg;
}
