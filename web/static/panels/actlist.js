// @ts-check
/** The evening's acts in their order, under the items and rounds they belong to. */

import { actsOf, isDone } from "../lib/ceremony.js";
import { DOT, h, list, set, write } from "../lib/dom.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */

/** What a tally says of a step. @param {Act} act @returns {"on-air" | "next" | "ready" | "hold" | "off" | "lost"} */
export function tallyOfAct(act) {
  if (act.step === "void") return "lost";
  if (act.held) return "hold";
  if (act.step === "signing") return "on-air";
  if (act.step === "armed") return "next";
  return isDone(act) ? "ready" : "off";
}

/** @param {import("../lib/page.js").Page} page @param {Act} act */
export function stepWords({ t }, act) {
  if (act.held) return t("officer.step.held");
  return t(act.paper && isDone(act) ? "officer.step.paper" : `officer.step.${act.step}`);
}

export class ActList {
  /** @param {HTMLElement} root an ordered list @param {import("../lib/page.js").Page} page @param {(id: string) => void} choose */
  constructor(root, page, choose) {
    this.root = root;
    this.page = page;
    this.choose = choose;
  }

  /** @param {string} chosen */
  draw(chosen) {
    const { page } = this;
    const acts = actsOf(page.store.view);
    list(this.root, acts, ({ id }) => id, ({ id }) => h("li", { class: "acts-row" }, h("p", { class: "acts-group muted small" }),
      h("button", { type: "button", class: "acts-button", onclick: () => this.choose(id) }, h("span", { class: "acts-title" }), h(/** @type {any} */ ("hall-tally"), { state: "off" }))), (row, act) => {
      const before = acts[acts.indexOf(act) - 1];
      const [group, button] = /** @type {HTMLElement[]} */ ([...row.children]);
      const first = !before || before.item !== act.item || before.round !== act.round;
      group.hidden = !first;
      write(group, first ? this.#group(act, acts) : "");
      page.i18n.say(/** @type {Element} */ (button.firstElementChild), act.title);
      /** @type {import("../lib/components.js").HallTally} */ (button.lastElementChild).show(tallyOfAct(act), stepWords(page, act));
      set(button, "aria-current", act.id === chosen ? "true" : null);
    });
  }

  /** @param {Act} act @param {readonly Act[]} acts */
  #group(act, acts) {
    const { page } = this;
    const title = page.words(page.store.view.conference?.items?.[act.item]?.title) || act.item;
    const rounds = new Set(acts.filter(({ item }) => item === act.item).map(({ round }) => round)).size;
    return rounds > 1 ? [title, page.t("officer.round", { n: act.round })].join(DOT) : title;
  }
}
