// @ts-check
/** Downloads of sealed records. The link's secret goes in a header, so a page fetches them. */

import { h, write } from "../lib/dom.js";
import { fetched, save } from "./exports.js";

/**
 * @param {import("../lib/page.js").Page} page @param {() => string} act the record's: an act's id, or `ceremony/<item>`
 * @param {(words: import("../lib/i18n.js").Saying) => void} say
 */
export function recordButton(page, act, say) {
  const take = async () => {
    const id = act();
    try {
      const file = `${page.me?.conference}-${id.replace("/", "-")}.pdf`;
      save(await fetched(page, `/${page.me?.conference}/records/${id}.pdf`), file);
      say(() => page.t("exports.done", { file }));
    } catch (refusal) {
      say(() => page.refusal(refusal));
    }
  };
  const button = h("button", { type: "button", class: "button record-button", "data-act": "record", "data-t": "officer.download", onclick: take });
  write(button, page.t("officer.download"));
  return button;
}
