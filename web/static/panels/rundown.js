// @ts-check
/** The rundown: each item in the venues' clocks, what runs, what comes and how late; a director starts items here. */

import { find, h, list, set, write } from "../lib/dom.js";
import { countdown } from "../lib/i18n.js";
import { itemsOf, running } from "../lib/programme.js";
import { venuesOf } from "./clocks.js";
import { behind_ms, entries } from "./lateness.js";

const MINUTE_MS = 60_000;
/** Nobody is an hour early: somebody tries things out, and the plan says nothing. */
const REHEARSED_MIN = 60;
const TALLY = { now: "on-air", next: "next", done: "off", later: "off" };

/**
 * @typedef {object} Acts of a director; a moderator has none
 * @property {(item: import("./lateness.js").Item) => void} start
 * @property {(item: import("./lateness.js").Item) => void} prepare
 */

/**
 * @param {HTMLElement} root an `ol`
 * @param {import("../lib/page.js").Page} page
 * @param {Acts} [acts]
 */
export function rundown(root, page, acts) {
  const draw = () => {
    const now_ms = page.clock.now();
    const items = itemsOf(page.store.view);
    const now = running(page.store.view, items, now_ms);
    const rows = entries(items, now, now_ms);
    list(root, rows, ({ item }) => item.id, (row) => made(page, row.item.id, acts), (element, row) => fill(element, row, now, now_ms));
    if (!rows.length && !root.children.length) root.append(h("li", { class: "muted", "data-key": "" }, page.t("programme.empty")));
  };

  /**
   * @param {HTMLElement} element
   * @param {import("./lateness.js").Entry} row
   * @param {import("../lib/programme.js").Now} now
   * @param {number} now_ms
   */
  function fill(element, { item, state, expected_ms }, now, now_ms) {
    const shifted = Math.abs(expected_ms - item.start_ms) >= MINUTE_MS && state !== "done";
    const title = find(element, ".rundown-title");
    element.dataset.state = state;
    set(element, "aria-current", state === "now" ? "true" : null);
    set(element, "data-shifted", shifted);
    list(find(element, ".rundown-times"), venuesOf(page.store.view), ({ id }) => id, () => h("time"), (time, { zone, city }) => {
      write(time, page.i18n.time(shifted ? expected_ms : item.start_ms, zone));
      set(time, "title", page.words(city));
    });
    write(find(element, ".rundown-length"), countdown(item.end_ms - item.start_ms));
    page.i18n.say(title, item.title);
    const left = find(element, ".rundown-left");
    left.hidden = state !== "now";
    write(left, state === "now" ? `${countdown(now.end_ms - now_ms)} ${page.t(now.end_ms < now_ms ? "time.over" : "time.left")}` : "");
    set(left, "data-over", now.end_ms < now_ms);
    const tally = /** @type {import("../lib/components.js").HallTally} */ (element.querySelector("hall-tally"));
    tally.hidden = state === "later" || state === "done";
    tally.show(TALLY[state], page.t(state === "now" ? "rundown.running" : "word.next"));
    buttons(element, page, item, state);
  }

  page.watch((view) => view.conference, draw);
  page.watch((view) => view.stage?.item, draw);
  page.tick(draw);
}

/**
 * @param {HTMLElement} element
 * @param {import("../lib/page.js").Page} page
 * @param {import("./lateness.js").Item} item
 * @param {string} state
 */
function buttons(element, page, item, state) {
  for (const button of element.querySelectorAll("button")) {
    const act = button.dataset.act ?? "";
    button.hidden = (act === "start" && state === "now") || (act === "prepare" && !item.sources?.length);
    write(button, page.t(`rundown.${act}`));
    set(button, "aria-label", page.t("word.labelled", { label: page.t(`rundown.${act}`), text: page.words(item.title) }));
  }
}

/**
 * @param {import("../lib/page.js").Page} page
 * @param {string} id
 * @param {Acts | undefined} acts
 */
function made(page, id, acts) {
  const item = () => /** @type {any} */ (itemsOf(page.store.view).find((one) => one.id === id));
  const button = (/** @type {keyof Acts} */ act) =>
    acts && h("button", { class: "button", type: "button", "data-act": act, onclick: () => acts[act](item()) });
  return h("li", { class: "rundown-item" },
    h("p", { class: "rundown-times figures" }),
    h("p", { class: "rundown-length muted figures" }),
    h("div", { class: "rundown-what" },
      h("p", { class: "rundown-title" }),
      h("p", { class: "rundown-left figures" }),
      acts && h("div", { class: "rundown-acts" }, button("start"), button("prepare"))),
    h(/** @type {any} */ ("hall-tally"), { state: "off" }));
}

/**
 * The programme's lateness in words: `3 min late`.
 * @param {HTMLElement} root
 * @param {import("../lib/page.js").Page} page
 */
export function late(root, page) {
  const draw = () => {
    const now_ms = page.clock.now();
    const items = itemsOf(page.store.view);
    const behind = behind_ms(running(page.store.view, items, now_ms), now_ms);
    const minutes = behind === undefined ? 0 : Math.trunc(behind / MINUTE_MS);
    const first = items[0]?.start_ms ?? 0;
    set(root, "data-behind", minutes > 0);
    if (behind === undefined) write(root, first > now_ms ? page.t("rundown.begins", { when: page.i18n.distance(first - now_ms) }) : "");
    else if (minutes <= -REHEARSED_MIN) write(root, "");
    else write(root, minutes > 0 ? page.t("time.late", { n: minutes }) : minutes < 0 ? page.t("rundown.early", { n: -minutes }) : page.t("rundown.on-time"));
  };
  page.watch((view) => view.stage?.item, draw);
  page.tick(draw);
}
