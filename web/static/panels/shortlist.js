// @ts-check
/** The question on air and the shortlisted ones, large: for those on stage, and for the director, who leads through them. */

import { find, h, list, set, write } from "../lib/dom.js";
import { placeWords } from "../lib/questions.js";
import { guestAct, may } from "./moves.js";
import { drawQuestion, questionCard } from "./question.js";
import { sourcesOf } from "./tally.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {import("./acts.js").Acts} Acts */
/** @typedef {import("./moves.js").Act} Act */
/** @typedef {{act: Act, key: string, more?: Record<string, string>}} Offer */

/** A longer question is set smaller where the room is the screen's. */
const LONG = 90;
/** The director's keys. */
const KEYS = { air: "n", answer: "k", guest: "g" };

/**
 * @param {HTMLElement} root
 * @param {Page} page
 * @param {{most?: number, acts?: Acts}} [options] `most`: rows beside the one on air that there is room for; `acts`: of who leads
 */
export function shortlist(root, page, { most = Infinity, acts } = {}) {
  const rows = h("ol", { class: "shortlist-rows" });
  const empty = h("p", { class: "muted shortlist-empty" });
  root.append(rows, empty);
  const draw = () => {
    const { qa } = page.store.view;
    if (!qa) return;
    const waiting = waitingOf(qa).sort((a, b) => Number(isYours(page, qa.items[b])) - Number(isYours(page, qa.items[a])));
    const ids = [...(qa.on_air ? [qa.on_air] : []), ...waiting.slice(0, most)];
    set(root, "data-some", ids.length > 0);
    list(rows, ids, (id) => id, () => made(acts), (row, id) => fill(row, page, id, qa.items[id], acts));
    const left = waiting.length - Math.min(waiting.length, most);
    empty.hidden = ids.length > 0 && !left;
    write(empty, left ? page.t("shortlist.more", { n: left }) : page.t("shortlist.empty"));
  };
  page.watch((view) => view.qa, draw);
  page.watch((view) => view.conference, draw);
  acts?.addEventListener("busy", draw);
}

/** The director's keys: the next question on air, the one on air answered, its asker on stage and back. @param {Page} page @param {Acts} acts */
export function leadByKeys(page, acts) {
  const qa = () => page.store.view.qa ?? {};
  page.keys.add(KEYS.air, "shortlist.key-next", () => {
    const [next] = qa().columns?.shortlisted.ids ?? [];
    if (next) void acts.do("air", next);
  });
  page.keys.add(KEYS.answer, "shortlist.key-answered", () => qa().on_air && void acts.do("answer", qa().on_air, { how: "live" }));
  page.keys.add(KEYS.guest, "board.key-guest", () => {
    const id = guestOf(qa());
    const act = id && guestAct(qa().items[id]);
    if (act) void acts.do(act, id);
  });
}

/** The question whose asker the key is about: who is on stage, who agreed, who is asked; else the question on air. @param {any} qa @returns {string} */
function guestOf(qa) {
  const ids = Object.keys(qa.items ?? {});
  const at = (/** @type {string} */ step) => ids.find((id) => qa.items[id].guest === step);
  return qa.on_stage?.question ?? at("agreed") ?? at("invited") ?? qa.on_air ?? "";
}

/** Shortlisted questions in their order, and those elsewhere whose asker is on the way. @param {any} qa @returns {string[]} */
function waitingOf(qa) {
  const listed = qa.shortlist ?? qa.columns?.shortlisted.ids ?? [];
  const guest = guestOf(qa);
  return guest && qa.items[guest]?.guest && guest !== qa.on_air && !listed.includes(guest) ? [guest, ...listed] : [...listed];
}

/** Whether the question is for who has this page open, by name or by hall. @param {Page} page @param {any} row */
function isYours(page, row) {
  const { speaker, venue } = row?.for ?? {};
  const { person, venue: here } = page.me ?? {};
  return Boolean((speaker && speaker === person) || (venue && venue === here));
}

/** @param {Acts | undefined} acts */
function made(acts) {
  const buttons = acts && h("div", { class: "buttons shortlist-acts" });
  return h("li", { class: "shortlist-row" },
    h("p", { class: "shortlist-tallies" }, h(/** @type {any} */ ("hall-tally"), { state: "off" }), h(/** @type {any} */ ("hall-tally"), { state: "off" })),
    questionCard("div"), ...(buttons ? [buttons] : []));
}

/** @param {HTMLElement} element @param {Page} page @param {string} id @param {any} row @param {Acts | undefined} acts */
function fill(element, page, id, row, acts) {
  const onAir = row.state === "on_air";
  const [stand, guest] = /** @type {import("../lib/components.js").HallTally[]} */ ([...element.querySelectorAll("hall-tally")]);
  const yours = !onAir && isYours(page, row);
  stand.show(onAir ? "on-air" : yours ? "next" : "off", onAir ? page.t("tally.on-air") : yours ? page.t("shortlist.yours") : target(page, row));
  const step = row.guest && row.guest !== "sent_back" ? page.t(`board.guest.${row.guest}`) : "";
  guest.show({ invited: "hold", agreed: "ready", refused: "lost", on_stage: "on-air" }[/** @type {string} */ (row.guest)] ?? "off", step);
  guest.hidden = !step;
  stand.hidden = !onAir && !yours && !row.for;
  drawQuestion(/** @type {HTMLElement} */ (element.querySelector(".question")), page, { id, ...row }, { two: true });
  set(element, "data-long", row.text.length > LONG);
  if (acts) offer(find(element, ".shortlist-acts"), page, id, row, acts);
}

/** @param {Page} page @param {any} row */
function target(page, { for: whom = {} }) {
  const source = whom.speaker && sourcesOf(page.store.view).find((/** @type {any} */ one) => one.person === whom.speaker);
  const names = [source && page.words(source.name), whom.venue && placeWords(page, whom.venue)].filter(Boolean).join(page.t("word.comma"));
  return names && page.t("board.for", { target: names });
}

/** @param {HTMLElement} root @param {Page} page @param {string} id @param {any} row @param {Acts} acts */
function offer(root, page, id, row, acts) {
  const { qa } = page.store.view;
  const guest = guestAct(row);
  const first = qa.columns?.shortlisted.ids[0] === id;
  /** @type {Offer[]} */
  const offers = [
    ...(may("air", row, acts.me) ? [{ act: /** @type {Act} */ ("air"), key: first ? KEYS.air : "" }] : []),
    ...(row.state === "on_air" ? [{ act: /** @type {Act} */ ("answer"), key: KEYS.answer, more: { how: "live" } }] : []),
    ...(guest ? [{ act: guest, key: guestOf(qa) === id ? KEYS.guest : "" }] : []),
  ];
  list(root, offers, ({ act }) => act, ({ act, more }) => h("button", { class: "button", type: "button", "data-act": act, onclick: (/** @type {MouseEvent} */ event) => {
    void acts.do(act, id, more);
    if (event.detail) /** @type {HTMLElement} */ (event.currentTarget).blur();
  } }, h("span"), h("kbd", { "aria-hidden": "true" })), (button, { act, key }) => {
    write(/** @type {Element} */ (button.firstElementChild), page.t(`board.${act}`));
    write(/** @type {Element} */ (button.lastElementChild), key.toUpperCase());
  });
}
