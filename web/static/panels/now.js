// @ts-check
/** What runs now, how far it is, and what comes next. */

import { find, style, write } from "../lib/dom.js";
import { following, itemsOf, running } from "../lib/programme.js";

/**
 * Fills `.now-title`, `.now-detail`, `.now-next` and the progress line `.now-done` of `element`.
 * @param {HTMLElement} element @param {import("../lib/page.js").Page} page
 */
export function mountNow(element, page) {
  const [title, detail, next, line] = [".now-title", ".now-detail", ".now-next", ".now-done"].map((name) => find(element, name));
  const draw = () => {
    const now_ms = page.clock.now();
    const items = itemsOf(page.store.view);
    const now = running(page.store.view, items, now_ms);
    const after = following(now, items, now_ms);
    if (now.item) page.i18n.say(title, now.item.title);
    else write(title, after ? page.t("stage.begins", { when: comes(page, now, after, now_ms) }) : page.t("lobby.over"));
    page.i18n.say(detail, now.item?.detail);
    const share = now.item ? Math.min(1, Math.max(0, (now_ms - now.started_ms) / (now.end_ms - now.started_ms))) : 0;
    style(line, { transform: `scaleX(${share.toFixed(4)})` });
    write(next, after ? page.t("word.labelled", { label: page.t("word.next"), text: [page.words(after.title), comes(page, now, after, now_ms)].join(page.t("word.pause")) }) : "");
  };
  page.tick(draw);
  page.watch((view) => view.stage?.item, draw);
  page.watch((view) => view.conference, draw);
}

/** When `after` comes: behind the item that runs if the director called it, else by plan. @param {import("../lib/page.js").Page} page @param {import("../lib/programme.js").Now} now @param {import("../lib/programme.js").Item} after @param {number} now_ms */
export function comes(page, now, after, now_ms) {
  const at_ms = now.called ? Math.max(now.end_ms, now_ms) : after.start_ms;
  return page.i18n.distance(at_ms - now_ms);
}
