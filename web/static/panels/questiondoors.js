// @ts-check
/** What a moderator sets for the whole room: asking and voting open or closed, and between whom the queue takes turns. */

import { find, h, list, set, write } from "../lib/dom.js";

const TURNS = ["none", "venues", "languages", "both"];

/**
 * @param {HTMLElement} root `[name=asking]`, `[name=voting]`, `[name=turns]` where it has turns, `[data-hidden-counts]` where it tells of them
 * @param {import("../lib/page.js").Page} page
 * @param {(refusal: unknown) => void} refused
 */
export function doors(root, page, refused) {
  const doors = /** @type {HTMLInputElement[]} */ (["asking", "voting"].map((name) => find(root, `[name=${name}]`)));
  const turns = /** @type {HTMLSelectElement | null} */ (root.querySelector("[name=turns]"));
  const hidden = root.querySelector("[data-hidden-counts]");
  const send = (/** @type {any} */ command) => page.send(command).catch((refusal) => {
    refused(refusal);
    draw();
  });
  const draw = () => {
    const { doors: open = {}, turns: by = "none", counts_from_ms } = page.store.view.qa ?? {};
    for (const door of doors) door.checked = Boolean(open[door.name]);
    if (turns) {
      list(turns, TURNS, (value) => value, (value) => h("option", { value }), (option, value) => write(option, page.t(`board.turns.${value}`)));
      turns.value = by;
    }
    if (hidden) write(hidden, counts_from_ms > page.clock.now() ? page.t("board.counts-hidden", { time: page.i18n.time(counts_from_ms) }) : "");
    set(root, "data-closed", !open.asking);
  };
  for (const door of doors) door.addEventListener("change", () => send({ type: "qa.doors", ...Object.fromEntries(doors.map(({ name, checked }) => [name, checked])) }));
  turns?.addEventListener("change", () => send({ type: "qa.turns", by: turns.value }));
  page.watch((view) => view.qa, draw);
}
