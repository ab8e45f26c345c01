// @ts-check
/** What is unveiled, below two halves of paper that part when both hands have pressed, as this place sees them. */

import { pictureOf } from "../lib/ceremony.js";
import { h, icon, list, set, write } from "../lib/dom.js";
import { sayPhrases } from "../lib/phrases.js";
import { seal, tellSeal } from "./seal.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */

export class Veil {
  /** @param {import("../lib/page.js").Page} page @param {string} place */
  constructor(page, place) {
    this.page = page;
    this.place = place;
    this.halves = h("ol", { class: "veil-halves" });
    this.title = h("h2", { class: "veil-title" });
    this.by = h("p", { class: "veil-by" });
    this.seal = h("span", { class: "act-seal" });
    this.state = h("p", { class: "veil-state", role: "status" });
    this.element = h("div", { class: "veil" }, h("div", { class: "veil-work" }, this.title, this.by, this.seal), this.halves, this.state);
  }

  /** @param {Act} act @param {number} now_ms */
  draw(act, now_ms) {
    const { page } = this;
    const picture = pictureOf(act, now_ms, this.place);
    const open = picture === "unveiled" || picture === "sealed";
    Object.assign(this.element.dataset, { picture, act: act.id });
    set(this.element, "data-open", open);
    sayPhrases(this.title, page.i18n, act.title);
    write(this.by, act.parties.map(({ names }) => page.words(names)).join(page.t("word.comma")));
    set(this.title, "aria-hidden", open ? null : "true");
    write(this.state, this.#words(act, picture, now_ms));
    this.#seal(act, open);
    list(this.halves, act.parties.map((party, index) => ({ party, index })), ({ index }) => String(index),
      () => h("li", { class: "veil-half" }, icon("hand"), h("p", { class: "veil-party" }), h("p", { class: "veil-city" })), (half, { party }) => {
        set(half, "data-pressed", party.pressed_ms !== undefined);
        sayPhrases(/** @type {Element} */ (half.children[1]), page.i18n, party.names);
        page.i18n.say(/** @type {Element} */ (half.children[2]), page.store.view.conference?.venues?.[party.venue]?.city);
      });
  }

  /** @param {Act} act @param {string} picture @param {number} now_ms */
  #words(act, picture, now_ms) {
    const { t } = this.page;
    if (picture === "counting") return t("ceremony.hands-in", { n: Math.ceil(((act.opens_ms ?? 0) - now_ms) / 1_000) });
    return t(`ceremony.picture.${picture}`);
  }

  /** @param {Act} act @param {boolean} open */
  #seal(act, open) {
    if (!open) return this.seal.replaceChildren();
    if (!this.seal.firstElementChild) this.seal.append(seal(act.kind));
    tellSeal(/** @type {HTMLElement} */ (this.seal.firstElementChild), this.page.t("ceremony.seal-alt"));
  }
}
