// @ts-check
/** The moderator's board: columns of questions, moved by drag, keys, buttons or swipes. */

import { find, h, list, set, write } from "../lib/dom.js";
import { COLUMNS, backwards, columnOf, columnsOf, guestAct, isHeld, may, onwards, way } from "./moves.js";
import * as forms from "./questionforms.js";
import { swipes } from "./swipe.js";
import { ACTS, GUEST_KEY, drawTicket, ticket } from "./ticket.js";

/** @typedef {import("./moves.js").Act} Act */
/** @typedef {import("./moves.js").Column} Column */
/** @typedef {import("./acts.js").Acts} Acts */
/** @typedef {import("../lib/page.js").Page} Page */

/** Questions tell their age in minutes. */
const AGES_MS = 30_000;
const NARROW = "(max-width: 61.99rem)";
/** What opens a dialog before it is done. @type {Record<string, (page: Page, acts: Acts, id: string) => Promise<void>>} */
const FORMS = { decline: forms.decline, answer: forms.answer, merge: forms.merge, translate: forms.translate, shortlist: forms.shortlist, take_over: forms.takeOver };

export class QuestionBoard {
  /** @param {HTMLElement} root `[data-columns]`, `[data-column-choice]` @param {Page} page @param {Acts} acts */
  constructor(root, page, acts) {
    this.root = root;
    this.page = page;
    this.acts = acts;
    this.choice = find(root, "[data-column-choice]");
    /** The chosen question: keys act on it. */
    this.chosen = "";
    /** The column that a phone shows. @type {Column} */
    this.shown = "review";
    this.start = this.start.bind(this);
    for (const column of COLUMNS) this.#drops(column);
    root.addEventListener("focusin", (event) => this.#focused(/** @type {Element} */ (event.target)));
    root.addEventListener("click", (event) => this.#focused(/** @type {Element} */ (event.target)));
    root.addEventListener("keydown", (event) => this.#arrow(event));
    root.addEventListener("dragstart", (event) => this.#lift(event));
    root.addEventListener("dragend", () => this.#dropped());
    swipes(root, ".ticket", (card, direction) => this.#swiped(card.dataset.key ?? "", direction));
    page.watch((view) => view.qa, () => this.draw());
    page.watch((view) => view.conference, () => this.draw());
    acts.addEventListener("busy", () => this.draw());
    setInterval(() => this.draw(), AGES_MS);
    this.#keys();
  }

  get qa() {
    return this.page.store.view.qa;
  }

  draw() {
    if (!this.qa?.columns) return;
    const focused = this.root.contains(document.activeElement?.closest(".ticket") ?? null);
    const columns = columnsOf(this.qa);
    const ids = COLUMNS.flatMap((column) => columns[column].ids);
    if (!ids.includes(this.chosen) && !this.acts.found[this.chosen]) this.chosen = ids[0] ?? "";
    for (const column of COLUMNS) {
      const section = this.#section(column);
      write(find(section, ".column-count"), String(columns[column].count));
      set(section, "data-shown", column === this.shown);
      list(find(section, "ol"), columns[column].ids, (id) => id, () => ticket(this.start), (element, id) => this.#ticket(element, id, column === "published" && id === columns.published.ids[0]));
      const left = columns[column].count - columns[column].ids.length;
      const more = find(section, ".column-more");
      write(more, left > 0 ? this.page.t("board.more", { n: left }) : columns[column].count ? "" : this.page.t(`board.empty.${column}`));
    }
    list(this.choice, COLUMNS, (column) => column, (column) => h("button", { class: "button", type: "button", onclick: () => this.show(column) }, h("span"), " ", h("span", { class: "figures muted" })), (button, column) => {
      write(/** @type {Element} */ (button.firstElementChild), this.page.t(`board.column.${column}`));
      write(/** @type {Element} */ (button.lastElementChild), String(columns[column].count));
      set(button, "aria-pressed", String(column === this.shown));
    });
    this.#choose(this.chosen);
    if (focused && document.activeElement === document.body) this.#card(this.chosen)?.focus(); // a card that moves loses it
  }

  /** A phone turns to this column. @param {Column} column */
  show(column) {
    this.shown = column;
    this.chosen = this.#cards(column)[0]?.dataset.key ?? this.chosen;
    this.draw();
  }

  /** Points at a question, wherever it stands now. @param {string} id */
  point(id) {
    const row = this.acts.row(id);
    if (!row) return;
    this.chosen = id;
    this.shown = columnOf(row.state);
    this.draw();
    this.#card(id)?.focus();
  }

  /** Begins an act: at once, or by its form. @param {Act | "take_over"} act @param {string} id */
  async start(act, id) {
    this.chosen = id;
    const begin = FORMS[act];
    if (begin) await begin(this.page, this.acts, id);
    else await this.acts.do(/** @type {Act} */ (act), id);
    if (this.root.contains(document.activeElement) || document.activeElement === document.body) this.#card(this.chosen)?.focus();
  }

  /** @param {HTMLElement} element @param {string} id @param {boolean} next */
  #ticket(element, id, next) {
    drawTicket(element, this.page, this.acts, { id, row: this.qa.items[id], votes: this.qa.votes[id] ?? 0, next });
  }

  /** @param {Column} column */
  #section(column) {
    return find(this.root, `[data-column=${column}]`);
  }

  /** @param {Column} column @returns {HTMLElement[]} */
  #cards(column) {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.#section(column).querySelectorAll(".ticket"))];
  }

  /** The card that is seen: a question that was found stands in its column as well. @param {string} id */
  #card(id) {
    const cards = /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll(`.ticket[data-key="${CSS.escape(id)}"]`));
    return [...cards].find((card) => card.offsetParent);
  }

  /** @param {string} id */
  #choose(id) {
    this.chosen = id;
    for (const card of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll(".ticket"))) {
      const is = card.dataset.key === id;
      card.tabIndex = is ? 0 : -1;
      set(card, "aria-current", is ? "true" : null);
    }
  }

