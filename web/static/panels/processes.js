// @ts-check
/** Several processes of one node: who decides, who lags, where pictures flow; and what this node may lose. */

import { find, h, list, set, write } from "../lib/dom.js";

/** Entries; a follower that is further behind waits for something. */
const BEHIND = 10;

/** @typedef {import("../lib/page.js").Page} Page */

/**
 * One web process, with the relay beside it.
 * @typedef {object} Process
 * @property {string} node
 * @property {boolean} here
 * @property {boolean} owner
 * @property {number} pages
 * @property {number} behind
 * @property {boolean} relay
 * @property {number} sessions
 * @property {number} packets_per_s
 * @property {{offset_ms: number | null, bound_ms: number | null, off: boolean}} clock of its machine, beside Redis'
 */

/**
 * @param {HTMLElement} root hidden as long as the node has one process in one folder
 * @param {Page} page
 */
export function processes(root, page) {
  page.watch((view) => view.health?.processes, (/** @type {Process[] | undefined} */ told) => {
    root.hidden = !told?.length;
    list(find(root, "[data-rows]"), told ?? [], ({ node }) => node, made, (row, one) => {
      const tally = /** @type {import("../lib/components.js").HallTally} */ (row.querySelector("hall-tally"));
      tally.show(one.behind > BEHIND ? "hold" : "ready", page.t(one.behind > BEHIND ? "process.late" : one.owner ? "process.decides" : "process.follows"));
      write(find(row, ".process-name"), one.node);
      write(find(row, ".process-pages"), page.t(one.here ? "process.pages-here" : "process.pages", { n: one.pages }));
      write(find(row, ".process-behind"), one.owner ? "" : page.t("process.behind", { n: one.behind }));
      const packets = page.i18n.number(one.packets_per_s, { maximumFractionDigits: 0 });
      write(find(row, ".process-relay"), one.relay ? page.t("process.relay", { n: one.sessions, packets }) : page.t("process.no-relay"));
      const { offset_ms, bound_ms, off } = one.clock;
      const apart = { offset: page.i18n.number(offset_ms ?? 0, { maximumFractionDigits: 0, signDisplay: "exceptZero" }), bound: page.i18n.number(Math.ceil(bound_ms ?? 0)) };
      write(find(row, ".process-clock"), bound_ms === null ? "" : page.t(off ? "process.clock-off" : "process.clock", apart));
      set(row, "data-worry", !one.relay || off);
    });
  });
}

function made() {
  const words = h("div", {}, h("p", { class: "process-name strong" }), ...["pages", "behind", "relay", "clock"].map((name) => h("p", { class: `process-${name} small muted` })));
  return h("div", { class: "health-row process" }, h(/** @type {any} */ ("hall-tally"), { state: "off" }), words);
}

/**
 * Says at the page's head what the node may lose; `setting` and `value` are Redis' own words.
 * @param {HTMLElement} root
 * @param {Page} page
 */
export function risks(root, page) {
  page.watch((view) => view.health?.risks, (/** @type {{setting: string, value: string | null}[] | undefined} */ told) => {
    root.hidden = !told?.length;
    list(find(root, "[data-rows]"), told ?? [], ({ setting }) => setting, () => h("li"), (row, { setting, value }) => {
      write(row, value === null ? page.t("risk.unknown", { setting }) : page.t(`risk.${setting}`, { value }));
    });
  });
}
