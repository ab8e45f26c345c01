// @ts-check
/** The board: how many of the evening's acts are signed, by sector; a mark for each, which fills as it is signed and takes the seal's colour. */

import { actsOf, bySector, isDone, markOf } from "../lib/ceremony.js";
import { h, list, write } from "../lib/dom.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */
/** @typedef {import("../lib/page.js").Page} Page */

export class ActBoard {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.total = h("p", { class: "actboard-total figures" });
    this.words = h("p", { class: "actboard-words" });
    this.sectors = h("ul", { class: "actboard-sectors" });
    this.element = h("div", { class: "actboard" }, h("div", { class: "actboard-head" }, this.total, this.words), this.sectors);
  }

  draw() {
    const { page } = this;
    const { signed = 0, of = 0 } = page.store.view.ceremony?.board ?? {};
    const acts = actsOf(page.store.view);
    write(this.total, page.t("ceremony.board-total", { n: signed, of }));
    write(this.words, page.t("ceremony.board-words"));
    const groups = bySector(acts);
    list(this.sectors, groups, ({ sector }) => JSON.stringify(sector ?? null), () => h("li", { class: "sector" },
      h("p", { class: "sector-name" }), h("p", { class: "sector-count figures" }), h("ol", { class: "marks" })),
    (row, { sector, acts: some }) => {
      const [name, count, marks] = /** @type {HTMLElement[]} */ ([...row.children]);
      if (sector) page.i18n.say(name, sector);
      else write(name, page.t(groups.length > 1 ? "ceremony.other-sectors" : "ceremony.all-acts"));
      write(count, page.t("ceremony.of", { n: some.filter(isDone).length, of: some.length }));
      drawMarks(marks, some, page);
    });
  }
}

/** One mark an act. @param {HTMLElement} root an ordered list @param {readonly Act[]} acts @param {Page} page */
function drawMarks(root, acts, page) {
  list(root, acts, ({ id }) => id, () => h("li", { class: "mark" }, h("span", { class: "unseen" })), (mark, act) => {
    mark.dataset.mark = markOf(act);
    write(/** @type {Element} */ (mark.firstElementChild), page.t("word.labelled", { label: page.words(act.title), text: page.t(`ceremony.mark.${markOf(act)}`) }));
  });
}
