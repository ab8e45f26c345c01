// @ts-check
/** The questions of a room for those who ask: what is on air, one's own, everybody's to vote for, and the box to ask in. */

import { Asking } from "../lib/asking.js";
import { DOT, h, icon, list, set, write } from "../lib/dom.js";
import { confirm } from "../lib/keys.js";
import { register } from "../lib/panels.js";
import { questionsOf, stateWords, steady, tallyOfState } from "../lib/questions.js";
import { mountAsk } from "./ask.js";
import { drawQuestion, questionCard } from "./question.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {import("../lib/questions.js").Question} Question */
/** @typedef {"votes" | "time"} Order */

/** The list keeps its order so long after somebody moved in it: no row leaves from under a thumb, ms. */
const HOLD_MS = 2_500;
/** Rows that one look further brings. */
const MORE = 50;

class QuestionsPanel {
  /** @param {HTMLElement} element @param {Page} page */
  constructor(element, page) {
    this.page = page;
    this.asking = new Asking(page);
    /** @type {Order} */
    this.order = "votes";
    /** @type {string[]} */
    this.shown = [];
    /** Rows beyond the window, as they were when somebody asked for more. @type {Question[]} */
    this.further = [];
    /** What the server did not do, until the next act. */
    this.fault = "";
    this.held_until_ms = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.release = undefined;
    this.air = h("section", { class: "questions-air", hidden: true }, h(/** @type {any} */ ("hall-tally"), { state: "off" }), questionCard("div"));
    this.own = h("ul", { class: "rows question-rows" });
    this.ownBox = h("section", { class: "questions-own", hidden: true }, h("h2", { class: "questions-head", "data-t": "questions.own" }), this.own);
    this.orders = ["votes", "time"].map((order) => h("button", { type: "button", class: "button button-quiet", "data-t": `questions.by-${order}`, onclick: () => this.sort(/** @type {Order} */ (order)) }));
    this.said = h("p", { class: "questions-said muted small", role: "status" });
    this.all = h("ul", { class: "rows question-rows" });
    this.empty = h("p", { class: "questions-empty muted" });
    this.more = h("button", { type: "button", class: "button", "data-t": "questions.more", hidden: true, onclick: () => this.findMore() });
    this.answered = h("ul", { class: "rows question-rows" });
    this.done = h("details", { class: "questions-done", hidden: true }, h("summary"), this.answered);
    this.scroll = h("div", { class: "questions-scroll", tabindex: "0" },
      this.air, this.ownBox,
      h("div", { class: "questions-bar" }, h("div", { class: "questions-orders", role: "group", "data-t-label": "questions.order" }, ...this.orders), this.said),
      this.all, this.empty, this.more, this.done);
    element.classList.add("questions");
    this.ask = mountAsk(page, this.asking);
    element.append(this.scroll, this.ask.form);
    page.i18n.apply(element);
    this.#follow();
  }

  #follow() {
    for (const move of ["pointermove", "pointerdown", "keydown", "focusin"]) this.all.addEventListener(move, () => this.#hold());
    this.asking.addEventListener("change", () => this.draw());
    this.asking.addEventListener("refused", (event) => this.#refused(/** @type {CustomEvent} */ (event).detail));
    this.stops = [
      this.page.watch((view) => view.qa, () => this.draw()),
      this.page.watch((view) => view.conference, () => this.draw()),
    ];
  }

  end() {
    this.stops?.forEach((stop) => stop());
    this.ask.end();
  }

  /** @returns {any} */
  get qa() {
    return this.page.store.view.qa ?? {};
  }

  /** @param {Order} order */
  sort(order) {
    this.order = order;
    this.held_until_ms = 0;
    this.further = [];
    this.draw();
    this.scroll.scrollTo({ top: 0 });
  }

  #hold() {
    this.held_until_ms = performance.now() + HOLD_MS;
    clearTimeout(this.release);
    this.release = setTimeout(() => this.draw(), HOLD_MS);
  }

  /** The window of open questions in the order that was asked for. @returns {string[]} */
  get window() {
    return (this.order === "votes" ? this.qa.by_votes : this.qa.by_time) ?? [];
  }

