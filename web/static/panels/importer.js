// @ts-check
/** Acts out of a spreadsheet: tried first, mistakes told row by row, taken all at once or not at all. */

import { find, h, list, write } from "../lib/dom.js";
import { upload } from "./projectdocuments.js";

/** @typedef {{row: number, column: string, refused: string, value?: string, params?: Record<string, string>}} Wrong */

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function importer(root, page) {
  const file = /** @type {HTMLInputElement} */ (find(root, "[data-import]"));
  const said = find(root, "[data-import-said]");
  const wrong = find(root, "[data-import-wrong]");
  const take = find(root, "[data-act=take]");
  const path = `/${page.me?.conference}/acts/import`;

  /** What was found last, as often as the page turns its language. @type {() => void} */
  let tell = () => undefined;

  /** @param {() => string} words @param {Wrong[]} [mistakes] */
  function show(words, mistakes = []) {
    tell = () => {
      write(said, words());
      list(wrong, mistakes, ({ row, column, refused }) => `${row} ${column} ${refused}`, () => h("li", {}), (line, { row, column, refused, value = "", params = {} }) => {
        write(line, page.t("projects.wrong", { row, column, why: page.refusal({ code: refused, params: { value, ...params } }) }));
      });
    };
    tell();
  }

  /** @param {boolean} trying */
  async function send(trying) {
    const chosen = file.files?.[0];
    if (!chosen) return;
    take.hidden = true;
    show(() => page.t("projects.reading", { file: chosen.name }));
    try {
      const { acts = 0, wrong: mistakes = [] } = await upload(page, trying ? `${path}?try=1` : path, chosen);
      take.hidden = !trying || mistakes.length > 0;
      show(() => mistakes.length ? page.t("projects.nothing-taken", { n: mistakes.length }) : page.t(trying ? "projects.all-right" : "projects.taken", { n: acts }), mistakes);
    } catch (refusal) {
      show(() => page.refusal(refusal));
    }
  }

  page.i18n.addEventListener("change", () => tell());
  file.addEventListener("change", () => void send(true));
  take.addEventListener("click", () => void send(false));
}
