// @ts-check
/** The hall's rotating code as a QR: whoever scans it asks from the hall. Shown while questions are taken. */

import { h, write } from "../lib/dom.js";

/** After a code that did not come, the next is asked for, ms. */
const AGAIN_MS = 5_000;
/** A code is asked for at the latest after this, whatever its end says, ms. */
const LONGEST_MS = 60_000;

/** @param {HTMLElement} element @param {import("../lib/page.js").Page} page in by the link of a hall's screen */
export function mountCode(element, page) {
  const picture = h("img", { class: "code-picture", alt: "" });
  const words = h("p", { class: "code-words" });
  element.append(picture, words);
  element.hidden = true;
  let come = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const asking = () => Boolean(page.store.view.qa?.doors?.asking);
  const draw = () => {
    element.hidden = !asking() || !come;
    picture.alt = page.t("wall.code-alt");
    write(words, page.t("wall.ask"));
  };
  const next = async () => {
    clearTimeout(timer);
    if (!asking()) return;
    const shown = await codeOf(page);
    clearTimeout(timer);
    if (shown) {
      picture.src = `data:image/svg+xml,${encodeURIComponent(shown.qr)}`;
      element.dataset.code = shown.code;
      come = true;
    }
    draw();
    timer = setTimeout(next, shown ? Math.min(LONGEST_MS, Math.max(1_000, shown.until_ms - page.clock.now())) : AGAIN_MS);
  };
  page.watch((view) => Boolean(view.qa?.doors?.asking), () => {
    draw();
    void next();
  });
}

/** @param {import("../lib/page.js").Page} page @returns {Promise<{code: string, until_ms: number, url: string, qr: string} | null>} */
async function codeOf(page) {
  try {
    const answer = await fetch(`/${page.me?.conference}/code`, { headers: { Authorization: `Bearer ${page.token}` } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