  draw() {
    const { qa, page } = this;
    const open = this.window.filter((id) => id !== qa.on_air);
    this.shown = performance.now() < this.held_until_ms ? steady(this.shown, open) : open;
    const further = this.further.filter(({ id }) => !this.shown.includes(id) && id !== qa.on_air);
    this.#drawAir();
    this.#drawOwn(new Set([...this.shown, qa.on_air, ...(qa.answered ?? []), ...further.map(({ id }) => id)]));
    this.orders.forEach((button, index) => set(button, "aria-pressed", String(["votes", "time"][index] === this.order)));
    write(this.said, this.#rules());
    list(this.all, [...questionsOf(qa, this.shown), ...further], ({ id }) => id, ({ id }) => questionCard("li", this.#voteButton(id)), (card, question) => this.#drawOpen(card, question));
    this.empty.hidden = this.all.children.length > 0;
    const others = qa.on_air || qa.answered?.length;
    write(this.empty, page.t(others ? "questions.empty-else" : qa.doors?.asking === false ? "questions.empty-closed" : "questions.empty"));
    this.more.hidden = (qa.counts?.open ?? 0) <= this.window.length + this.further.length;
    this.#drawDone();
  }

  #drawAir() {
    const [question] = questionsOf(this.qa, [this.qa.on_air ?? ""]);
    this.air.hidden = !question;
    if (!question) return;
    /** @type {import("../lib/components.js").HallTally} */ (this.air.firstElementChild).show("on-air", this.page.t("tally.on-air"));
    drawQuestion(/** @type {HTMLElement} */ (this.air.lastElementChild), this.page, question, { two: true, more: this.#mark(question) });
  }

  /** Those of one's own that stand in no other list, and those that are on their way. @param {Set<string>} elsewhere */
  #drawOwn(elsewhere) {
    const { own, asks } = this.asking;
    const kept = Object.entries(own.asked ?? {})
      .map(([id, row]) => ({ id, ...row }))
      .filter(({ id, state }) => !elsewhere.has(id) && state !== "archived")
      .sort((a, b) => b.seq - a.seq);
    const sending = asks.map(({ id, text, language, anonymous, certain }) => ({
      id: `ask ${id}`, text, lang: language ?? "", anonymous, state: certain ? "certain" : "pending", seq: 0, at_ms: 0, moved_ms: 0,
    }));
    this.ownBox.hidden = !kept.length && !sending.length;
    list(this.own, /** @type {Question[]} */ ([...sending, ...kept]), ({ id }) => id, () => questionCard("li"), (card, question) => this.#drawMine(card, question));
  }

  /** @param {HTMLElement} card @param {Question} question */
  #drawMine(card, question) {
    const { page, asking } = this;
    const text = asking.edited(question.id) ?? question.text;
    const onItsWay = question.state === "pending" || text !== question.text || asking.withdrawing(question.id);
    const words = onItsWay ? page.t("questions.pending") : question.state === "certain" ? page.t("question.state.submitted") : stateWords(page, question);
    drawQuestion(card, page, { ...question, text, venue: question.venue ?? this.#hall() }, { more: words });
    card.dataset.tally = onItsWay ? "pending" : tallyOfState(question.state);
    this.#drawActs(card, question, !onItsWay);
    this.#drawAnswer(card, question);
  }

  /** @returns {string | undefined} */
  #hall() {
    return this.page.me?.venue;
  }

  /** @param {HTMLElement} card @param {Question} question @param {boolean} settled */
  #drawActs(card, question, settled) {
    const acts = settled ? [question.can_edit && "edit", question.can_withdraw && "withdraw"].filter(Boolean) : [];
    const box = /** @type {HTMLElement} */ (card.querySelector(".question-acts") ?? card.appendChild(h("div", { class: "question-acts" })));
    list(box, /** @type {string[]} */ (acts), (act) => act, (act) => h("button", { type: "button", class: "button button-quiet", "data-act": act }), (button, act) => {
      write(button, this.page.t(`questions.${act}`));
      button.onclick = () => (act === "edit" ? this.ask.edit(question) : this.#withdraw(question));
    });
  }

  /** A written answer, a private one, or the moderator's note. @param {HTMLElement} card @param {Question} question */
  #drawAnswer(card, question) {
    const words = question.answer ?? question.note ?? "";
    const said = card.querySelector(".question-answer") ?? card.appendChild(h("p", { class: "question-answer", dir: "auto" }));
    write(said, words);
    /** @type {HTMLElement} */ (said).hidden = !words;
  }

  /** @param {Question} question */
  async #withdraw({ id, text }) {
    const { page } = this;
    if (!(await confirm(page.i18n, { title: page.t("questions.ask-withdraw"), body: text, act: page.t("questions.withdraw") }))) return;
    page.send({ type: "qa.withdraw", question: id }).catch(() => undefined);
  }

  /** @param {HTMLElement} card @param {Question} question */
  #drawOpen(card, question) {
    const own = this.asking.own.asked?.[question.id];
    drawQuestion(card, this.page, question, { more: this.#mark(question) });
    set(card, "data-mine", Boolean(own));
    this.#drawVote(/** @type {HTMLElement} */ (card.querySelector(".vote")), question);
    this.#drawActs(card, { ...question, can_edit: own?.can_edit, can_withdraw: own?.can_withdraw }, !this.asking.withdrawing(question.id));
  }

  /** @param {Question} question */
  #mark(question) {
    const { page } = this;
    const mine = this.asking.own.asked?.[question.id] ? page.t("questions.yours") : "";
    const stands = question.state === "published" || question.state === "on_air" ? "" : stateWords(page, question);
    return [mine, stands].filter(Boolean).join(DOT);
  }

  /** @param {string} id */
  #voteButton(id) {
    const vote = () => {
      this.fault = "";
      this.page.send({ type: "qa.vote", question: id, on: !this.asking.votes(id) }).catch(() => undefined);
    };
    return h("button", { type: "button", class: "vote", onclick: vote }, icon("vote"), h("span", { class: "unseen" }), h("span", { class: "figures" }));
  }

  /** @param {HTMLElement} button @param {Question} question */
  #drawVote(button, { id, text }) {
    const { qa, page, asking } = this;
    const on = asking.votes(id);
    const counts = qa.votes ? (qa.votes[id] ?? this.further.find((one) => one.id === id)?.votes ?? 0) + asking.ahead(id) : null;
    set(button, "aria-pressed", String(on));
    set(button, "disabled", !qa.doors?.voting);
    write(/** @type {Element} */ (button.querySelector(".unseen")), page.t("questions.vote", { text }));
    write(/** @type {Element} */ (button.lastElementChild), counts === null ? "" : page.i18n.number(counts));
  }

