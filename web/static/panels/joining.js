// @ts-check
/** Joining an initiative that its parties have launched: the name of one's house, once; the protocol officer admits it. */

import { actOf } from "../lib/ceremony.js";
import { find, h } from "../lib/dom.js";
import { NOTHING } from "../lib/i18n.js";

/** @param {HTMLElement} root hidden while nothing can be joined here @param {import("../lib/page.js").Page} page */
export function mountJoining(root, page) {
  const name = h("input", { class: "input", name: "house", maxlength: 200, required: true, autocomplete: "organization", id: "joining-name" });
  const said = h("p", { class: "joining-said", role: "status" });
  const form = h("form", { class: "joining" },
    h("h2", { class: "title", "data-joining-title": true }),
    h("div", { class: "field" }, h("label", { for: "joining-name", "data-t": "joining.name" }), name),
    h("button", { class: "button button-primary", "data-t": "joining.join" }), said);
  const say = page.sayer(said);
  root.append(form);
  page.i18n.apply(root);
  /** The act that was joined from this page. */
  let joined = "";
  const act = () => actOf(page.store.view, page.store.view.ceremony?.shown);
  const draw = () => {
    const now = act();
    const own = page.mine.view.ceremony?.act === now?.id;
    root.hidden = !now || now.kind !== "initiative" || !["signed", "exchanged", "unveiled"].includes(now.step) || own;
    if (root.hidden || !now) return;
    page.i18n.say(find(root, "[data-joining-title]"), now.title);
    for (const part of [name.parentElement, form.querySelector("button")]) if (part) part.hidden = joined === now.id;
    if (joined === now.id) say(() => page.t("joining.joined"));
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const now = act();
    const house = name.value.trim();
    if (!now || !house) return;
    try {
      await page.send({ type: "ceremony.join", act: now.id, names: { [page.i18n.language]: house } });
      joined = now.id;
      name.value = "";
      say(NOTHING);
    } catch (refusal) {
      say(() => page.refusal(refusal));
    }
    draw();
  });
  page.watch((view) => view.ceremony, draw);
  page.watchMine((mine) => mine.ceremony, draw);
}
