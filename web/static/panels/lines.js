// @ts-check
/** Every line in figures: what each source sends, and the viewers whose line fares worst; an operator has the own venue's. */

import { DOT, find, h, list, set, write } from "../lib/dom.js";
import { percent } from "./figures.js";
import { worries } from "./uplink.js";

/** @typedef {import("../lib/page.js").Page} Page */

/**
 * What the relay measured of one line; the audience's side has `audience`, `showing` and maybe `reason`.
 * @typedef {object} Line
 * @property {number} bitrate_bps
 * @property {number} packets
 * @property {number} lost_share
 * @property {number} jitter_ms
 * @property {number} [repaired]
 * @property {number} [round_trip_ms]
 * @property {number} [estimate_bps]
 * @property {number[]} [heights]
 * @property {number} [height]
 * @property {string} [audience]
 * @property {string} [showing]
 * @property {string} [reason]
 */

const REASONS = ["codec-unsupported", "line-too-narrow", "paused", "source-silent"];

/**
 * @param {HTMLElement} root a `details` with two lists, `[data-publications]` and `[data-subscriptions]`
 * @param {Page} page
 */
export function lines(root, page) {
  page.watch((view) => view.lines, (told) => {
    const { publications = {}, subscriptions = {}, more = 0 } = told ?? {};
    draw(find(root, "[data-publications]"), Object.entries(publications), page);
    draw(find(root, "[data-subscriptions]"), byTrouble(subscriptions), page);
    write(find(root, "[data-more]"), more ? page.t("lines.more", { n: more }) : "");
  });
}

/** Those without a picture first, then by loss. @param {Record<string, Line>} subscriptions @returns {[string, Line][]} */
function byTrouble(subscriptions) {
  const rank = (/** @type {Line} */ line) => (line.reason ? 1 : 0) + line.lost_share;
  return Object.entries(subscriptions).sort(([, a], [, b]) => rank(b) - rank(a));
}

/**
 * A source by its name; its slate too, which the figures' reason tells apart.
 * @param {Pick<Page, "words" | "store">} page @param {string} id `changzhou/camera-1`, `slate/changzhou/camera-1`
 */
export function sourceWords({ words, store }, id) {
  const source = id.replace(/^slate\//, "");
  return words(store.view.conference?.sources?.[source]?.name) || source;
}

/**
 * Whose line it is: `Wall, Changzhou`; another room than the page's is named before.
 * @param {Pick<Page, "t" | "words" | "store" | "me">} page @param {string} audience `stage:wall:changzhou`, `stage:desk:operator:changzhou`
 */
export function audienceWords({ t, words, store, me }, audience) {
  const [room, ...parts] = audience.split(":");
  const { venues = {}, sources = {} } = store.view.conference ?? {};
  const said = parts.filter((part) => part && part !== "desk").map((part) => {
    const role = t(`role.${part}`);
    return words(venues[part]?.city ?? sources[part]?.name) || (role === `role.${part}` ? part : role);
  });
  return [...(room === me?.room ? [] : [room]), ...said].join(t("word.comma"));
}

/** @param {HTMLElement} root @param {[string, Line][]} rows @param {Page} page */
function draw(root, rows, page) {
  const make = () => h("li", { class: "line" }, h("p", { class: "line-name" }), h("p", { class: "line-figures figures small muted" }));
  list(root, rows, ([id]) => id, make, (row, [id, line]) => {
    const { lost, round_trip } = worries(line);
    set(row, "data-worry", lost || round_trip || Boolean(line.reason));
    write(find(row, ".line-name"), line.audience === undefined ? sourceWords(page, id) : `${audienceWords(page, line.audience)} ← ${line.showing ? sourceWords(page, line.showing) : "–"}`);
    write(find(row, ".line-figures"), figuresOf(line, page).join(DOT));
  });
}

/** @param {Line} line @param {Page} page @returns {string[]} */
function figuresOf(line, page) {
  const heights = line.heights ?? [line.height ?? 0];
  const megabits = (/** @type {number} */ bps) => page.i18n.number(bps / 1e6, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return [
    REASONS.includes(line.reason ?? "") ? page.t(`lines.${line.reason}`) : "",
    heights.filter(Boolean).map((height) => `${height}p`).join(" "),
    page.t("lines.rate", { rate: megabits(line.bitrate_bps) }),
    line.estimate_bps === undefined ? "" : page.t("lines.carries", { rate: megabits(line.estimate_bps) }),
    page.t("lines.lost", { share: percent(line.lost_share, page.i18n) }),
    line.round_trip_ms === undefined ? "" : `${Math.round(line.round_trip_ms)} ms`,
    page.t("lines.jitter", { ms: Math.round(line.jitter_ms) }),
    page.t("lines.packets", { n: page.i18n.number(line.packets), repaired: page.i18n.number(line.repaired ?? 0) }),
  ].filter(Boolean);
}
