// @ts-check
/** The organiser's settings of a room's questions: written in a form, sent all at once. */

import { find, h, list, set, write } from "../lib/dom.js";
import { LANGUAGES, NOTHING } from "../lib/i18n.js";
import { languageName, rulesOf } from "../lib/questions.js";
import { doors } from "./questiondoors.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {{moderation: string, anonymous: boolean, cooldown_s: number, cap: number, languages: string[], hide_counts_s: number, group_votes: boolean}} Rules */

const MINUTE_S = 60;

/** What the form says. @param {FormData} data @returns {Rules} */
export function read(data) {
  const number = (/** @type {string} */ name) => Math.round(Number(data.get(name)));
  return {
    moderation: String(data.get("moderation")),
    anonymous: data.has("anonymous"),
    cooldown_s: number("cooldown_s"),
    cap: number("cap"),
    languages: data.getAll("languages").map(String),
    hide_counts_s: number("hide_counts_min") * MINUTE_S,
    group_votes: data.has("group_votes"),
  };
}

/** Whether both say the same. @param {Rules} one @param {Rules | undefined} other */
export function same(one, other) {
  return Boolean(other) && Object.entries(one).every(([name, value]) => String(value) === String(/** @type {any} */ (other)[name]));
}

/** @param {HTMLElement} root a form, `[data-room-doors]` in it @param {Page} page */
export function rules(root, page) {
  const form = /** @type {HTMLFormElement} */ (root);
  const say = page.sayer(find(root, "[data-said]"));
  const buttons = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-act=save], [data-act=discard]")]);
  /** The settings that the form began with. @type {Rules | undefined} */
  let begun;

  const current = () => /** @type {Rules | null} */ (page.store.view.qa && rulesOf(page.store.view.qa));
  const changed = () => Boolean(begun) && !same(read(new FormData(form)), begun);
  const show = () => {
    const now = current();
    if (!now) return;
    tongues(now.languages);
    if (!changed()) fill(now);
    else if (!same(/** @type {Rules} */ (begun), now)) say(() => page.t("rules.changed"));
    offer();
  };
  const offer = () => buttons.forEach((button) => set(button, "disabled", !changed()));

  /** @param {Rules} now */
  function fill(now) {
    for (const [name, value] of Object.entries({ moderation: now.moderation, cooldown_s: now.cooldown_s, cap: now.cap, hide_counts_min: Math.round(now.hide_counts_s / MINUTE_S) })) {
      const field = form.elements.namedItem(name);
      if (field instanceof RadioNodeList || field instanceof HTMLInputElement) field.value = String(value);
    }
    for (const name of /** @type {const} */ (["anonymous", "group_votes"])) /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).checked = now[name];
    for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[name=languages]"))) box.checked = now.languages.includes(box.value);
    begun = read(new FormData(form));
  }

  /** The pages' languages, and those that the room takes besides. @param {string[]} taken */
  function tongues(taken) {
    const tags = [...new Set([...Object.keys(LANGUAGES), ...taken])];
    list(find(root, "[data-languages]"), tags, (tag) => tag, (tag) => h("label", { class: "check" }, h("input", { type: "checkbox", name: "languages", value: tag }), h("span")),
      (box, tag) => write(/** @type {Element} */ (box.lastElementChild), languageName(tag, page.i18n.tag)));
  }

  form.addEventListener("input", () => {
    say(NOTHING);
    offer();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wished = read(new FormData(form));
    try {
      await page.send({ type: "qa.configure", ...wished });
      begun = wished;
      say(() => page.t("rules.saved"));
    } catch (refusal) {
      say(() => page.refusal(refusal));
    }
    offer();
  });
  find(root, "[data-act=discard]").addEventListener("click", () => {
    const now = current();
    if (now) fill(now);
    say(NOTHING);
    offer();
  });
  doors(find(root, "[data-doors]"), page, (refusal) => say(() => page.refusal(refusal)));
  page.watch((view) => view.qa?.rules, show);
}
