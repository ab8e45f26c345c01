// @ts-check
/** The board's dialogs: what a moderator must say before an act. Each shows the question as it is, and keeps it in hand meanwhile. */

import { DOT, h, list, set, write } from "../lib/dom.js";
import { LANGUAGES } from "../lib/i18n.js";
import { confirm, dialog } from "../lib/keys.js";
import { languageName, stateWords } from "../lib/questions.js";
import { venuesOf } from "./clocks.js";
import { alike, may } from "./moves.js";
import { drawQuestion, questionCard } from "./question.js";
import { sourcesOf } from "./tally.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {import("./acts.js").Acts} Acts */
/** @typedef {{data: FormData, read: number | undefined, claimed: boolean}} Said what was written, the revision that was read, and whether the form claimed it */

const REASONS = ["off_topic", "duplicate", "unclear", "impolite", "personal", "no_time", "other"];
const WAYS = ["live", "written", "private", "follow_up"];
const MERGEABLE = ["submitted", "in_review", "published", "shortlisted", "on_air"];
const OFFERED = 6;
/** Characters as readers count them (extended grapheme clusters), as the server does. */
const MOST = 300;

/** @param {Page} page @param {Acts} acts @param {string} id */
export async function decline(page, acts, id) {
  const body = [choices(page, "reason", REASONS, "question.reason"), field(page, "board.note", h("textarea", { class: "input", name: "note", rows: 2 }))];
  const said = await asked(page, acts, id, { title: "board.decline-title", act: "board.decline", body });
  if (said) await acts.do("decline", id, { reason: said.data.get("reason"), note: said.data.get("note") }, said.read);
}

/** @param {Page} page @param {Acts} acts @param {string} id */
export async function answer(page, acts, id) {
  const text = h("textarea", { class: "input", name: "text", rows: 3 });
  const ways = choices(page, "how", WAYS, "question.how");
  const need = () => {
    const how = /** @type {HTMLInputElement | null} */ (ways.querySelector("input:checked"))?.value ?? "";
    text.required = how === "written" || how === "private";
  };
  ways.addEventListener("change", need);
  const said = await asked(page, acts, id, { title: "board.answer-title", act: "board.answer", body: [ways, field(page, "board.answer-text", text)] });
  if (said) await acts.do("answer", id, { how: said.data.get("how"), text: said.data.get("text") });
}

/** For whom: a speaker, a hall, both, or whoever is on stage. @param {Page} page @param {Acts} acts @param {string} id */
export async function shortlist(page, acts, id) {
  const { venue = "", speaker = "" } = acts.row(id)?.for ?? {};
  const speakers = sourcesOf(page.store.view).filter((source) => isSpeaker(source)).map((source) => /** @type {[string, string]} */ ([source.person, page.words(source.name)]));
  const halls = venuesOf(page.store.view).map(({ id: hall, city }) => /** @type {[string, string]} */ ([hall, page.words(city)]));
  const body = [
    field(page, "board.for-speaker", select("speaker", [["", page.t("board.anybody")], ...speakers], speaker)),
    field(page, "board.for-venue", select("venue", [["", page.t("board.any-hall")], ...halls], venue)),
  ];
  const said = await asked(page, acts, id, { title: "board.shortlist-title", act: "board.shortlist", body });
  if (said) await acts.do("shortlist", id, { speaker: said.data.get("speaker") || null, venue: said.data.get("venue") || null });
}

/** The definition's speakers have a Source; a guest's Source is none of them. @param {any} source @returns {source is {person: string}} */
function isSpeaker(source) {
  return Boolean(source.person) && !source.id.startsWith("guest/");
}

