// @ts-check
/** An act on a screen: its title, a field per party with the hand that moves there, and where it stands. Paper and ink. */

import { pictureOf } from "../lib/ceremony.js";
import { h, icon, list, set, write } from "../lib/dom.js";
import { sayPhrases } from "../lib/phrases.js";
import { StrokePlayer } from "./strokes.js";
import { seal, tellSeal } from "./seal.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */
/** @typedef {import("../lib/ceremony.js").Party} Party */
/** @typedef {import("../lib/ceremony.js").Picture} Picture */
/** @typedef {import("../lib/page.js").Page} Page */

/** Pictures that lie over the fields, and their signs. @type {Partial<Record<Picture, string>>} */
const OVER = { held: "hold", paper: "paper", void: "void" };
/** How names are set, the airiest first: with those who sign, without, below smaller ink, and with words broken. Their size stays: a hall reads it. */
const SETS = /** @type {const} */ (["whole", "names", "tight", "broken"]);
/** Of the title, the largest first. */
const SIZES = /** @type {const} */ (["large", "middle", "small"]);

/** Whether no word and no line of a text is cut; its last line's letters may reach below. @param {Element} element */
function isWhole(element) {
  const { scrollWidth, clientWidth, scrollHeight, clientHeight } = element;
  return scrollWidth <= clientWidth && scrollHeight - clientHeight < Number.parseFloat(getComputedStyle(element).fontSize) / 3;
}

