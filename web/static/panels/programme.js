// @ts-check
/** The programme as a table: each venue's time, the viewer's own, what runs now. */

import { h, list, set, write } from "../lib/dom.js";
import { register } from "../lib/panels.js";
import { itemsOf, running } from "../lib/programme.js";
import { venuesOf } from "./clocks.js";

/** @typedef {import("../lib/programme.js").Item} Item */

/** @param {HTMLElement} element @param {import("../lib/page.js").Page} page @returns {() => void} */
export function mountProgramme(element, page) {
  const head = h("tr");
  const body = h("tbody");
  const table = h("table", { class: "programme" }, h("caption", { class: "unseen", "data-t": "programme.title" }), h("thead", {}, head), body);
  const empty = h("p", { class: "muted programme-empty", "data-t": "programme.empty" });
  element.classList.add("programme-box");
  element.replaceChildren(table, empty);
  let seen = "";
  const draw = () => {
    const { view } = page.store;
    const items = itemsOf(view);
    const zones = zonesOf(page);
    table.hidden = !items.length;
    empty.hidden = items.length > 0;
    head.replaceChildren(...zones.map(({ label }) => h("th", { scope: "col" }, label)), h("th", { scope: "col" }, h("span", { class: "unseen" }, page.t("programme.title"))));
    list(body, items, ({ id }) => `${id} ${zones.length}`, () => h("tr"), (row, item) => drawItem(row, item, zones, page));
    page.i18n.apply(element);
    mark();
  };
  const mark = () => {
    const now_ms = page.clock.now();
    const now = running(page.store.view, itemsOf(page.store.view), now_ms).item;
    for (const row of body.children) {
      const current = now !== null && /** @type {HTMLElement} */ (row).dataset.item === now.id;
      set(row, "aria-current", current ? "true" : null);
      /** @type {HTMLElement} */ (row.querySelector(".programme-now")).hidden = !current;
      if (current && now.id !== seen) reveal(element, /** @type {HTMLElement} */ (row));
    }
    seen = now?.id ?? "";
  };
  const stops = [page.watch((view) => view.conference, draw), page.watch((view) => view.stage?.item, mark), page.tick(mark)];
  return () => stops.forEach((stop) => stop());
}

/** In a panel the item that has begun comes to the top; a page does not scroll by itself. @param {HTMLElement} panel @param {HTMLElement} row */
function reveal(panel, row) {
  if (panel.getAttribute("role") !== "tabpanel") return;
  panel.scrollTop += row.getBoundingClientRect().top - panel.getBoundingClientRect().top - 12;
}

/** The venues' zones, and the viewer's own when no venue has its time. @param {import("../lib/page.js").Page} page */
function zonesOf(page) {
  const now_ms = page.clock.now();
  /** @type {{zone: string | undefined, label: string}[]} */
  const zones = venuesOf(page.store.view).map(({ zone, city }) => ({ zone, label: page.words(city) }));
  const here = page.i18n.time(now_ms);
  const known = zones.some(({ zone }) => page.i18n.time(now_ms, zone) === here);
  return known ? zones : [...zones, { zone: undefined, label: page.t("lobby.yours") }];
}

/** @param {HTMLElement} row @param {Item} item @param {{zone: string | undefined, label: string}[]} zones @param {import("../lib/page.js").Page} page */
function drawItem(row, item, zones, page) {
  const title = h("span", { class: "programme-title" });
  const detail = h("span", { class: "programme-detail muted" });
  page.i18n.say(title, item.title);
  page.i18n.say(detail, item.detail);
  detail.hidden = !detail.textContent;
  row.dataset.item = item.id;
  const now = h("span", { class: "programme-now" }, page.t("lobby.running"));
  now.hidden = true;
  row.replaceChildren(
    ...zones.map(({ zone, label }, index) => {
      const time = h("time", { datetime: new Date(item.start_ms).toISOString() });
      write(time, page.i18n.time(item.start_ms, zone));
      return h("td", { class: index ? "programme-other" : "programme-first", "data-city": label }, time);
    }),
    h("td", { class: "programme-what" }, title, " \u2002", now, detail),
  );
}

register({ id: "programme", order: 20, mount: mountProgramme });
