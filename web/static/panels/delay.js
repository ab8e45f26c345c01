// @ts-check
/** Lips and words: how long a source's sound waits for its picture. */

import { find, write } from "../lib/dom.js";

/** Sent once the slider stands, shown as the stage has it. @param {import("../lib/page.js").Page} page @param {string} source */
export function delay(page, source) {
  const slider = /** @type {HTMLInputElement} */ (find(document, "#delay"));
  const said = find(document, "[data-delay] output");
  slider.addEventListener("input", () => write(said, page.i18n.milliseconds(Number(slider.value))));
  slider.addEventListener("change", () => {
    page.send({ type: "stage.delay", source, delay_ms: Number(slider.value) }).catch((refused) => {
      write(said, page.refusal(refused));
    });
  });
  page.watch((view) => view.stage?.delays?.[source] ?? 0, (delay_ms) => {
    if (document.activeElement === slider && slider.matches(":active")) return;
    slider.value = String(delay_ms);
    write(said, page.i18n.milliseconds(delay_ms));
  });
}