  /** @param {Element} target */
  #focused(target) {
    const card = target.closest(".ticket");
    if (card instanceof HTMLElement && card.dataset.key) this.#choose(card.dataset.key);
  }

  /** Arrows walk, with Shift they carry the question along. @param {KeyboardEvent} event */
  #arrow(event) {
    const card = /** @type {Element} */ (event.target).closest(".ticket");
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!(card instanceof HTMLElement) || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const id = card.dataset.key ?? "";
    const row = this.acts.row(id);
    if (event.shiftKey && row && step[0]) return void this.#carry(id, row, step[0]);
    const cards = /** @type {HTMLElement[]} */ ([...(card.parentElement?.children ?? [])]);
    const at = cards.indexOf(card);
    const next = step[1] ? cards[at + step[1]] : row && this.#beside(columnOf(row.state), step[0], at);
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  /** The card at that height in the next column that has any. @param {Column} column @param {number} step @param {number} at */
  #beside(column, step, at) {
    for (let n = COLUMNS.indexOf(column) + step; COLUMNS[n]; n += step) {
      const cards = this.#cards(COLUMNS[n]);
      if (cards.length) {
        if (matchMedia(NARROW).matches) this.show(COLUMNS[n]);
        return cards[Math.min(at, cards.length - 1)];
      }
    }
    return undefined;
  }

  /** @param {string} id @param {import("./moves.js").Row} row @param {number} step */
  #carry(id, row, step) {
    const to = COLUMNS[COLUMNS.indexOf(columnOf(row.state)) + step];
    if (to) return this.#bring(id, to);
  }

  /** @param {string} id @param {Column} to */
  #bring(id, to) {
    const row = this.acts.row(id);
    const [first] = row ? way(row, to) : [];
    if (first === "decline" || first === "answer") return this.start(first, id);
    return this.acts.bring(id, to);
  }

  /** @param {string} id @param {"on" | "back"} direction */
  #swiped(id, direction) {
    const row = this.acts.row(id);
    const act = row && (direction === "on" ? onwards(row) : backwards(row));
    if (!row || !act || !may(act, row, this.acts.me)) return;
    if (act === "shortlist") return void this.acts.do(act, id);
    void this.start(act, id);
  }

  /** @param {DragEvent} event */
  #lift(event) {
    const card = /** @type {Element} */ (event.target).closest?.(".ticket");
    const id = card instanceof HTMLElement ? card.dataset.key ?? "" : "";
    const row = this.acts.row(id);
    if (!row || !event.dataTransfer || isHeld(row, this.acts.me)) return event.preventDefault();
    event.dataTransfer.setData("text/plain", id);
    event.dataTransfer.effectAllowed = "move";
    this.lifted = id;
    this.#choose(id);
    for (const column of COLUMNS) set(this.#section(column), "data-takes", way(row, column).length > 0);
  }

  #dropped() {
    this.lifted = "";
    for (const element of this.root.querySelectorAll("[data-takes], [data-over]")) {
      element.removeAttribute("data-takes");
      element.removeAttribute("data-over");
    }
  }

  /** What may be dropped on a column, or on a question in the same column: then they become one. @param {Column} column */
  #drops(column) {
    const section = this.#section(column);
    const over = (/** @type {DragEvent} */ event) => {
      const row = this.acts.row(this.lifted ?? "");
      const card = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest(".ticket"));
      for (const marked of this.root.querySelectorAll("[data-over]")) marked.removeAttribute("data-over");
      if (!row) return null;
      const into = card?.dataset.key ?? "";
      if (columnOf(row.state) === column) return into && into !== this.lifted && column !== "done" && may("merge", row, this.acts.me) ? card : null;
      return way(row, column).length ? section : null;
    };
    section.addEventListener("dragover", (event) => {
      const target = over(event);
      if (!target) return;
      event.preventDefault();
      set(target, "data-over", true);
    });
    section.addEventListener("drop", (event) => {
      const target = over(event);
      const id = this.lifted ?? "";
      this.#dropped();
      if (!target) return;
      event.preventDefault();
      if (target === section) void this.#bring(id, column);
      else void forms.mergeInto(this.page, this.acts, id, target.dataset.key ?? "");
    });
  }

  /** Letters act on the chosen question, and only while the focus stands on the board. */
  #keys() {
    const { keys } = this.page;
    const act = (/** @type {(row: import("./moves.js").Row) => Act | "take_over" | null | undefined} */ pick) => () => {
      const row = this.acts.row(this.chosen);
      if (!row || !this.root.contains(document.activeElement)) return;
      const picked = pick(row);
      if (picked) void this.start(picked, this.chosen);
    };
    keys.add("← ↑ → ↓", "board.key-walk", () => undefined);
    keys.add("⇧ ← →", "board.key-carry", () => undefined);
    for (const key of new Set(ACTS.map((one) => one.key))) {
      const acts = ACTS.filter((one) => one.key === key).map((one) => one.act);
      keys.add(key, `board.${["claim", "undo"].includes(acts[0]) ? "key-" : ""}${acts[0]}`, act((row) => (key === "c" && isHeld(row, this.acts.me) ? "take_over" : acts.find((one) => may(one, row, this.acts.me)))));
    }
    keys.add(GUEST_KEY, "board.key-guest", act(guestAct));
  }
}
