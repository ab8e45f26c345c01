// @ts-check
/** Finding questions by words, hall and language, wherever they stand; what is found is worked with like the board. */

import { find, h, list, set, write } from "../lib/dom.js";
import { languageName, placeWords } from "../lib/questions.js";
import { venuesOf } from "./clocks.js";
import { drawTicket, ticket } from "./ticket.js";

/** Nobody types faster; the board's own changes ask again no more often, ms. */
const PAUSE_MS = 250;
const WINDOW = 50;

/** @typedef {{ids: string[], total: number, items: Record<string, any>, votes?: Record<string, number>}} Found */

/**
 * @param {HTMLElement} root the board: `[data-find]` a form, `[data-column=found]`, `[data-columns]`
 * @param {import("../lib/page.js").Page} page
 * @param {import("./questionboard.js").QuestionBoard} board
 */
export function search(root, page, board) {
  const form = /** @type {HTMLFormElement} */ (find(root, "[data-find]"));
  const [text, venue, language] = /** @type {(HTMLInputElement | HTMLSelectElement)[]} */ (["text", "venue", "language"].map((name) => form.elements.namedItem(name)));
  const section = find(root, "[data-column=found]");
  const more = h("button", { class: "button", type: "button", hidden: true, "data-t": "board.found-more", onclick: () => void ask(WINDOW) });
  section.append(more);
  /** @type {Found | null} */
  let found = null;
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  let asked = 0;

  const wanted = () => Boolean(text.value.trim() || venue.value || language.value);

  async function ask(further = 0) {
    const round = ++asked;
    const start = further ? found?.ids.length ?? 0 : 0;
    const query = { type: "qa.find", text: text.value.trim(), start, ...(venue.value && { venue: venue.value }), ...(language.value && { language: language.value }) };
    if (!wanted()) return show(null);
    try {
      const answer = await page.read(query);
      if (round === asked) show(start && found ? joined(found, answer) : answer);
    } catch (refusal) {
      if (round === asked) write(find(section, ".column-more"), page.refusal(refusal));
    }
  }

  /** @param {Found | null} answer */
  function show(answer) {
    found = answer;
    board.acts.found = answer?.items ?? {};
    section.hidden = !answer;
    set(root, "data-searching", Boolean(answer));
    if (!answer) return board.draw();
    write(find(section, ".column-count"), String(answer.total));
    write(find(section, ".column-more"), answer.total ? "" : page.t("board.nothing-found"));
    more.hidden = answer.ids.length >= answer.total;
    list(find(section, "ol"), answer.ids, (id) => id, () => ticket(board.start), (element, id) =>
      drawTicket(element, page, board.acts, { id, row: board.acts.row(id) ?? answer.items[id], votes: answer.votes?.[id] ?? 0, stands: true }));
    board.draw();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), PAUSE_MS);
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", later);
  text.addEventListener("keydown", (event) => {
    if (/** @type {KeyboardEvent} */ (event).key !== "Escape") return;
    form.reset();
    void ask();
  });
  page.watch((view) => view.qa, () => found && later());
  page.watch((view) => view.conference, () => fill(venue, [["", page.t("board.all-halls")], ...venuesOf(page.store.view).map(({ id, city }) => [id, page.words(city)]), ["remote", placeWords(page, undefined)]]));
  page.watch((view) => view.qa?.balance?.languages, (languages = {}) =>
    fill(language, [["", page.t("board.all-languages")], ...Object.keys(languages).map((tag) => [tag, languageName(tag, page.i18n.tag)])]));
  page.keys.add("/", "board.find", () => text.focus());
  page.i18n.apply(section);
}

/** @param {Found} found @param {Found} answer */
function joined(found, answer) {
  return { ...answer, ids: [...new Set([...found.ids, ...answer.ids])], items: { ...found.items, ...answer.items }, votes: { ...found.votes, ...answer.votes } };
}

/** @param {Element} select @param {string[][]} options */
function fill(select, options) {
  list(select, options, ([value]) => value || "-any", ([value]) => h("option", { value }), (option, [, words]) => write(option, words));
}
