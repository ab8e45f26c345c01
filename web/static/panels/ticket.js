// @ts-check
/** One question on the moderator's board: the card, where it stands, and what may be done with it. */

import { DOT, find, h, list, set, write } from "../lib/dom.js";
import { languageName, placeWords, stateWords } from "../lib/questions.js";
import { venuesOf } from "./clocks.js";
import { columnOf, guestAct, isHeld, may } from "./moves.js";
import { drawQuestion, questionCard } from "./question.js";
import { sourcesOf } from "./tally.js";

/** @typedef {import("./moves.js").Act} Act */
/** @typedef {import("./moves.js").Row} Row */
/** @typedef {import("./acts.js").Acts} Acts */
/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {{act: Act, words: string, key: string, strong?: boolean}} Offer */

/** Every act of the board with its key, the usual first. @type {readonly {act: Act, key: string}[]} */
export const ACTS = [
  { act: "publish", key: "p" }, { act: "air", key: "a" }, { act: "shortlist", key: "s" }, { act: "answer", key: "e" }, { act: "decline", key: "d" },
  { act: "translate", key: "t" }, { act: "merge", key: "j" }, { act: "claim", key: "c" }, { act: "release", key: "c" }, { act: "undo", key: "u" }, { act: "archive", key: "x" },
];
/** The one key of the asker on the way to the stage and back. */
export const GUEST_KEY = "g";
/** The act that a column is for. @type {Record<string, Act>} */
const USUAL = { review: "publish", published: "shortlist", shortlisted: "air", on_air: "answer", done: "archive" };

/** @param {(act: Act, id: string) => void} start */
export function ticket(start) {
  const acts = h("div", { class: "ticket-acts", onclick: (/** @type {MouseEvent} */ event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    const card = button?.closest(".ticket");
    if (button instanceof HTMLElement && card instanceof HTMLElement) start(/** @type {Act} */ (button.dataset.act), card.dataset.key ?? "");
  } });
  return h("li", { class: "ticket", tabindex: "-1", draggable: "true" },
    h("p", { class: "ticket-tallies" }, tally("stand"), tally("hand"), tally("guest")),
    questionCard("div", h("span", { class: "ticket-votes figures" }), h("time", { class: "ticket-age muted" })), h("p", { class: "ticket-answer small", dir: "auto" }), acts);
}

/** @param {string} what */
function tally(what) {
  return h(/** @type {any} */ ("hall-tally"), { state: "off", "data-tally": what });
}

/**
 * @param {HTMLElement} element @param {Page} page @param {Acts} acts @param {{id: string, row: Row, votes: number, next?: boolean, stands?: boolean}} question `stands`: say where it stands
 */
export function drawTicket(element, page, acts, { id, row, votes, next = false, stands = false }) {
  const column = columnOf(row.state);
  drawQuestion(/** @type {HTMLElement} */ (element.querySelector(".question")), page, { id, ...row }, { two: true, more: facts(page, row, stands || column === "done") });
  write(find(element, ".ticket-votes"), page.t("board.votes", { n: votes }));
  say(element, "stand", column === "on_air" ? "on-air" : next ? "next" : "off", column === "on_air" ? page.t("tally.on-air") : next ? page.t("tally.next") : "");
  const held = isHeld(row, acts.me);
  const holder = row.claimed?.name ?? page.t("role.moderator");
  say(element, "hand", held ? "hold" : "ready", row.claimed ? (held ? page.t("board.held", { name: holder }) : page.t("board.yours")) : "");
  const guest = row.guest && row.guest !== "sent_back" ? page.t(`board.guest.${row.guest}`) : "";
  say(element, "guest", { invited: "hold", agreed: "ready", refused: "lost", on_stage: "on-air" }[row.guest ?? ""] ?? "off", guest);
  age(find(element, ".ticket-age"), page, column === "done" ? row.moved_ms : row.at_ms);
  write(find(element, ".ticket-answer"), row.answer ?? row.note ?? "");
  set(element, "data-held", held);
  set(element, "aria-busy", acts.busy.has(id) || null);
  buttons(find(element, ".ticket-acts"), page, acts.me, row, held, column);
}

/** How long it waits; after an hour the main hall's clock tells it better. @param {HTMLElement} element @param {Page} page @param {number} at_ms */
function age(element, page, at_ms) {
  const minutes = Math.floor((page.clock.now() - at_ms) / 60_000);
  const zone = venuesOf(page.store.view).find(({ main }) => main)?.zone;
  write(element, minutes < 1 ? page.t("time.now") : minutes < 60 ? page.t("board.age", { n: minutes }) : page.i18n.time(at_ms, zone));
}

/** @param {HTMLElement} element @param {string} what @param {string} state @param {string} words */
function say(element, what, state, words) {
  const shown = /** @type {import("../lib/components.js").HallTally} */ (element.querySelector(`[data-tally=${what}]`));
  shown.hidden = !words;
  shown.show(state, words);
}

/** What else a moderator must know, in a few words. @param {Page} page @param {Row} row @param {boolean} stands */
function facts(page, row, stands) {
  const { speaker, venue } = row.for ?? {};
  const source = speaker && sourcesOf(page.store.view).find((/** @type {any} */ one) => one.person === speaker);
  const target = [source && page.words(source.name), venue && placeWords(page, venue)].filter(Boolean).join(page.t("word.comma"));
  return [
    languageName(row.lang, page.i18n.tag),
    target && page.t("board.for", { target }),
    row.merged && page.t("board.merged", { n: row.merged.length }),
    stands && stateWords(page, row),
  ].filter(Boolean).join(DOT);
}

/** @param {HTMLElement} root @param {Page} page @param {string} me @param {Row} row @param {boolean} held @param {string} column */
function buttons(root, page, me, row, held, column) {
  const guest = guestAct(row);
  const offers = held ? [{ act: "take_over", key: "c" }] : ACTS.filter(({ act }) => may(act, row, me)).sort((a, b) => Number(b.act === USUAL[column]) - Number(a.act === USUAL[column]));
  const all = [
    ...offers.map(({ act, key }) => ({ act, key, words: words(page, act, row) })),
    ...(guest ? [{ act: guest, key: GUEST_KEY, words: page.t(`board.${guest}`) }] : []),
    ...(guest !== "send_back" && may("send_back", row, me) ? [{ act: "send_back", key: "", words: page.t("board.uninvite") }] : []),
  ];
  list(root, all, ({ act }) => act, ({ act }) => h("button", { class: "button", type: "button", "data-act": act }, h("span"), h("kbd", { "aria-hidden": "true" })), (button, { key, words: said }) => {
    write(/** @type {Element} */ (button.firstElementChild), said);
    write(/** @type {Element} */ (button.lastElementChild), key.toUpperCase());
    set(button, "aria-keyshortcuts", key ? key.toUpperCase() : null);
  });
}

/** @param {Page} page @param {string} act @param {Row} row */
function words(page, act, row) {
  if (act === "take_over") return page.t("board.take-over");
  if (act === "undo") return page.t("board.back-to", { column: page.t(`board.column.${columnOf(row.undo ?? row.state)}`) });
  return page.t(`board.${act}`);
}
