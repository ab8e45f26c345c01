// @ts-check
/** The multiview: every source small, with tally, level, sound, delay and the health of its line. */

import { DOT, find, h, icon, list, set, write } from "../lib/dom.js";
import { Ear } from "./ear.js";
import { percent } from "./figures.js";
import { Needle } from "./levels.js";
import { sourcesOf } from "./tally.js";
import { worries } from "./uplink.js";

/** @typedef {import("../lib/page.js").Page} Page */

/** Four sounds measured twelve times a second are enough for a glance and cost little. */
const METER_MS = 80;

/** @type {Map<string, {ear: Ear, needle: Needle}>} */
const heard = new Map();

/**
 * @param {HTMLElement} root an `ol`
 * @param {Page} page
 * @param {import("./pictures.js").Pictures} pictures
 * @param {import("./board.js").Board} board
 */
export function sources(root, page, pictures, board) {
  const make = (/** @type {{id: string}} */ { id }) => made(page, pictures, board, id);
  const draw = () => list(root, sourcesOf(page.store.view), ({ id }) => id, make, (element, source) => fill(element, source, page, board));
  page.watch((view) => view.conference?.sources, draw);
  page.watch((view) => view.media?.sources, draw);
  page.watch((view) => view.stage?.sound_on, draw);
  page.watch((view) => view.stage?.delays, draw);
  board.addEventListener("change", draw);
  const listen = () => listenTo(page, pictures);
  pictures.addEventListener("change", listen);
  page.watch((view) => view.stage?.sound?.floor, listen);
  for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, listen);
  setInterval(() => measure(root), METER_MS);
}

/**
 * @param {Page} page
 * @param {import("./pictures.js").Pictures} pictures
 * @param {import("./board.js").Board} board
 * @param {string} id
 */
function made(page, pictures, board, id) {
  const video = h("video", { playsinline: true, autoplay: true, muted: true, "aria-hidden": "true" });
  pictures.show(video, id);
  const gain = (/** @type {number} */ value) => page.send({ type: "stage.sound", source: id, gain: value }).catch(refused(board));
  const delay = (/** @type {number} */ value) => page.send({ type: "stage.delay", source: id, delay_ms: value }).catch(refused(board));
  const picture = h("button", { class: "source-picture", type: "button", onclick: (/** @type {MouseEvent} */ event) => {
    board.place(id);
    if (event.detail) /** @type {HTMLElement} */ (event.currentTarget).blur();
  } }, video, h("span", { class: "unseen source-place" }), h("span", { class: "source-words" }),
    h(/** @type {any} */ ("hall-tally"), { state: "off" }));
  const sound = h("button", { class: "button button-quiet button-icon source-sound", type: "button", onclick: () => gain(page.store.view.stage?.sound_on?.[id] ? 0 : 1) });
  return h("li", { class: "source" }, picture,
    h("p", { class: "source-head" }, h("kbd", { class: "source-key" }), h("span", { class: "source-name strong" })),
    h("div", { class: "source-level" }, sound, h(/** @type {any} */ ("hall-meter"))),
    h("p", { class: "source-line small" }),
    h("details", { class: "more source-more" }, h("summary", { class: "small", "data-t": "director.fine" }),
      slider("gain", 0, 100, 5, page, (value) => gain(value / 100)), slider("delay", 0, 500, 10, page, delay)));
}

/** @param {import("./board.js").Board} board */
function refused(board) {
  return (/** @type {Error} */ error) => board.dispatchEvent(new CustomEvent("refused", { detail: error }));
}

/**
 * @param {string} name
 * @param {number} min @param {number} max @param {number} step
 * @param {Page} page
 * @param {(value: number) => void} act
 */
function slider(name, min, max, step, { i18n }, act) {
  const input = h("input", { class: "range", type: "range", name, min, max, step });
  const said = h("output", { class: "figures small" });
  input.addEventListener("change", () => act(Number(input.value)));
  input.addEventListener("input", () => write(said, quantity(name, Number(input.value), i18n)));
  return h("label", { class: "source-slider small" }, h("span", { "data-t": `director.${name}` }), input, said);
}

/**
 * @param {HTMLElement} element
 * @param {ReturnType<typeof sourcesOf>[number]} source
 * @param {Page} page
 * @param {import("./board.js").Board} board
 */
