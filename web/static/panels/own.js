// @ts-check
/** One's own picture, sound and publishing: what a venue's and a speaker's page do the same way. */

import { find, write } from "../lib/dom.js";
import { PublishSession } from "../lib/session.js";
import { Capture } from "./capture.js";
import { delay } from "./delay.js";
import { devices } from "./devices.js";
import { figures } from "./figures.js";
import { tieSession } from "./line.js";
import { meter } from "./meter.js";
import { LAYERS, publish } from "./publish.js";
import { tallyOf } from "./tally.js";

/**
 * @param {import("../lib/page.js").Page} page
 * @param {Partial<import("./capture.js").Processing>} [processing] what is done to the sound from the start
 * @returns {{capture: Capture, session: PublishSession, source: string}}
 */
export function own(page, processing = {}) {
  const me = /** @type {import("../lib/page.js").Me} */ (page.me);
  const source = me.source ?? "";
  const capture = new Capture(navigator.mediaDevices);
  Object.assign(capture.processing, processing);
  const session = new PublishSession({ url: me.whip ?? "", token: page.token, iceServers: () => me.ice_servers, layers: LAYERS });
  const onAir = () => tallyOf(page.store.view, source) === "on-air";
  tieSession(page, session);
  preview(capture, page);
  meter(find(document, "[data-meter]"), capture, page);
  devices(find(document, "[data-devices]"), find(document, "[data-said]"), capture, page);
  delay(page, source);
  publish(find(document, "[data-publish]"), {
    session,
    capture,
    name: () => page.words(page.store.view.conference?.sources?.[source]?.name),
    onAir,
    slated: () => onAir() && !page.store.view.media?.sources?.[source]?.live,
  }, page);
  figures(find(document, "[data-figures]"), { session, relay: () => page.store.view.media?.sources?.[source] }, page);
  void capture.start();
  return { capture, session, source };
}

/**
 * The own picture on the page, or words why there is none.
 * @param {Capture} capture
 * @param {import("../lib/page.js").Page} page
 */
export function preview(capture, { i18n, t }) {
  const root = find(document, "[data-own]");
  const video = /** @type {HTMLVideoElement} */ (root.querySelector("video"));
  const words = find(root, "[data-own-words]");
  const [title, more] = words.querySelectorAll("p");
  const ask = find(words, "[data-act=ask]");
  ask.addEventListener("click", () => capture.start());
  /** @type {MediaStreamTrack | null} */
  let shown = null;
  const show = () => {
    if (capture.tracks.video !== shown) {
      shown = capture.tracks.video;
      video.srcObject = shown && new MediaStream([shown]);
    }
    words.hidden = Boolean(shown);
    ask.hidden = capture.permission !== "denied";
    const key = capture.permission === "granted" ? "no-camera" : capture.permission;
    write(title, t(`capture.${key}-title`));
    write(more, t(`capture.${key}-words`));
  };
  capture.addEventListener("change", show);
  i18n.addEventListener("change", show);
  show();
}
