// @ts-check
/** Questions as people read them: in whose words, asked by whom, where they stand. Pure but for the page's words. */

import { LANGUAGES, languageOf } from "./i18n.js";

/**
 * A row of `view.qa.items`, of `mine.qa.asked` or of what was found, with its id.
 * @typedef {object} Question
 * @property {string} id @property {number} seq @property {number} at_ms @property {string} text @property {string} lang
 * @property {string} state @property {number} moved_ms @property {string} [by] @property {string} [venue] @property {boolean} [anonymous]
 * @property {Record<string, string>} [texts] reviewed translations @property {number} [aired_ms]
 * @property {{speaker?: string, venue?: string}} [for] @property {string} [how] @property {string} [answer]
 * @property {string} [reason] @property {string} [note] @property {string} [into] @property {string} [into_state]
 * @property {number} [votes] of a row that was found
 * @property {boolean} [can_edit] @property {boolean} [can_withdraw] @property {string} [guest]
 */
/** A text and the language it is in (BCP 47). @typedef {{text: string, lang: string}} Said */

/** The rows of these ids, in their order; those that are not there are left out. @param {any} qa @param {readonly string[] | undefined} ids @returns {Question[]} */
export function questionsOf(qa, ids = []) {
  return ids.filter((id) => qa?.items?.[id]).map((id) => ({ id, ...qa.items[id] }));
}

/**
 * The question for a reader of `language`: their own words first where there are some, then the original, or for `two`
 * whatever other language stands beside.
 * @param {Pick<Question, "text" | "lang" | "texts">} question @param {string} language of the page or the hall (BCP 47)
 * @param {{two?: boolean}} [options] @returns {{first: Said, beside: Said | null}}
 */
export function readIn({ text, lang, texts = {} }, language, { two = false } = {}) {
  const original = { text, lang };
  const others = Object.entries(texts).map(([tag, words]) => ({ text: words, lang: tag }));
  const speaks = (/** @type {Said} */ said) => primary(said.lang) === primary(language);
  if (speaks(original)) return { first: original, beside: two ? others.find((said) => !speaks(said)) ?? null : null };
  const own = others.find(speaks);
  if (own) return { first: own, beside: original };
  return { first: original, beside: two ? others[0] ?? null : null };
}

/** @param {string} tag */
function primary(tag) {
  return tag.toLowerCase().split("-")[0];
}

/** The name of a language in the reader's own: `German`, `allemand`. @param {string} tag @param {string} readers both BCP 47 */
export function languageName(tag, readers) {
  try {
    return new Intl.DisplayNames([readers], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/**
 * What an organiser set, and what holds where nothing is said (as `qa.configure`).
 * @typedef {{moderation: "before" | "after", anonymous: boolean, cooldown_s: number, cap: number, languages: string[], hide_counts_s: number, group_votes: boolean}} Rules
 */
/** @param {any} qa @returns {Rules} */
export function rulesOf(qa) {
  return { moderation: "before", anonymous: true, cooldown_s: 20, cap: 10, languages: [], hide_counts_s: 0, group_votes: true, ...qa?.rules };
}

/** An order that moves nothing which is shown: what stays keeps its place, what is new comes behind. @param {readonly string[]} shown @param {readonly string[]} wanted */
export function steady(shown, wanted) {
  return [...shown.filter((id) => wanted.includes(id)), ...wanted.filter((id) => !shown.includes(id))];
}

/** Languages to choose a question's from: the room's, or else those of the pages; with the tag that is sent. @param {readonly string[]} taken of the room's rules */
export function languagesToAskIn(taken) {
  return taken.length ? [...taken] : Object.keys(LANGUAGES);
}

/** The tag of a page language for `page_language`. @param {string} tag */
export function askingLanguage(tag) {
  return languageOf(tag) ?? "en";
}

/** Where it was asked: the hall's city, or online. @param {import("./page.js").Page} page @param {string | undefined} venue */
export function placeWords(page, venue) {
  return venue ? page.words(page.store.view.conference?.venues?.[venue]?.city) || venue : page.t("question.online");
}

/**
 * Where a question stands, for the person who asked it: `not taken: off topic`, `answered in writing`.
 * @param {import("./page.js").Page} page @param {Pick<Question, "state" | "reason" | "how" | "into_state">} question
 */
export function stateWords({ t }, { state, reason, how, into_state }) {
  const words = t(`question.state.${state}`);
  if (state === "declined" && reason) return t("word.labelled", { label: words, text: t(`question.reason.${reason}`) });
  if (state === "answered" && how) return t(`question.how.${how}`);
  if (state === "merged" && into_state) return t("word.labelled", { label: words, text: t(`question.state.${into_state}`) });
  return words;
}

/** Which tally a state is: on air, next, ready, hold, off. @param {string} state @returns {"on-air" | "next" | "ready" | "hold" | "off"} */
export function tallyOfState(state) {
  switch (state) {
    case "on_air":
      return "on-air";
    case "shortlisted":
      return "next";
    case "answered":
      return "ready";
    case "submitted":
    case "in_review":
      return "hold";
    default:
      return "off";
  }
}
