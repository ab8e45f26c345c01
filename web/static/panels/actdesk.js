// @ts-check
/** The act at hand: the way it has gone, what may be done with it now, its tables, its documents and its record. */

import { actOf, may, onward, pictureOf, shortened, STEPS } from "../lib/ceremony.js";
import { DOT, find, h, keepPlace, list, set, write } from "../lib/dom.js";
import { NOTHING } from "../lib/i18n.js";
import { confirm, dialog } from "../lib/keys.js";
import { languageName } from "../lib/questions.js";
import { stepWords, tallyOfAct } from "./actlist.js";
import { recordButton } from "./records.js";
import { SigningTables } from "./signtable.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */
/** @typedef {import("../lib/ceremony.js").Move} Move */

/** In this order they stand beside the one that brings the act on. @type {readonly Move[]} */
const MOVES = ["lock", "unlock", "seat", "arm", "go", "hold", "resume", "exchange", "unveil", "seal", "retake", "paper", "void"];
/** What cannot be taken back asks by naming the act, once. @type {readonly Move[]} */
const ASKED = ["retake", "paper", "void"];
/** Words of a void's reason. */
const REASON_MAX = 300;

export class ActDesk {
  /** @param {HTMLElement} element @param {import("../lib/page.js").Page} page @param {import("../lib/inks.js").Inks} inks */
  constructor(element, page, inks) {
    this.element = element;
    this.page = page;
    /** @type {Act | null} */
    this.act = null;
    this.say = page.sayer(find(element, "[data-said]"));
    this.tables = new SigningTables(find(element, "[data-tables]"), page, inks, (refusal) => this.say(() => page.refusal(refusal)));
    this.record = recordButton(page, () => this.act?.id ?? "", this.say);
    find(element, "[data-act=onward]").addEventListener("click", () => this.act && void this.move(onward(this.act)));
  }

  /** @param {Act | null} act */
  draw(act) {
    const { element, page } = this;
    this.act = act;
    element.hidden = !act;
    if (!act) return;
    element.dataset.step = act.step;
    page.i18n.say(find(element, "[data-title]"), act.title);
    write(find(element, "[data-kind]"), [page.t(`officer.kind.${act.kind}`), page.words(act.sector), act.take > 1 ? page.t("officer.take", { n: act.take }) : ""].filter(Boolean).join(DOT));
    /** @type {import("../lib/components.js").HallTally} */ (find(element, "[data-tally]")).show(tallyOfAct(act), this.#stand(act));
    this.#steps(act);
    // What brings the act on would be one Enter too near: the focus goes to the title, before it.
    keepPlace(element, () => this.#moves(act), () => find(element, "[data-title]"));
    this.tables.draw(act);
    this.#facts(act);
  }

  /** @param {Act} act */
  #stand(act) {
    const { page } = this;
    const left_ms = (act.opens_ms ?? 0) - page.clock.now();
    return pictureOf(act, page.clock.now()) === "counting" ? page.t("ceremony.opens-in", { n: Math.ceil(left_ms / 1_000) }) : stepWords(page, act);
  }

  /** @param {Act} act */
  #steps(act) {
    const steps = STEPS.filter((step) => step !== "exchanged" || ["signing", "appointment"].includes(act.kind));
    const at = steps.indexOf(/** @type {any} */ (act.step));
    list(find(this.element, "[data-steps]"), steps, (step) => step, () => h("li"), (row, step) => {
      write(row, this.page.t(`officer.step.${step}`));
      set(row, "data-past", steps.indexOf(step) < at);
      set(row, "aria-current", step === act.step ? "step" : null);
    });
  }

  /** @param {Act} act */
  #moves(act) {
    const main = onward(act);
    const button = find(this.element, "[data-act=onward]");
    button.hidden = !main;
    if (main) {
      write(button, this.page.t(`officer.move.${main}`));
      button.dataset.move = main;
      set(button, "class", `button ${main === "go" ? "button-take" : "button-primary"} button-onward`);
    }
    const others = MOVES.filter((move) => move !== main && may(move, act));
    list(find(this.element, "[data-moves]"), others, (move) => move, (move) => h("button", { type: "button", class: "button", "data-move": move, onclick: () => void this.move(move) }),
      (each, move) => write(each, this.page.t(`officer.move.${move}`)));
  }

  /** @param {Move | null} move */
  async move(move) {
    const { act, page } = this;
    if (!act || !move || !may(move, act)) return;
    /** @type {{type: string} & Record<string, any>} */
    const command = { type: `ceremony.${move}`, act: act.id };
    if (ASKED.includes(move)) {
      const more = await this.#ask(move, act);
      if (!more || !may(move, actOf(page.store.view, act.id) ?? act)) return;
      Object.assign(command, more);
    }
    this.say(NOTHING);
    try {
      await page.send(command);
    } catch (refusal) {
      this.say(() => page.refusal(refusal));
    }
  }

  /** @param {Move} move @param {Act} act @returns {Promise<object | null>} what goes with the command; null: it was left */
  async #ask(move, act) {
    const { page } = this;
    const title = page.t(`officer.ask-${move}`, { title: page.words(act.title) });
    if (move !== "void") return (await confirm(page.i18n, { title, body: page.t(`officer.ask-${move}-body`), act: page.t(`officer.move.${move}`) })) ? {} : null;
    const reason = h("input", { class: "input", id: "void-reason", maxlength: REASON_MAX, required: true, autocomplete: "off" });
    const asked = dialog(title, [h("p", {}, page.t("officer.ask-void-body")), h("div", { class: "field" }, h("label", { for: "void-reason" }, page.t("officer.reason")), reason)], [
      h("button", { class: "button", value: "no", formnovalidate: true }, page.t("word.cancel")),
      h("button", { class: "button button-take", value: "yes" }, page.t("officer.move.void")),
    ]);
    asked.showModal();
    reason.focus();
    await new Promise((resolve) => asked.addEventListener("close", resolve, { once: true }));
    return asked.returnValue === "yes" && reason.value.trim() ? { reason: reason.value.trim() } : null;
  }

  /** Documents by language with their hashes, the instrument, a void's reason, the record. @param {Act} act */
  #facts(act) {
    const { page } = this;
    const documents = Object.entries(act.documents ?? {}).map(([tag, { digest, pages }]) => [languageName(tag, page.i18n.tag), page.t("officer.document", { n: pages, hash: shortened(digest) })]);
    const rows = [
      [page.t("officer.instrument"), page.t(`officer.instrument.${act.instrument ?? "none"}`)],
      ...(documents.length ? documents : [[page.t("pad.document"), page.t("officer.no-documents")]]),
      ...(act.voided ? [[page.t("officer.reason"), act.voided]] : []),
      ...(act.record ? [[page.t("officer.record"), shortened(act.record)]] : []),
    ];
    list(find(this.element, "[data-facts]"), rows, ([name]) => name, () => h("div", { class: "act-fact" }, h("dt", { class: "muted" }), h("dd", { class: "figures" })), (row, [name, value]) => {
      write(row.children[0], name);
      write(row.children[1], value);
    });
    if (!this.record.isConnected) this.element.append(this.record);
    this.record.hidden = !act.record;
  }
}
