// @ts-check
/** One question, the same on every page: its words in one or two languages, who asked it and where, and a place for acts. */

import { find, h, set, write } from "../lib/dom.js";
import { placeWords, readIn } from "../lib/questions.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {import("../lib/questions.js").Question} Question */

/**
 * An empty card; `aside` stands beside the words (a vote, buttons).
 * @param {"li" | "article" | "div"} tag @param {...(Node | string)} aside
 */
export function questionCard(tag, ...aside) {
  return h(tag, { class: "question" },
    h("div", { class: "question-words" },
      h("p", { class: "question-text", dir: "auto" }),
      h("p", { class: "question-beside", dir: "auto", hidden: true }),
      h("p", { class: "question-facts" }, h("bdi", { class: "question-by" }), h("span", { class: "question-place" }), h("span", { class: "question-more" }))),
    h("div", { class: "question-aside" }, ...aside));
}

/**
 * Fills a card. `two`: a second language stands beside the first where there is one; `more`: a further fact, as its state.
 * @param {HTMLElement} card @param {Page} page @param {Question} question @param {{two?: boolean, more?: string, language?: string}} [options]
 */
export function drawQuestion(card, page, question, { two = false, more = "", language = page.i18n.tag } = {}) {
  const { first, beside } = readIn(question, language, { two });
  const other = find(card, ".question-beside");
  set(card, "data-question", question.id);
  set(card, "data-state", question.state);
  saidIn(find(card, ".question-text"), first);
  saidIn(other, beside ?? { text: "", lang: "" });
  other.hidden = !beside;
  write(find(card, ".question-by"), question.anonymous && !question.by ? page.t("question.anonymous") : question.by ?? "");
  write(find(card, ".question-place"), placeWords(page, question.venue));
  write(find(card, ".question-more"), more);
}

/** @param {HTMLElement} element @param {import("../lib/questions.js").Said} said */
function saidIn(element, { text, lang }) {
  write(element, text);
  set(element, "lang", lang || null);
}
