// @ts-check
/** Whose questions were asked and whose were put on air: by hall and by language, as bars and in figures. */

import { h, list, style, write } from "../lib/dom.js";
import { languageName, placeWords } from "../lib/questions.js";
import { venuesOf } from "./clocks.js";

/** @typedef {{asked: number, open: number, aired: number}} Facts */

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function balance(root, page) {
  const groups = ["venues", "languages"].map((name) => {
    const rows = h("ul", { class: "balance-rows" });
    root.append(h("h3", { class: "muted small", "data-t": `board.balance-${name}` }), rows);
    return { name, rows };
  });
  page.i18n.apply(root);
  const draw = () => {
    const { balance = {} } = page.store.view.qa ?? {};
    for (const { name, rows } of groups) fill(rows, page, name === "venues" ? halls(page, balance.venues ?? {}) : tongues(page, balance.languages ?? {}));
  };
  page.watch((view) => view.qa?.balance, draw);
  page.watch((view) => view.conference, draw);
}

/** Every hall and who is online, also where nobody asked yet. @param {import("../lib/page.js").Page} page @param {Record<string, Facts>} facts */
function halls(page, facts) {
  return [...venuesOf(page.store.view).map(({ id }) => id), "remote"].map((id) => ({ id, words: placeWords(page, id === "remote" ? undefined : id), ...count(facts[id]) }));
}

/** @param {import("../lib/page.js").Page} page @param {Record<string, Facts>} facts */
function tongues(page, facts) {
  return Object.entries(facts).map(([id, one]) => ({ id, words: languageName(id, page.i18n.tag), ...count(one) })).sort((a, b) => b.asked - a.asked);
}

/** @param {Facts | undefined} facts */
function count({ asked = 0, aired = 0 } = { asked: 0, open: 0, aired: 0 }) {
  return { asked, aired };
}

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page @param {{id: string, words: string, asked: number, aired: number}[]} rows */
function fill(root, page, rows) {
  const most = Math.max(1, ...rows.map(({ asked }) => asked));
  list(root, rows, ({ id }) => id, () => h("li", { class: "balance-row" }, h("span"), h("span", { class: "balance-bar", "aria-hidden": "true" }, h("span")), h("span", { class: "figures" })), (row, { words, asked, aired }) => {
    const [name, bar, figures] = /** @type {HTMLElement[]} */ ([...row.children]);
    write(name, words);
    style(bar, { "--asked": (asked / most).toFixed(3), "--aired": (asked ? aired / asked : 0).toFixed(3) });
    write(figures, page.t("board.aired-of", { aired, n: asked }));
  });
}
