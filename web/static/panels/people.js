// @ts-check
/** The halls: which sends, and how many people are in each place. */

import { h, list, set, write } from "../lib/dom.js";
import { register } from "../lib/panels.js";
import { venuesOf } from "./clocks.js";

/** @param {HTMLElement} element @param {import("../lib/page.js").Page} page @returns {() => void} */
function mountPeople(element, page) {
  const halls = h("ul", { class: "rows halls" });
  element.append(halls);
  const draw = () => {
    const { people, media, conference } = page.store.view;
    const places = [...venuesOf(page.store.view), { id: "", order: Infinity, main: false, zone: "", city: {}, name: {} }];
    list(halls, places, ({ id }) => id || "remote", () => hall(), (row, venue) => {
      const [place, count, name, state] = /** @type {HTMLElement[]} */ ([...row.querySelectorAll(".hall-place, .hall-name, .hall-count, hall-tally")]);
      const n = venue.id ? people?.venues?.[venue.id] ?? 0 : people?.remote ?? 0;
      write(count, page.t("people.here", { n }));
      if (!venue.id) {
        write(place, page.t("people.remote"));
        write(name, page.t("people.remote-words"));
        state.hidden = true;
        return;
      }
      page.i18n.say(place, venue.city);
      page.i18n.say(name, venue.name);
      const live = Object.entries(conference?.sources ?? {}).some(([id, source]) => source.venue === venue.id && media?.sources?.[id]?.live);
      set(row, "data-live", live);
      /** @type {import("../lib/components.js").HallTally} */ (state).show(live ? "ready" : "lost", page.t(live ? "people.sends" : "people.silent"));
    });
  };
  const stops = [page.watch((view) => view.people, draw), page.watch((view) => view.conference, draw), page.watch((view) => view.media?.sources, draw)];
  return () => stops.forEach((stop) => stop());
}

function hall() {
  return h("li", { class: "hall" },
    h("span", { class: "hall-place title" }), h("span", { class: "hall-count figures" }),
    h("span", { class: "hall-name muted" }), h(/** @type {any} */ ("hall-tally"), { state: "off" }));
}

register({ id: "people", order: 30, mount: mountPeople });
