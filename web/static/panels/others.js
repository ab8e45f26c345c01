// @ts-check
/** What the others send: the stage without oneself, with its sound when asked for. */

import { find, set, write } from "../lib/dom.js";
import { PlaySession } from "../lib/session.js";
import { keepLine } from "./desk.js";
import { Screen } from "./screen.js";
import { Sound } from "./sound.js";

/**
 * @param {import("../lib/page.js").Page} page
 * @param {number} slots pairs of picture and sound that the page's audience may need
 */
export function receive(page, slots) {
  const { whep, ice_servers } = /** @type {import("../lib/page.js").Me} */ (page.me);
  const session = new PlaySession({ url: whep, token: page.token, slots, iceServers: () => ice_servers });
  keepLine(page, session);
  session.start();
  return session;
}

/**
 * @param {HTMLElement} root `[data-scene]`, `[data-act=listen]`, `[data-volume]`
 * @param {import("../lib/page.js").Page} page
 * @param {PlaySession} session
 * @param {{listening?: boolean, select?: (view: import("../lib/store.js").View) => any}} [options] `listening`: with sound from the start
 */
export function others(root, page, session, { listening = false, select } = {}) {
  new Screen(find(root, "[data-scene]"), page, session, { select });
  listen(root, page, session, listening);
}

/**
 * The switch for the floor's sound: off, so that nobody's hall howls, until somebody asks for it.
 * @param {HTMLElement} root
 * @param {import("../lib/page.js").Page} page
 * @param {PlaySession} session
 * @param {boolean} [listening]
 */
export function listen(root, page, session, listening = false) {
  const sound = new Sound(page, session);
  sound.muted = !listening;
  const button = find(root, "[data-act=listen]");
  const volume = /** @type {HTMLInputElement | null} */ (root.querySelector("[data-volume]"));
  const toggle = () => {
    if (sound.blocked && !sound.muted) return sound.start();
    sound.toggleMute();
    sound.start();
  };
  const show = () => {
    const heard = !sound.muted && !sound.blocked;
    set(button, "aria-pressed", String(heard));
    write(button, page.t(heard ? "others.listening" : "others.listen"));
    if (volume) volume.value = String(Math.round(sound.volume * 100));
  };
  button.addEventListener("click", toggle);
  volume?.addEventListener("input", () => sound.setVolume(Number(volume.value) / 100));
  sound.addEventListener("change", show);
  page.i18n.addEventListener("change", show);
  page.keys.add("m", "keys.mute", toggle);
  if (listening) for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => sound.start(), { once: true });
  show();
}