  /** What holds for the votes now. */
  #rules() {
    const { qa, page } = this;
    const closed = qa.doors && !qa.doors.voting ? page.t("questions.voting-closed") : "";
    const hidden = qa.counts_from_ms ? page.t("questions.counts-from", { time: page.i18n.time(qa.counts_from_ms) }) : "";
    return page.i18n.sentences([this.fault, closed, hidden]);
  }

  #drawDone() {
    const { qa, page } = this;
    const questions = questionsOf(qa, qa.answered);
    this.done.hidden = !questions.length;
    write(/** @type {Element} */ (this.done.firstElementChild), page.t("questions.answered", { n: qa.counts?.answered ?? questions.length }));
    list(this.answered, questions, ({ id }) => id, () => questionCard("li"), (card, question) => {
      const own = this.asking.own.asked?.[question.id];
      drawQuestion(card, page, question, { more: this.#mark(question) });
      this.#drawAnswer(card, own ? { ...question, answer: own.answer ?? question.answer } : question);
    });
  }

  async findMore() {
    try {
      const start = this.window.length + this.further.length;
      const found = await this.page.read({ type: "qa.find", order: this.order, states: ["published", "shortlisted", "on_air"], start, count: MORE });
      const rows = found.ids.map((/** @type {string} */ id) => ({ id, ...found.items[id], votes: found.votes?.[id] }));
      this.further = [...this.further, ...rows];
      this.draw();
    } catch (error) {
      this.fault = this.page.refusal(error);
      this.draw();
    }
  }

  /** What the server did not do, in words; what was written goes back into the box. @param {{command: any, refusal: unknown}} detail */
  #refused({ command, refusal }) {
    if (command.type === "qa.vote" || command.type === "qa.withdraw") this.fault = this.page.refusal(refusal);
    else if (command.type === "qa.ask" || command.type === "qa.edit") this.ask.giveBack(command, refusal);
  }
}

/** @param {HTMLElement} element @param {Page} page @returns {() => void} */
export function mountQuestions(element, page) {
  const panel = new QuestionsPanel(element, page);
  return () => panel.end();
}

register({ id: "questions", order: 10, mount: mountQuestions });
