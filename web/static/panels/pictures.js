// @ts-check
/** Sources into pictures, whatever slot they move to: one source may stand in several pictures of a desk. */

import { PlaySession } from "../lib/session.js";

/** Windows are dragged: the relay hears of a size once it stands. */
const SETTLED_MS = 250;

/** Events: `change` when streams or slots are others. */
export class Pictures extends EventTarget {
  /** @type {Map<HTMLVideoElement, string>} */
  #shown = new Map();
  #sizes = new ResizeObserver(() => this.#resized());
  #settling = 0;
  #told = "";

  /**
   * @param {import("../lib/page.js").Page} page
   * @param {PlaySession} session
   */
  constructor(page, session) {
    super();
    this.page = page;
    this.session = session;
    session.addEventListener("slots", () => this.#refresh());
    session.addEventListener("state", () => this.#resized());
    page.store.watch((view) => view.stage?.tiles, () => this.#refresh());
  }

  /** Shows `source` in `video`, now and after every switch. @param {HTMLVideoElement} video @param {string} source */
  show(video, source) {
    if (this.#shown.get(video) === source) return;
    if (!this.#shown.has(video)) this.#sizes.observe(video);
    this.#shown.set(video, source);
    this.#put(video, source);
    this.#resized();
  }

  /** @param {HTMLVideoElement} video */
  forget(video) {
    this.#shown.delete(video);
    this.#sizes.unobserve(video);
    video.srcObject = null;
  }

  /** The sound of `source` while it has a slot. @param {string} source @returns {MediaStreamTrack | null} */
  sound(source) {
    const slot = this.page.store.view.stage?.sound?.floor?.find((/** @type {any} */ pick) => pick.source === source)?.slot;
    return slot ? this.session.slots[PlaySession.index(slot)]?.audio.getAudioTracks()[0] ?? null : null;
  }

  /** @param {string} source @returns {string | undefined} */
  #slotOf(source) {
    return this.page.store.view.stage?.tiles?.find((/** @type {any} */ tile) => tile.source === source)?.slot;
  }

  #refresh() {
    for (const [video, source] of this.#shown) this.#put(video, source);
    this.#resized();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {HTMLVideoElement} video @param {string} source */
  #put(video, source) {
    const slot = this.#slotOf(source);
    const stream = slot ? this.session.slots[PlaySession.index(slot)]?.video ?? null : null;
    if (video.srcObject === stream) return;
    video.srcObject = stream;
    if (stream) void video.play().catch(() => undefined);
  }

  #resized() {
    clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => this.#tell(), SETTLED_MS);
  }

  /** Tells the relay how high each slot is shown, in device pixels, so that it sends the layer that fits. */
  #tell() {
    const { id, state, slots } = this.session;
    if (!id || state !== "live") return;
    const heights = Object.fromEntries(slots.map((_, n) => [`v${n}`, 0]));
    for (const [video, source] of this.#shown) {
      const slot = this.#slotOf(source);
      if (slot) heights[slot] = Math.max(heights[slot] ?? 0, Math.round(video.clientHeight * devicePixelRatio));
    }
    const told = `${id} ${JSON.stringify(heights)}`;
    if (told === this.#told) return;
    this.#told = told;
    this.page.socket?.signal({ type: "viewport", session: id, heights });
  }
}
