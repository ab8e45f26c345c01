// @ts-check
/** Beside the act at hand: what every screen shows, how far apart the halls unveil, and who joins an initiative. */

import { actOf } from "../lib/ceremony.js";
import { find, h, list, set, write } from "../lib/dom.js";

/** @typedef {import("../lib/ceremony.js").Act} Act */

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page @param {() => Act | null} current @param {(words: import("../lib/i18n.js").Saying) => void} say @returns {(act: Act | null) => void} draws it */
export function beside(root, page, current, say) {
  const shown = find(root, "[data-shown]");
  const unveiling = find(root, "[data-unveiling]");
  const skew = find(root, "[data-skew]");
  const form = find(root, "[data-delays]");
  const members = find(root, "[data-members]");
  const send = (/** @type {{type: string} & Record<string, any>} */ command) => void page.send(command).catch((refusal) => say(() => page.refusal(refusal)));
  find(root, "[data-act=show]").addEventListener("click", () => current() && send({ type: "ceremony.show", act: current()?.id }));
  find(root, "[data-act=board]").addEventListener("click", () => send({ type: "ceremony.show" }));

  /** A number that is sent when it was changed. @param {string} key */
  const number = (key) => h("label", { class: "delay" }, h("span"), h("input", { class: "input", type: "number", min: 0, max: 10_000, step: 10, onchange: (/** @type {Event} */ event) => {
    const ms = Math.round(Number(/** @type {HTMLInputElement} */ (event.target).value));
    send(key === "tolerance" ? { type: "ceremony.tolerance", ms } : { type: "ceremony.display_delay", venue: key, ms });
  } }));

  /** @param {Act} act */
  function delays(act) {
    const { tolerance_ms, display_delays = {}, } = page.store.view.ceremony ?? {};
    const apart = page.store.view.ceremony?.skews?.[act.id];
    const most = tolerance_ms ?? 0;
    write(skew, apart === undefined ? "" : page.t(apart > most ? "officer.skew-too-much" : "officer.skew", { ms: apart, most }));
    set(skew, "data-state", apart > most ? "over" : "well");
    const keys = ["tolerance", ...new Set(act.parties.map(({ venue }) => venue))];
    list(form, keys, (key) => key, number, (row, key) => {
      write(/** @type {Element} */ (row.firstElementChild), key === "tolerance" ? page.t("officer.tolerance") : page.t("officer.delay", { place: page.words(page.store.view.conference?.venues?.[key]?.city) }));
      const field = /** @type {HTMLInputElement} */ (row.lastElementChild);
      if (document.activeElement !== field) field.value = String(key === "tolerance" ? tolerance_ms ?? "" : display_delays[key] ?? 0);
    });
  }

  /** @param {Act} act */
  function joined(act) {
    const rows = /** @type {any[]} */ (act.members ?? []);
    write(find(root, "[data-members-count]"), page.t("ceremony.of", { n: rows.filter(({ admitted }) => admitted).length, of: rows.length }));
    list(find(root, "[data-members-list]"), rows, ({ member }) => member, ({ member }) => h("li", { class: "member" }, h("span"), h("button", { type: "button", class: "button", onclick: () => {
      const now = /** @type {any[]} */ (current()?.members ?? []).find((each) => each.member === member);
      send({ type: "ceremony.admit", act: act.id, member, on: !now?.admitted });
    } })), (row, { names, admitted }) => {
      page.i18n.say(/** @type {Element} */ (row.firstElementChild), names);
      write(/** @type {Element} */ (row.lastElementChild), page.t(admitted ? "officer.put-out" : "officer.admit"));
      set(/** @type {Element} */ (row.lastElementChild), "aria-label", page.t("word.labelled", { label: page.t(admitted ? "officer.put-out" : "officer.admit"), text: page.words(names) }));
    });
  }

  return (act) => {
    const { view } = page.store;
    const now = actOf(view, view.ceremony?.shown);
    write(shown, now ? page.words(now.title) : page.t("officer.shows-board"));
    set(find(root, "[data-act=show]"), "disabled", !act || act.id === now?.id);
    set(find(root, "[data-act=board]"), "disabled", !now);
    unveiling.hidden = act?.kind !== "unveiling";
    members.hidden = act?.kind !== "initiative";
    if (act && !unveiling.hidden) delays(act);
    if (act && !members.hidden) joined(act);
  };
}
