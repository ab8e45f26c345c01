// @ts-check
/** The director's page: preview, program and the take; sources by click or key; the rundown beside. */

import { find, h, list, set, write } from "../lib/dom.js";
import { Acts } from "./acts.js";
import { Board } from "./board.js";
import { venuesOf } from "./clocks.js";
import { openDesk } from "./desk.js";
import { Monitor } from "./monitor.js";
import { listen, receive } from "./others.js";
import { Pictures } from "./pictures.js";
import { late, rundown } from "./rundown.js";
import { LAYOUTS } from "./scenes.js";
import { leadByKeys, shortlist } from "./shortlist.js";
import { sources } from "./sources.js";
import { sourcesOf } from "./tally.js";
import { told } from "./told.js";

const SLOTS = 8;
const LAYOUT_KEYS = ["q", "w", "e"];

const page = await openDesk(["director"]);
const session = receive(page, SLOTS);
const pictures = new Pictures(page, session);
const board = new Board(page);
gallery();
take();
scenes();
sources(find(document, "[data-sources]"), page, pictures, board);
questions();
programme();
keys();
listen(find(document, ".take-bar"), page, session);

/** Both monitors, each with the names of what it shows. */
function gallery() {
  const preview = new Monitor(find(document, "[data-scene=preview]"), page, pictures, "director.preview-empty");
  const onAir = new Monitor(find(document, "[data-scene=program]"), page, pictures, "director.program-empty");
  const draw = () => {
    preview.show(board.preview);
    onAir.show(board.program);
  };
  board.addEventListener("change", draw);
  page.watch((view) => view.conference, draw);
}

function take() {
  const button = /** @type {HTMLButtonElement} */ (find(document, "[data-act=take]"));
  const said = find(document, "[data-taken]");
  button.addEventListener("click", () => board.take());
  button.addEventListener("keydown", (event) => event.key === " " && event.preventDefault());
  button.addEventListener("keyup", (event) => event.key === " " && event.preventDefault());
  board.addEventListener("change", () => set(button, "aria-disabled", String(!board.ready)));
  board.addEventListener("refused", (event) => write(said, page.refusal(/** @type {CustomEvent} */ (event).detail)));
  page.watch((view) => view.stage?.take, (taken) => {
    if (!taken) return write(said, page.t("director.not-taken"));
    const at = page.i18n.time(taken.at_ms, venuesOf(page.store.view).find(({ main }) => main)?.zone, true);
    write(said, taken.by ? page.t("director.taken-by", { at, by: taken.by }) : page.t("director.taken", { at }));
  });
  set(button, "aria-disabled", String(!board.ready));
}

function scenes() {
  const root = find(document, "[data-scenes]");
  const draw = () => {
    list(root, LAYOUTS, (layout) => layout, (layout) => h("button", { class: "button", type: "button", onclick: (/** @type {MouseEvent} */ event) => {
      board.reshape(layout);
      if (event.detail) /** @type {HTMLElement} */ (event.currentTarget).blur();
    } }, h("kbd", { "aria-hidden": "true" }, LAYOUT_KEYS[LAYOUTS.indexOf(layout)].toUpperCase()), h("span", { "data-t": `scene.${layout}` })),
      (button, layout) => set(button, "aria-pressed", String(board.preview?.layout === layout)));
    page.i18n.apply(root);
  };
  board.addEventListener("change", draw);
  draw();
}

/** What is asked on stage, and the way of the askers to it. */
function questions() {
  const acts = new Acts(page);
  shortlist(find(document, "[data-shortlist]"), page, { acts });
  leadByKeys(page, acts);
  told(find(document, "[data-told-line]"), page, acts);
}

function programme() {
  const end = find(document, "[data-act=end-item]");
  const start = (/** @type {{id: string} | null} */ item) => page.send({ type: "stage.item", item: item?.id ?? null })
    .catch((refused) => board.dispatchEvent(new CustomEvent("refused", { detail: refused })));
  rundown(find(document, "[data-rundown]"), page, { start, prepare: (item) => board.prepare(item) });
  late(find(document, "[data-late]"), page);
  end.addEventListener("click", () => start(null));
  page.watch((view) => view.stage?.item, (item) => {
    end.hidden = !item;
  });
}

/** Enter takes, unless it presses the button that has the focus; nothing acts below a dialog. */
function keys() {
  document.body.addEventListener("keydown", (event) => {
    const target = /** @type {Element} */ (event.target);
    const presses = event.key === "Enter" && target.closest("button:not([data-act=take]), summary, a");
    if (presses || document.querySelector("dialog[open]")) return event.stopPropagation();
    if (/^[1-9]$/.test(event.key) && !target.matches("input, select") && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const source = sourcesOf(page.store.view)[Number(event.key) - 1];
      if (source) board.place(source.id);
    }
  });
  page.keys.add("Enter", "director.key-take", () => board.take());
  LAYOUT_KEYS.forEach((key, n) => page.keys.add(key, `scene.${LAYOUTS[n]}`, () => board.reshape(LAYOUTS[n])));
  page.keys.add("1 – 9", "director.key-source", () => undefined);
}
