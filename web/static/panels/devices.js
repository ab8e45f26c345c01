// @ts-check
/** Choosing camera and sound: the lists, what may be done to the sound, and words when a device goes. */

import { h } from "../lib/dom.js";

/** @typedef {import("./capture.js").Capture} Capture */
/** @typedef {import("./capture.js").Kind} Kind */

/** A device that came back needs no more words after this. */
const GOOD_NEWS_MS = 8000;

/**
 * @param {HTMLElement} root the form: `select[name=video|audio]`, `input[name=echo|noise|gain]`
 * @param {HTMLElement} said where notices are announced (role status)
 * @param {Capture} capture
 * @param {import("../lib/page.js").Page} page
 */
export function devices(root, said, capture, { i18n, t }) {
  const selects = /** @type {Record<Kind, HTMLSelectElement>} */ ({
    video: root.querySelector("select[name=video]"),
    audio: root.querySelector("select[name=audio]"),
  });
  const switches = /** @type {HTMLInputElement[]} */ ([...root.querySelectorAll("input[type=checkbox]")]);

  for (const kind of /** @type {Kind[]} */ (["video", "audio"])) {
    selects[kind].addEventListener("change", () => capture.choose(kind, selects[kind].value));
  }
  for (const box of switches) box.addEventListener("change", () => capture.process({ [box.name]: box.checked }));
  capture.addEventListener("change", show);
  capture.addEventListener("notice", (event) => announce(/** @type {CustomEvent} */ (event).detail));
  i18n.addEventListener("change", show);
  show();

  function show() {
    for (const kind of /** @type {Kind[]} */ (["video", "audio"])) fill(selects[kind], kind);
    for (const box of switches) {
      box.checked = capture.processing[/** @type {keyof Capture["processing"]} */ (box.name)];
      box.disabled = capture.permission !== "granted";
    }
  }

  /**
   * @param {HTMLSelectElement} select
   * @param {Kind} kind
   */
  function fill(select, kind) {
    const list = capture.devices[kind].filter((device) => device.id);
    const options = list.map(({ id, label }, n) => new Option(label || t(`capture.unnamed-${kind}`, { n: n + 1 }), id));
    if (!list.length || !capture.tracks[kind]) options.unshift(new Option(t(`capture.${capture.absence(kind)}`), ""));
    select.replaceChildren(...options);
    select.value = capture.tracks[kind]?.getSettings().deviceId ?? "";
    select.disabled = !list.length;
  }

  /** @param {import("./capture.js").Notice} notice */
  function announce({ code, kind, device }) {
    said.querySelector(`[data-kind-of="${kind}"]`)?.remove();
    const words = t(`capture.${code}-${kind}`, { device });
    const line = h("p", { class: "line-notice", "data-kind-of": kind, "data-kind": code === "lost" && "lost" }, words);
    said.append(line);
    if (code === "returned") setTimeout(() => line.remove(), GOOD_NEWS_MS);
  }
}
