// @ts-check
/** Swipes of a thumb over cards: right goes on, left goes back. A swipe that is not finished does nothing. */

import { style } from "../lib/dom.js";

/** So far a card must be pushed, px. */
const FAR_PX = 88;
/** From here on it is a swipe and no longer a tap or a scroll, px. */
const SURE_PX = 12;

/**
 * @param {HTMLElement} root
 * @param {string} selector of the cards
 * @param {(card: HTMLElement, direction: "on" | "back") => void} act
 */
export function swipes(root, selector, act) {
  /** @type {{card: HTMLElement, id: number, x: number, y: number, by: number} | null} */
  let swipe = null;

  root.addEventListener("pointerdown", (event) => {
    const target = /** @type {Element} */ (event.target);
    const card = target.closest(selector);
    if (event.pointerType !== "touch" || target.closest("button, a, input") || !(card instanceof HTMLElement)) return;
    swipe = { card, id: event.pointerId, x: event.clientX, y: event.clientY, by: 0 };
  });
  root.addEventListener("pointermove", (event) => {
    if (!swipe || event.pointerId !== swipe.id) return;
    const [x, y] = [event.clientX - swipe.x, event.clientY - swipe.y];
    if (!swipe.by && Math.abs(y) > Math.abs(x)) return end();
    if (!swipe.by && Math.abs(x) < SURE_PX) return;
    swipe.by = x;
    style(swipe.card, { "--swipe": `${Math.round(x)}px` });
    swipe.card.dataset.swipe = Math.abs(x) < FAR_PX ? "" : x > 0 ? "on" : "back";
  });
  root.addEventListener("pointerup", (event) => {
    if (!swipe || event.pointerId !== swipe.id) return;
    const { card, by } = swipe;
    end();
    if (Math.abs(by) >= FAR_PX) act(card, by > 0 ? "on" : "back");
  });
  root.addEventListener("pointercancel", () => end());

  function end() {
    if (!swipe) return;
    swipe.card.style.removeProperty("--swipe");
    delete swipe.card.dataset.swipe;
    swipe = null;
  }
}