/** @param {Page} page @param {Acts} acts @param {string} id */
export async function merge(page, acts, id) {
  const rows = h("div", { class: "merge-rows", role: "radiogroup", "aria-label": page.t("board.merge-into") });
  const nothing = h("p", { class: "muted", role: "status" });
  const draw = (/** @type {string[]} */ ids, /** @type {any} */ qa) => {
    list(rows, ids.filter((other) => other !== id).slice(0, OFFERED), (other) => other, (other) => {
      const card = questionCard("div");
      return h("label", { class: "merge-row" }, h("input", { type: "radio", name: "into", value: other, required: true }), card);
    }, (row, other) => drawQuestion(/** @type {HTMLElement} */ (row.querySelector(".question")), page, { id: other, ...qa.items[other] }, { more: facts(page, qa, other) }));
    write(nothing, rows.children.length ? "" : page.t("board.nothing-found"));
  };
  const search = h("input", { class: "input", type: "search", autocomplete: "off", oninput: async () => {
    const text = search.value.trim();
    if (!text) return draw(alike(page.store.view.qa, id), page.store.view.qa);
    const found = await page.read({ type: "qa.find", text, states: MERGEABLE }).catch(() => null);
    if (found && text === search.value.trim()) draw(found.ids, found);
  } });
  draw(alike(page.store.view.qa, id), page.store.view.qa);
  const said = await asked(page, acts, id, { title: "board.merge-title", act: "board.merge", body: [field(page, "board.find", search), rows, nothing] });
  if (said) await acts.do("merge", id, { into: said.data.get("into") }, said.read);
}

/** `12 votes · published` @param {Page} page @param {any} qa @param {string} id */
function facts(page, qa, id) {
  return [page.t("board.votes", { n: qa.votes?.[id] ?? 0 }), stateWords(page, qa.items[id])].join(DOT);
}

/** Asks before two questions become one. @param {Page} page @param {Acts} acts @param {string} id @param {string} into */
export async function mergeInto(page, acts, id, into) {
  const [from, to] = [acts.row(id), acts.row(into)];
  if (!from || !to) return;
  const words = { title: page.t("board.merge-ask"), body: page.t("board.merge-body", { from: from.text, to: to.text }), act: page.t("board.merge") };
  if (await confirm(page.i18n, words)) await acts.do("merge", id, { into }, from.rev);
}

/** @param {Page} page @param {Acts} acts @param {string} id */
export async function takeOver(page, acts, id) {
  const holder = acts.row(id)?.claimed;
  if (!holder) return;
  const name = holder.name ?? page.t("role.moderator");
  const words = { title: page.t("board.take-over-ask", { name }), body: page.t("board.take-over-body"), act: page.t("board.take-over") };
  if (await confirm(page.i18n, words)) await acts.do("claim", id, { over: true });
}

/** The original on one side, the translation on the other. @param {Page} page @param {Acts} acts @param {string} id */
export async function translate(page, acts, id) {
  const row = acts.row(id);
  if (!row) return;
  const primary = (/** @type {string} */ tag) => tag.split("-")[0];
  const known = row.texts ?? {};
  const tags = [...new Set([...Object.values(LANGUAGES).map(({ tag }) => Object.keys(known).find((one) => primary(one) === primary(tag)) ?? tag), ...Object.keys(known)])]
    .filter((tag) => primary(tag) !== primary(row.lang));
  const first = tags.find((tag) => primary(tag) === primary(page.i18n.tag)) ?? tags.find((tag) => !known[tag]) ?? tags[0];
  const language = select("language", tags.map((tag) => [tag, languageName(tag, page.i18n.tag)]), first);
  const text = h("textarea", { class: "input", name: "text", rows: 6, "aria-describedby": "translate-count", dir: "auto" });
  const count = h("p", { class: "muted small figures", id: "translate-count" });
  const turn = () => {
    text.value = known[language.value] ?? "";
    text.lang = language.value;
    tell();
  };
  const tell = () => {
    const has = [...new Intl.Segmenter(text.lang).segment(text.value.trim())].length;
    write(count, page.t("board.length", { n: has, most: MOST }));
    set(count, "data-over", has > MOST);
    text.setCustomValidity(has > MOST ? page.t("refused.question-too-long", { has, most: MOST }) : "");
  };
  language.addEventListener("change", turn);
  text.addEventListener("input", tell);
  turn();
  const beside = h("div", { class: "translate-own" }, field(page, "board.translate-to", language), field(page, "board.translation", text), count);
  const said = await asked(page, acts, id, { title: "board.translate-title", act: "board.translate-save", body: [beside], wide: true });
  if (!said) return;
  await acts.do("translate", id, { language: said.data.get("language"), text: said.data.get("text") }, said.read);
  if (said.claimed) await acts.do("release", id);
}

