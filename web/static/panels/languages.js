// @ts-check
/** The choice of language: a row of buttons, or one field where space is short. The page turns without a reload. */

import { h, set } from "../lib/dom.js";
import { LANGUAGES } from "../lib/i18n.js";

/** @typedef {import("../lib/i18n.js").Language} Language */

const ALL = /** @type {Language[]} */ (Object.keys(LANGUAGES));

/** @param {HTMLElement} element @param {import("../lib/i18n.js").I18n} i18n */
export function mountLanguageButtons(element, i18n) {
  const buttons = ALL.map((language) => {
    const { name, tag } = LANGUAGES[language];
    return h("button", { type: "button", class: "button", lang: tag, onclick: () => i18n.choose(language) }, name);
  });
  element.replaceChildren(...buttons);
  const draw = () => buttons.forEach((button, index) => set(button, "aria-pressed", String(ALL[index] === i18n.language)));
  i18n.addEventListener("change", draw);
  draw();
}

/** @param {HTMLSelectElement} select @param {import("../lib/i18n.js").I18n} i18n */
export function mountLanguageField(select, i18n) {
  select.replaceChildren(...ALL.map((language) => h("option", { value: language, lang: LANGUAGES[language].tag }, LANGUAGES[language].name)));
  select.addEventListener("change", () => i18n.choose(/** @type {Language} */ (select.value)));
  const draw = () => {
    select.value = i18n.language;
  };
  i18n.addEventListener("change", draw);
  draw();
}
