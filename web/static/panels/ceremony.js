// @ts-check
/** The ceremony on a screen: nothing, the board, or the act that is shown; drawn again at every instant of the common clock that counts. */

import { actOf, actsOf, instantsOf, nextTurn } from "../lib/ceremony.js";
import { itemsOf, running } from "../lib/programme.js";
import { ActBoard } from "./actboard.js";
import { ActSheet } from "./signing.js";
import { Veil } from "./unveiling.js";

/** @typedef {import("../lib/page.js").Page} Page */

/** A timer must not come a moment too early, ms. */
const SPARE_MS = 2;

/**
 * Draws again when the view has other news of the ceremony, and at the instants of `act`. @param {Page} page
 * @param {() => import("../lib/ceremony.js").Act | null} act @param {() => void} draw
 */
export function followAct(page, act, draw) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const turn = () => {
    clearTimeout(timer);
    draw();
    const wait_ms = nextTurn(page.clock.now(), instantsOf(act()));
    if (wait_ms !== null) timer = setTimeout(turn, wait_ms + SPARE_MS);
  };
  page.watch((view) => view.ceremony, turn);
  page.watch((view) => view.conference, turn);
  return turn;
}

/**
 * @param {HTMLElement} element a section; hidden while nothing of the ceremony is shown @param {Page} page
 * @param {{place?: string, form?: import("./signing.js").Form, onChange?: () => void}} [options] `place`: the hall of this screen
 */
export function mountCeremony(element, page, { place = "remote", form, onChange } = {}) {
  const sheet = new ActSheet(page, page.inks, place, form);
  const board = new ActBoard(page);
  const veil = new Veil(page, place);
  const shown = () => actOf(page.store.view, page.store.view.ceremony?.shown);
  const turn = followAct(page, shown, () => {
    const act = shown();
    const there = Boolean(act) || isRunning(page);
    const part = !act ? board : act.kind === "unveiling" && !act.held && !act.paper && act.voided === undefined ? veil : sheet;
    if (element.hidden === there || element.firstElementChild !== part.element) {
      element.hidden = !there;
      element.dataset.part = part === board ? "board" : part === veil ? "veil" : "act";
      element.replaceChildren(part.element);
      onChange?.();
    }
    if (!there) return;
    if (act && part !== board) part.draw(act, page.clock.now());
    else board.draw();
  });
  page.watch((view) => view.stage?.item, turn);
  page.tick(() => element.hidden === isRunning(page) && turn());
}

/** Whether the item that runs is one in which something is signed. @param {Page} page */
function isRunning({ store: { view }, clock }) {
  const { item } = running(view, itemsOf(view), clock.now());
  return Boolean(item) && actsOf(view).some((act) => act.item === item?.id);
}