/**
 * Shows the form about a question that nobody else touches meanwhile; null when it was cancelled.
 * @param {Page} page @param {Acts} acts @param {string} id
 * @param {{title: string, act: string, body: HTMLElement[], wide?: boolean}} form @returns {Promise<Said | null>}
 */
async function asked(page, acts, id, { title, act, body, wide = false }) {
  const row = acts.row(id);
  const free = Boolean(row && may("claim", row, acts.me));
  if (free && !(await acts.do("claim", id))) return null;
  const subject = about(page, id);
  const element = dialog(page.t(title), [h("div", { class: "form-body" }, subject.element, ...body)], [
    h("button", { class: "button", type: "button", onclick: () => element.close() }, page.t("word.cancel")),
    h("button", { class: "button button-primary", value: "yes" }, page.t(act)),
  ]);
  element.classList.add("form");
  set(element, "data-wide", wide);
  element.addEventListener("keydown", (event) => shortcut(event, element));
  element.showModal();
  /** @type {HTMLElement | null} */ (element.querySelector(".form-body > :not(.subject) :is(input, textarea, select)"))?.focus();
  await new Promise((closed) => element.addEventListener("close", closed, { once: true }));
  subject.stop();
  const form = /** @type {HTMLFormElement} */ (element.querySelector("form"));
  if (element.returnValue === "yes") return { data: new FormData(form), read: subject.read(), claimed: free };
  if (free) await acts.do("release", id);
  return null;
}

/** The question as it is now: what is seen here is what was read. @param {Page} page @param {string} id */
function about(page, id) {
  const card = questionCard("div");
  const changed = h("p", { class: "line-notice", role: "status", hidden: true }, page.t("board.changed-now"));
  /** @type {import("./moves.js").Row | undefined} */
  let shown;
  let first = "";
  const stop = page.watch((view) => view.qa?.items?.[id], (/** @type {import("./moves.js").Row | undefined} */ row) => {
    if (!row) return;
    first ||= row.text;
    shown = row;
    changed.hidden = row.text === first;
    const more = [languageName(row.lang, page.i18n.tag), row.detected && page.t("board.detected")].filter(Boolean).join(page.t("word.pause"));
    drawQuestion(card, page, { id, ...row }, { more, language: row.lang });
  });
  return { element: h("div", { class: "subject" }, card, changed), stop, read: () => shown?.rev };
}

/** A digit chooses, Ctrl and Enter sends. @param {KeyboardEvent} event @param {HTMLDialogElement} element */
function shortcut(event, element) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) /** @type {HTMLElement} */ (element.querySelector("[value=yes]")).click();
  const writes = /** @type {Element} */ (event.target).matches("textarea, select, input:not([type=radio])");
  const chosen = !writes && /^[1-9]$/.test(event.key) ? element.querySelectorAll("input[type=radio]")[Number(event.key) - 1] : null;
  if (chosen instanceof HTMLInputElement) {
    chosen.focus();
    chosen.click();
  }
}

/** @param {Page} page @param {string} name @param {string[]} values @param {string} words prefix of their texts */
function choices(page, name, values, words) {
  return h("fieldset", { class: "field choices" }, h("legend", {}, page.t(`board.${name}`)),
    ...values.map((value, n) => h("label", { class: "check" },
      h("input", { type: "radio", name, value, required: true, checked: n === 0 }), h("span", {}, page.t(`${words}.${value}`)), h("kbd", { "aria-hidden": "true" }, String(n + 1)))));
}

let fields = 0;

/** @param {Page} page @param {string} label @param {HTMLElement} input */
function field(page, label, input) {
  input.id = `form-field-${++fields}`;
  return h("div", { class: "field" }, h("label", { for: input.id }, page.t(label)), input);
}

/** @param {string} name @param {[string, string][]} options @param {string} chosen */
function select(name, options, chosen) {
  return h("select", { class: "select", name }, ...options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));
}
