// @ts-check
/** An act on a screen: its title, a field per party with the hand that moves there, and where it stands. Paper and ink. */

import { pictureOf } from "../lib/ceremony.js";
import { h, icon, list, set, style, write } from "../lib/dom.js";
import { sayPhrases } from "../lib/phrases.js";
import { StrokePlayer } from "./strokes.js";
import { seal, tellSeal } from "./seal.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */
/** @typedef {import("../lib/ceremony.js").Party} Party */
/** @typedef {import("../lib/ceremony.js").Picture} Picture */
/** @typedef {import("../lib/page.js").Page} Page */
/** Where an act stands beside pictures: below them, or at their side; undefined: it has a place of its own. @typedef {"foot" | "ledger" | undefined} Form */

/** Pictures that lie over the fields, and their signs. @type {Partial<Record<Picture, string>>} */
const OVER = { held: "hold", paper: "paper", void: "void" };
/** How names are set, the airiest first: with those who sign, without, with smaller ink, and with words broken. Their size stays: a hall reads it. */
const SETS = /** @type {const} */ (["whole", "names", "tight", "broken"]);
/** Of the title, the largest first. */
const SIZES = /** @type {const} */ (["large", "middle", "small"]);
/** Of a ledger, hundredths of the screen's height: the narrowest that holds its names, for the rest is the pictures'. */
const WIDTHS = [46, 52, 58, 64, 70, 76, 82, 88, 94, 100];
/** Names beside their ink need more. */
const TIGHT_FROM = 58;
/** What an act is given, the least room first: a ledger's width, and how its names are set. @type {{width: number, way: typeof SETS[number]}[]} */
const LEDGERS = [
  ...WIDTHS.flatMap((width) => SETS.slice(0, width < TIGHT_FROM ? 2 : 3).map((way) => ({ width, way }))),
  { width: WIDTHS[WIDTHS.length - 1], way: "broken" },
];
/** The room is given by others. */
const FEET = SETS.map((way) => ({ width: 0, way }));
/** A screen less wide than so many times its height has no side to spare. */
const WIDE = 1.5;

/** Whether nothing of an element is cut. @param {Element} element @param {number} [below] px that may reach below */
function isWhole({ scrollWidth, clientWidth, scrollHeight, clientHeight }, below = 1) {
  return scrollWidth <= clientWidth && scrollHeight - clientHeight <= below;
}

/** Whether no word and no line of a text is cut; its last line's letters may reach below. @param {Element} element */
function isReadable(element) {
  return isWhole(element, Number.parseFloat(getComputedStyle(element).fontSize) / 3);
}

export class ActSheet {
  /** @param {Page} page @param {import("../lib/inks.js").Inks} inks @param {string} place the venue of this screen, or `remote` @param {Form} [form] */
  constructor(page, inks, place, form) {
    this.page = page;
    this.inks = inks;
    this.place = place;
    this.form = form;
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
    this.#fit();
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
  }

  /** Fits the act anew where its words or its room are others. */
  #fit() {
    const { body, element } = this;
    const said = () => `${innerWidth} ${innerHeight} ${body.clientWidth} ${body.clientHeight} ${element.textContent}`;
    if (said() === this.fitted || !body.clientWidth) return;
    this.#give();
    this.fitted = said();
  }

  /** Gives the act the least room in which no word of it is cut, and takes the largest title for which that is enough. */
  #give() {
    const { element, title, fields, form } = this;
    const ledger = form === "ledger" && innerWidth >= innerHeight * WIDE;
    set(element, "data-form", form && (ledger ? "ledger" : "foot"));
    for (const { width, way } of ledger ? LEDGERS : FEET) {
      style(element, { "--ledger": width });
      fields.dataset.set = way;
      for (const size of SIZES) {
        title.dataset.size = size;
        if (this.#isWhole()) return;
      }
    }
  }

  #isWhole() {
    return isWhole(this.body) && [this.title, ...this.fields.querySelectorAll(".act-party")].every(isReadable);
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
