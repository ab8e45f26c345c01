// @ts-check
/**
 * The page's keys, and the list of them behind "?". A key never acts while somebody writes, nor below a dialog; Enter
 * that is held presses a button once, for the button may mean the next thing by then.
 */

import { h, write } from "./dom.js";

/** @typedef {{key: string, words: string, act: () => void}} Key */

export class Keys {
  /** @param {import("./i18n.js").I18n} i18n @param {EventTarget} [target] */
  constructor(i18n, target = window) {
    this.i18n = i18n;
    /** @type {Key[]} */
    this.keys = [];
    /** @type {HTMLDialogElement | null} */
    this.dialog = null;
    target.addEventListener("keydown", (event) => this.#press(/** @type {KeyboardEvent} */ (event)));
    this.add("?", "keys.list", () => this.show());
  }

  /** @param {string} key as KeyboardEvent.key @param {string} words the text's key @param {() => void} act */
  add(key, words, act) {
    this.keys.push({ key, words, act });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.repeat && event.key === "Enter" && event.target instanceof HTMLButtonElement) return event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.repeat) return;
    if (writes(event.target) || document.querySelector("dialog[open]")) return;
    const wanted = this.keys.find(({ key }) => key.toLowerCase() === event.key.toLowerCase());
    if (!wanted) return;
    event.preventDefault();
    wanted.act();
  }

  show() {
    this.dialog?.remove();
    const { t } = this.i18n;
    const rows = this.keys.flatMap(({ key, words }) => [h("dt", {}, h("kbd", {}, t(`key.${key}`) === `key.${key}` ? key.toUpperCase() : t(`key.${key}`))), h("dd", {}, t(words))]);
    this.dialog = dialog(t("keys.title"), [h("dl", { class: "keys" }, ...rows)], [h("button", { class: "button", value: "close" }, t("word.close"))]);
    this.dialog.showModal();
  }
}

/**
 * A dialog in the document; its buttons close it, `returnValue` is the button's value.
 * @param {string} title @param {(Node | string)[]} body @param {HTMLButtonElement[]} buttons
 */
export function dialog(title, body, buttons) {
  const heading = h("h2", { id: "dialog-title" });
  write(heading, title);
  const element = h("dialog", { class: "dialog", "aria-labelledby": "dialog-title" },
    h("form", { method: "dialog" }, heading, ...body, h("div", { class: "buttons" }, ...buttons)));
  element.addEventListener("close", () => element.remove());
  document.body.append(element);
  return element;
}

/**
 * Asks once, naming the thing. @param {import("./i18n.js").I18n} i18n @param {{title: string, body: string, act: string}} words
 * @returns {Promise<boolean>}
 */
export function confirm({ t }, { title, body, act }) {
  const element = dialog(title, [h("p", {}, body)], [
    h("button", { class: "button", value: "no" }, t("word.cancel")),
    h("button", { class: "button button-take", value: "yes" }, act),
  ]);
  element.showModal();
  return new Promise((resolve) => element.addEventListener("close", () => resolve(element.returnValue === "yes"), { once: true }));
}

/** @param {EventTarget | null} target */
function writes(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(range|checkbox|radio)$/.test(/** @type {HTMLInputElement} */ (target).type));
}
