// @ts-check
/** The cities' clocks with the line between them, side by side, and the viewer's own. */

import { h, list, write } from "../lib/dom.js";

/** @typedef {{id: string, order: number, main: boolean, zone: string, city: Record<string, string>, name: Record<string, string>}} Venue */

/** The venues in their order. @param {import("../lib/store.js").View} view @returns {Venue[]} */
export function venuesOf(view) {
  const venues = Object.entries(view.conference?.venues ?? {}).map(([id, venue]) => ({ id, ...venue }));
  return venues.sort((a, b) => a.order - b.order);
}

/**
 * City and time of each venue. `own`: the viewer's clock as well, when it shows another time. `seconds`: where someone counts.
 * `only`: the venues that stand here.
 * @param {HTMLElement} element @param {import("../lib/page.js").Page} page
 * @param {{own?: boolean, seconds?: boolean, only?: (venue: Venue) => boolean}} [options]
 * @returns {() => void}
 */
export function mountClocks(element, page, { own = false, seconds = false, only = () => true } = {}) {
  element.classList.add("cities");
  const mine = h("span", { class: "muted city-own" });
  /** @type {Venue[]} */
  let venues = [];
  const draw = () => {
    list(element, venues.flatMap((venue, index) => (index ? [{ ...venue, id: `|${venue.id}` }, venue] : [venue])), ({ id }) => id,
      ({ id }) => (id.startsWith("|") ? h("span", { class: "between", "aria-hidden": "true" }) : h("span", { class: "city" }, h("span", { class: "city-name" }), " ", h("time", { class: "city-time" }))),
      (part, { id, city }) => id.startsWith("|") || page.i18n.say(/** @type {Element} */ (part.querySelector(".city-name")), city));
    if (own) element.append(mine);
  };
  const tell = (/** @type {number} */ now_ms) => {
    const times = element.querySelectorAll(".city-time");
    venues.forEach(({ zone }, index) => write(times[index], page.i18n.time(now_ms, zone, seconds)));
    const here = page.i18n.time(now_ms);
    mine.hidden = venues.some(({ zone }) => page.i18n.time(now_ms, zone) === here);
    write(mine, `${page.t("word.your-clock")} ${here}`);
  };
  const stops = [
    page.watch((view) => view.conference?.venues, () => {
      venues = venuesOf(page.store.view).filter(only);
      draw();
      tell(page.clock.now());
    }),
    page.tick(tell),
  ];
  return () => stops.forEach((stop) => stop());
}