function fill(element, source, page, board) {
  const { stage = {}, media } = page.store.view;
  const state = media?.sources?.[source.id];
  const tally = board.program.sources.includes(source.id) ? "on-air" : board.preview?.sources.includes(source.id) ? "next" : "off";
  const name = page.words(source.name);
  const index = sourcesOf(page.store.view).findIndex(({ id }) => id === source.id) + 1;
  element.dataset.tally = tally;
  page.i18n.say(find(element, ".source-name"), source.name);
  /** @type {import("../lib/components.js").HallTally} */ (element.querySelector("hall-tally")).show(tally, tally === "off" ? "" : page.t(`tally.${tally}`));
  write(find(element, ".source-words"), state && !state.live ? page.t(state.slate ? "director.slate" : "director.nothing") : "");
  write(find(element, ".source-key"), index <= 9 ? String(index) : "");
  write(find(element, ".source-place"), page.t("director.place", { source: name }));
  set(find(element, ".source-picture"), "aria-pressed", String(Boolean(board.preview?.sources.includes(source.id))));
  sound(element, page, name, stage.sound_on?.[source.id] ?? 1);
  number(element, page, "delay", stage.delays?.[source.id] ?? 0);
  health(element, page, state);
  set(find(element, "hall-meter"), "aria-label", page.t("director.level", { source: name }));
  level(element, heard.get(source.id)?.needle ?? new Needle());
  page.i18n.apply(element);
}

/** @param {HTMLElement} element @param {Page} page @param {string} name @param {number} gain */
function sound(element, page, name, gain) {
  const button = find(element, ".source-sound");
  const on = gain > 0;
  if (button.getAttribute("aria-pressed") !== String(on)) button.replaceChildren(icon(on ? "sound" : "muted"));
  set(button, "aria-pressed", String(on));
  set(button, "title", page.t(on ? "director.sound-on" : "director.sound-off"));
  set(button, "aria-label", page.t("director.sound-of", { source: name }));
  number(element, page, "gain", Math.round(gain * 100));
}

/** @param {HTMLElement} element @param {Page} page @param {string} name @param {number} value */
function number(element, { i18n }, name, value) {
  const input = /** @type {HTMLInputElement} */ (element.querySelector(`input[name=${name}]`));
  if (!input.matches(":active")) input.value = String(value);
  write(/** @type {Element} */ (input.nextElementSibling), quantity(name, value, i18n));
}

/** A gain in percent, a delay in milliseconds. @param {string} name @param {number} value @param {import("../lib/i18n.js").I18n} i18n */
function quantity(name, value, i18n) {
  return name === "gain" ? i18n.number(value / 100, { style: "percent" }) : i18n.milliseconds(value);
}

/** @param {HTMLElement} element @param {Page} page @param {any} state */
function health(element, page, state) {
  const line = find(element, ".source-line");
  const { lost, round_trip, age } = worries(state ?? {});
  set(line, "data-worry", lost || round_trip || age);
  if (!state?.live) return write(line, page.t("director.no-line"));
  const parts = [
    state.height && `${state.height}p`,
    state.round_trip_ms !== undefined && page.i18n.milliseconds(Math.round(state.round_trip_ms)),
    state.lost_share !== undefined && page.t("director.lost", { share: percent(state.lost_share, page.i18n) }),
    state.age_ms !== undefined && page.t("director.age", { s: page.i18n.seconds(state.age_ms) }),
  ];
  write(line, parts.filter(Boolean).join(DOT));
}

/** Browsers let a page hear from its first gesture on. @param {Page} page @param {import("./pictures.js").Pictures} pictures */
function listenTo(page, pictures) {
  if (!navigator.userActivation.hasBeenActive) return;
  for (const { id } of sourcesOf(page.store.view)) {
    const one = heard.get(id) ?? { ear: new Ear(), needle: new Needle() };
    heard.set(id, one);
    one.ear.listen(pictures.sound(id));
  }
}

/** @param {HTMLElement} element @param {Needle} needle */
function level(element, { level_dbfs, held_dbfs }) {
  /** @type {import("../lib/components.js").HallMeter} */ (element.querySelector("hall-meter")).level(level_dbfs, held_dbfs);
}

/** @param {HTMLElement} root */
function measure(root) {
  const now_ms = performance.now();
  for (const element of /** @type {HTMLElement[]} */ ([...root.children])) {
    const one = heard.get(element.dataset.key ?? "");
    if (!one) continue;
    one.needle.read(Math.max(...one.ear.peaks()), now_ms);
    level(element, one.needle);
  }
}