export class ActSheet {
  /** @param {Page} page @param {import("../lib/inks.js").Inks} inks @param {string} place the venue of this screen, or `remote` */
  constructor(page, inks, place) {
    this.page = page;
    this.inks = inks;
    this.place = place;
    /** @type {Map<string, StrokePlayer>} */
    this.players = new Map();
    this.sector = h("p", { class: "act-sector" });
    this.title = h("h2", { class: "act-title" });
    this.state = h("p", { class: "act-state", role: "status" });
    this.count = h("p", { class: "act-count figures" });
    this.fields = h("ol", { class: "act-fields" });
    this.over = h("div", { class: "act-over", hidden: true });
    /** What was fitted last, and into which width. */
    this.fitted = "";
    this.members = h("div", { class: "act-members", hidden: true });
    this.sealed = h("span", { class: "act-seal" });
    this.body = h("div", { class: "act-body" }, this.fields, this.members, this.over);
    new ResizeObserver(() => this.#fit()).observe(this.body);
    this.element = h("div", { class: "act" },
      h("div", { class: "act-head" }, h("div", { class: "act-names" }, this.sector, this.title), h("div", { class: "act-stand" }, this.state, this.count), this.sealed),
      this.body);
  }

  /** @param {Act} act @param {number} now_ms */
  draw(act, now_ms) {
    const { page, element } = this;
    const { signed = 0, of = 0 } = page.store.view.ceremony?.board ?? {};
    const picture = pictureOf(act, now_ms, this.place);
    Object.assign(element.dataset, { picture, kind: act.kind, act: act.id, parties: String(act.parties.length), take: String(act.take) });
    page.i18n.say(this.sector, act.sector);
    sayPhrases(this.title, page.i18n, act.title);
    write(this.state, this.#words(act, picture, now_ms));
    write(this.count, page.t("ceremony.count", { n: signed, of }));
    this.#fields(act, picture);
    this.#over(picture);
    this.#seal(act, picture);
    this.#members(act);
  }

  /** @param {Act} act @param {Picture} picture @param {number} now_ms */
  #words(act, picture, now_ms) {
    const { t } = this.page;
    if (picture === "counting") return t("ceremony.opens-in", { n: Math.ceil(((act.opens_ms ?? 0) - now_ms) / 1_000) });
    if (picture === "open" && act.take > 1) return t("ceremony.again");
    if (picture === "open") return t(`ceremony.open.${act.kind}`);
    if (picture === "signed") return t(`ceremony.done.${act.kind}`);
    if (picture === "waiting" && act.take > 1) return t("ceremony.retake");
    return t(`ceremony.picture.${picture}`);
  }

  /** @param {Act} act @param {Picture} picture */
  #fields(act, picture) {
    const open = ["open", "veiled"].includes(picture);
    const rows = act.parties.map((party, index) => ({ party, index, key: `${act.id} ${index}` }));
    for (const key of this.players.keys()) if (!rows.some((row) => row.key === key)) this.#drop(key);
    list(this.fields, rows, ({ key }) => key, ({ key }) => this.#field(key), (field, { party, index, key }) => {
      this.players.get(key)?.follow(act.id, index, act.take);
      this.#party(field, party, act, index);
      set(field, "data-open", open && party.signed_ms === undefined && party.pressed_ms === undefined);
    });
    this.#fit();
  }

  /** Takes the first set in which no name is cut and the body keeps to its `max-block-size`: pictures have the rest. */
  #fit() {
    const { body, fields, title } = this;
    const names = [...fields.querySelectorAll(".act-party")];
    const said = `${body.clientWidth} ${globalThis.innerHeight} ${title.textContent} ${fields.textContent}`;
    if (said === this.fitted || !body.clientWidth) return;
    this.fitted = said;
    for (const size of SIZES) {
      title.dataset.size = size;
      if (isWhole(title)) break;
    }
    for (const way of SETS) {
      fields.dataset.set = way;
      if ([body, ...names].every(isWhole)) return;
    }
  }

  /** @param {string} key */
  #field(key) {
    const player = new StrokePlayer(this.inks);
    this.players.set(key, player);
    return h("li", { class: "act-field" },
      h("div", { class: "act-paper" }, player.canvas),
      h("p", { class: "act-party" }),
      h("div", { class: "act-facts" }, h("p", { class: "act-person" }, h("span"), h("span", { class: "act-office" })),
        h("p", { class: "act-signed figures" }, h("span", { class: "act-tick", "aria-hidden": "true" }), h("span", { class: "act-city" }), h("time", { class: "act-at" }))));
  }

  /** @param {HTMLElement} field @param {Party} party @param {Act} act @param {number} index */
  #party(field, party, act, index) {
    const { page } = this;
    const at_ms = party.signed_ms ?? party.pressed_ms;
    const [, name, facts] = /** @type {HTMLElement[]} */ ([...field.children]);
    const [person, signed] = /** @type {HTMLElement[]} */ ([...facts.children]);
    sayPhrases(name, page.i18n, party.names);
    if (!name.textContent) write(name, page.t("ceremony.to-be-named"));
    const venue = page.store.view.conference?.venues?.[party.venue];
    const office = act.kind === "appointment" ? page.t(index === 0 ? "ceremony.giver" : "ceremony.receiver") : page.words(party.title);
    write(/** @type {Element} */ (person.firstElementChild), party.name ?? office);
    write(/** @type {Element} */ (person.lastElementChild), party.name ? office : "");
    set(field, "data-signed", at_ms !== undefined);
    write(signed.children[1], page.words(venue?.city));
    write(signed.children[2], at_ms === undefined ? "" : page.i18n.time(at_ms, venue?.zone, true));
  }

  /** @param {Picture} picture */
  #over(picture) {
    const sign = OVER[picture];
    this.over.hidden = !sign;
    if (!sign) return;
    this.over.replaceChildren(icon(sign), h("p", {}, this.page.t(`ceremony.over.${picture}`)));
  }

  /** @param {Act} act @param {Picture} picture */
  #seal(act, picture) {
    const set = picture === "sealed";
    if (!set) return this.sealed.replaceChildren();
    if (!this.sealed.firstElementChild) this.sealed.append(seal(act.kind));
    tellSeal(/** @type {HTMLElement} */ (this.sealed.firstElementChild), this.page.t("ceremony.seal-alt"));
  }

  /** Who has joined an initiative: how many, and the last names. @param {Act} act */
  #members({ kind, members = [] }) {
    const { page } = this;
    this.members.hidden = kind !== "initiative";
    if (this.members.hidden) return;
    const joined = members.filter(({ admitted }) => admitted !== false);
    if (!this.members.childElementCount) this.members.append(h("p", { class: "members-count figures" }), h("p", { class: "members-words" }), h("ul", { class: "members-last" }));
    const [count, words, last] = /** @type {HTMLElement[]} */ ([...this.members.children]);
    write(count, page.i18n.number(joined.length));
    write(words, page.t("ceremony.joined", { n: joined.length }));
    list(last, joined.slice(-4).reverse(), ({ names }) => JSON.stringify(names), () => h("li"), (row, { names }) => page.i18n.say(row, names));
  }

  /** @param {string} key */
  #drop(key) {
    this.players.get(key)?.end();
    this.players.delete(key);
  }

  end() {
    for (const key of [...this.players.keys()]) this.#drop(key);
  }
}
