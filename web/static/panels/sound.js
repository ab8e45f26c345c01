// @ts-check
/** The room's sound on this page: one audio element per slot, the program's gain times the listener's volume. */

import { PlaySession } from "../lib/session.js";

const STORED = "twinhall-volume";

/** Event `change`: volume, mute, or whether the browser waits for a gesture (`blocked`). */
export class Sound extends EventTarget {
  /**
   * @param {import("../lib/page.js").Page} page
   * @param {PlaySession} session
   * @param {{remembers?: boolean}} [options] a wall has no control, so it plays at full volume whatever other pages of its browser chose
   */
  constructor(page, session, { remembers = true } = {}) {
    super();
    this.session = session;
    this.volume = remembers ? rememberedVolume() : 1;
    this.muted = false;
    /** This page may be silent because another one is its hall's loudspeaker. */
    this.silenced = false;
    this.blocked = false;
    /** @type {Record<string, number>} */
    this.gains = {};
    this.elements = Array.from({ length: session.count }, () => document.body.appendChild(new Audio()));
    session.addEventListener("slots", () => this.#attach());
    if (session.slots.length) this.#attach();
    page.watch((view) => view.stage?.sound?.floor, (picks) => this.#mix(picks ?? []));
  }

  /** @param {number} volume 0..1 */
  setVolume(volume) {
    this.volume = volume;
    this.muted = volume === 0;
    try {
      localStorage.setItem(STORED, String(volume));
    } catch {
      // Storage is closed to us: the volume lasts for this page.
    }
    this.#apply();
  }

  toggleMute() {
    this.muted = !this.muted;
    if (!this.muted && this.volume === 0) this.volume = 0.8;
    this.#apply();
  }

  /** @param {boolean} silenced */
  silence(silenced) {
    this.silenced = silenced;
    this.#apply();
  }

  /** Starts what the browser held back; call it in a gesture. */
  start() {
    for (const element of this.elements) this.#play(element);
  }

  #attach() {
    this.session.slots.forEach(({ audio }, index) => {
      this.elements[index].srcObject = audio;
    });
    this.#apply();
    this.start();
  }

  /** @param {{slot: string, gain: number}[]} picks */
  #mix(picks) {
    this.gains = Object.fromEntries(picks.filter(({ slot }) => slot).map(({ slot, gain }) => [PlaySession.index(slot), gain]));
    this.#apply();
  }

  #apply() {
    this.elements.forEach((element, index) => {
      const gain = this.gains[index] ?? 0;
      element.volume = Math.min(1, Math.max(0, gain * this.volume));
      element.muted = this.muted || this.silenced || gain === 0;
    });
    this.dispatchEvent(new Event("change"));
  }

  /** @param {HTMLAudioElement} element */
  async #play(element) {
    try {
      await element.play();
      if (!this.blocked) return;
      this.blocked = false;
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || this.blocked) return;
      this.blocked = true;
    }
    this.dispatchEvent(new Event("change"));
  }
}

function rememberedVolume() {
  try {
    const stored = Number(localStorage.getItem(STORED) ?? "1");
    return stored >= 0 && stored <= 1 ? stored : 1;
  } catch {
    return 1;
  }
}
