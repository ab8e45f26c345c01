// @ts-check
/** What runs, in words; and the conference's own facts. */

import { h, list, write } from "../lib/dom.js";
import { venuesOf } from "./clocks.js";
import { sourcesOf } from "./tally.js";

/** @typedef {import("../lib/page.js").Page} Page */

/**
 * @param {HTMLElement} root
 * @param {Page} page
 */
export function health(root, page) {
  const draw = () => {
    const { health = {}, media = {} } = page.store.view;
    const sources = sourcesOf(page.store.view);
    const live = sources.filter(({ id }) => media.sources?.[id]?.live).length;
    const well = media.relay !== "lost" && (health.relay?.state ?? "ok") !== "lost";
    const controls = page.socket?.state === "live";
    const refusing = [health.journal, health.vault].map((store) => store?.state ?? "ok").find((state) => state !== "ok");
    const rows = [
      { id: "web", state: controls ? "ready" : "lost", words: controls ? page.t("health.web", { since: page.i18n.time(health.web?.started_ms ?? 0), pid: health.web?.pid ?? "–" }) : page.t("health.web-lost") },
      { id: "relay", state: well ? "ready" : "lost", words: well ? page.t("health.relay", { n: health.relay?.sessions ?? 0, packets: page.i18n.number(health.relay?.packets_per_s ?? 0, { maximumFractionDigits: 0 }) }) : page.t("health.relay-lost") },
      { id: "stores", state: refusing ? "lost" : "ready", words: page.t(`health.${refusing ?? "saves"}`) },
      { id: "sources", state: live ? "ready" : "hold", words: page.t("health.sources", { live, n: sources.length }) },
    ];
    list(root, rows, ({ id }) => id, () => h("p", { class: "health-row" }, h(/** @type {any} */ ("hall-tally"), { state: "off" }), h("span")), (row, { state, words }) => {
      const tally = /** @type {import("../lib/components.js").HallTally} */ (row.querySelector("hall-tally"));
      tally.show(state, page.t(state === "ready" ? "health.well" : state === "hold" ? "health.waits" : "tally.lost"));
      write(/** @type {Element} */ (row.lastElementChild), words);
    });
  };
  page.watch((view) => view.health, draw);
  page.watch((view) => view.media, draw);
  page.socket?.addEventListener("state", draw);
}

/**
 * @param {HTMLElement} root a `dl`
 * @param {Page} page
 */
export function facts(root, page) {
  page.watch((view) => view.conference, (conference) => {
    if (!conference) return;
    const rows = [
      { key: "facts.event", text: page.words(conference.title) },
      { key: "facts.motto", text: page.words(conference.motto) },
      { key: "facts.day", text: page.i18n.day(conference.day) },
      { key: "facts.today", text: conference.rehearsal ? page.t("facts.rehearsal", { day: page.i18n.day(conference.today) }) : "" },
      ...venuesOf(page.store.view).map(({ city, name, zone, main }) => ({ key: main ? "facts.main" : "facts.branch", text: [page.words(city), page.words(name), zone].join(page.t("word.pause")) })),
      { key: "facts.programme", text: page.t("facts.items", { n: Object.keys(conference.items ?? {}).length }) },
      { key: "facts.version", text: page.me?.version ?? "" },
    ].filter(({ text }) => text);
    root.replaceChildren(...rows.flatMap(({ key, text }) => [h("dt", { class: "muted" }, page.t(key)), h("dd", {}, text)]));
  });
}
