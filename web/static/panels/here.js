// @ts-check
/** Who is here: how many in each hall and online, and by name those who work. */

import { find, h, list, write } from "../lib/dom.js";
import { venuesOf } from "./clocks.js";

/**
 * @param {HTMLElement} root
 * @param {import("../lib/page.js").Page} page
 */
export function here(root, page) {
  const draw = () => {
    const { people = {} } = page.store.view;
    const present = Object.entries(people.present ?? {}).map(([id, person]) => ({ id, ...person }));
    const places = [
      ...venuesOf(page.store.view).map(({ id, city }) => ({ id, name: page.words(city), n: people.venues?.[id] ?? 0 })),
      { id: "", name: page.t("people.remote"), n: people.remote ?? 0 },
    ];
    list(root, places, ({ id }) => id || "-remote", () => h("section", { class: "place" },
      h("h3", { class: "place-head" }, h("span", { class: "place-name" }), " ", h("span", { class: "place-count figures" })), h("ul", { class: "place-people" })),
    (place, { id, name, n }) => {
      write(find(place, ".place-name"), name);
      write(find(place, ".place-count"), page.t("people.here", { n }));
      const those = present.filter((person) => (person.venue ?? "") === id);
      list(find(place, ".place-people"), those, (person) => person.id, () => h("li", {}, h("span", { class: "strong" }), " ", h("span", { class: "muted" })), (row, person) => {
        const role = page.t(`role.${person.role}`);
        write(/** @type {Element} */ (row.firstElementChild), person.name || role);
        write(/** @type {Element} */ (row.lastElementChild), person.name ? role : "");
      });
    });
  };
  page.watch((view) => view.people, draw);
  page.watch((view) => view.conference, draw);
}
