// @ts-check
/** A button that copies a text and says that it did. */

import { h, icon, set } from "../lib/dom.js";

const SAID_MS = 2000;

/**
 * @param {import("../lib/page.js").Page} page
 * @param {() => string} text
 * @param {string} [label] the text's key for what is copied, where several stand in a row
 */
export function copyButton({ i18n }, text, label = "word.copy") {
  const words = h("span", { "data-t": label });
  const button = h("button", { class: "button", type: "button" }, icon("copy", "icon-small"), words);
  const say = (/** @type {string} */ key) => {
    set(words, "data-t", key);
    i18n.apply(button);
  };
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    say("word.copied");
    setTimeout(() => say(label), SAID_MS);
  });
  i18n.apply(button);
  return button;
}
