// @ts-check
/**
 * The pictures of a room on this page: tiles that follow the program, slates with their clock, takes that wait for the picture.
 * A tile that is off is drawn too, too faint to be seen: a browser paces only what it draws, and the first pictures
 * of a take would come late.
 */

import { h, find, icon, set, style, write } from "../lib/dom.js";
import { arrange, heightWanted, isSlate, settled } from "../lib/layout.js";
import { PlaySession } from "../lib/session.js";

/** @typedef {import("../lib/layout.js").Tile} Tile */
/** @typedef {{layout: string, tiles: Tile[]}} Scene */

/** A take is shown at the latest after this long, whatever the slots say, ms. */
const TAKE_MS = 2_000;
/** The viewport is told at most this often, ms. */
const TELL_MS = 250;

export class Screen {
  /**
   * @param {HTMLElement} element @param {import("../lib/page.js").Page} page @param {PlaySession} session
   * @param {{crop?: number, gap?: number, select?: (view: import("../lib/store.js").View) => Scene | undefined}} [options]
   */
  constructor(element, page, session, { crop, gap, select = (view) => view.stage } = {}) {
    this.element = element;
    this.page = page;
    this.session = session;
    this.options = { crop, gap };
    this.select = select;
    /** What is seen now; the program may be ahead of it until its pictures are there. @type {Scene} */
    this.scene = { layout: "full", tiles: [] };
    /** @type {HTMLElement[]} */
    this.tiles = Array.from({ length: session.count }, (_, index) => this.#tile(index));
    element.append(...this.tiles);
    element.classList.add("screen");
    this.playable = new Set((RTCRtpReceiver.getCapabilities("video")?.codecs ?? []).map(({ mimeType }) => mimeType.split("/")[1].toUpperCase()));
    /** A take whose pictures are on their way, and the slots whose first picture has come. @type {{scene: Scene, come: Set<string>, patience: ReturnType<typeof setTimeout>} | undefined} */
    this.coming = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.telling = undefined;
    this.told = "";
    this.#follow();
  }

  /** The tile elements on screen, principal first. */
  get shown() {
    return this.scene.tiles.map(({ slot }) => this.tiles[PlaySession.index(slot)]).filter(Boolean);
  }

  #follow() {
    const { page, session, element } = this;
    session.addEventListener("slots", () => this.#attach());
    session.addEventListener("state", () => this.#tell(true));
    page.socket?.addEventListener("state", () => this.#tell(true));
    if (session.slots.length) this.#attach();
    page.watch((view) => this.select(view), () => this.#program());
    page.watch((view) => view.media, () => this.#program());
    page.watch((view) => view.qa?.on_stage, () => this.scene.tiles.forEach((tile) => this.#label(tile)));
    page.tick((now_ms) => this.#clocks(now_ms));
    new ResizeObserver(() => this.#place()).observe(element);
  }

  #attach() {
    this.session.slots.forEach(({ video }, index) => {
      const picture = /** @type {HTMLVideoElement} */ (this.tiles[index].querySelector("video"));
      picture.srcObject = video;
      this.tiles[index].removeAttribute("data-picture");
      picture.requestVideoFrameCallback?.(() => set(this.tiles[index], "data-picture", true));
      picture.play().catch(() => undefined);
    });
  }

  /** The program or what the slots show has changed: show it when the new pictures are there. */
  #program() {
    const program = this.select(this.page.store.view);
    if (!program?.tiles) return;
    const wanted = { layout: program.layout, tiles: program.tiles.filter(({ slot }) => slot) };
    if (!this.scene.tiles.length || sameScene(wanted, this.scene)) this.#show(wanted);
    else {
      if (!this.coming || !sameScene(wanted, this.coming.scene)) this.#await(wanted);
      if (wanted.tiles.every((tile) => this.#isThere(tile))) this.#show(wanted);
    }
  }

  /** Its tiles take their places unseen, and tell when their first picture is drawn. @param {Scene} scene */
  #await(scene) {
    clearTimeout(this.coming?.patience);
    const coming = { scene, come: new Set(), patience: setTimeout(() => this.#show(scene), TAKE_MS) };
    this.coming = coming;
    this.#rects(scene).forEach((rect, slot) => {
      const tile = this.tiles[PlaySession.index(slot)];
      if (!tile?.hasAttribute("data-off")) return;
      style(tile, rect);
      tile.querySelector("video")?.requestVideoFrameCallback?.(() => {
        coming.come.add(slot);
        this.#program();
      });
    });
  }

  /** @param {Tile} tile */
  #isThere(tile) {
    const { source, slot } = tile;
    const before = this.scene.tiles.find((one) => one.slot === slot);
    if (before) return before.source === source || settled([tile], this.#showing);
    return this.coming?.come.has(slot) && (!this.#showing[slot] || settled([tile], this.#showing));
  }

  /** @returns {Record<string, string>} */
  get #showing() {
    return this.page.store.view.media?.showing ?? {};
  }

  /** @param {Scene} scene */
  #show(scene) {
    clearTimeout(this.coming?.patience);
    this.coming = undefined;
    this.scene = scene;
    const slots = this.scene.tiles.map(({ slot }) => PlaySession.index(slot));
    this.tiles.forEach((tile, index) => {
      set(tile, "data-off", !slots.includes(index));
      set(tile, "aria-hidden", slots.includes(index) ? null : "true");
    });
    this.element.dataset.layout = scene.layout;
    set(this.element, "data-empty", !slots.length);
    set(this.element, "data-several", slots.length > 1);
    this.scene.tiles.forEach((tile) => this.#label(tile));
    this.#place();
  }

  /** @param {Tile} tile */
  #label({ source, slot }) {
    const { page } = this;
    const { conference, media } = page.store.view;
    const element = this.tiles[PlaySession.index(slot)];
    if (!element) return;
    const facts = conference?.sources?.[source] ?? {};
    const venue = conference?.venues?.[facts.venue];
    const state = media?.sources?.[source];
    const slate = isSlate(media?.showing?.[slot]) || Boolean(state?.slate);
    const unplayable = Boolean(state?.codec) && !slate && !this.playable.has(state.codec.toUpperCase());
    const place = venue?.city ?? facts.name;
    const guest = guestName(page.store.view, source);
    if (guest) write(find(element, ".tile-place"), guest);
    else page.i18n.say(find(element, ".tile-place"), place);
    page.i18n.say(find(element, ".tile-name"), guest ? venue?.city : !venue ? undefined : facts.kind === "camera" ? venue.name : facts.name);
    set(element, "data-slate", slate);
    set(element, "data-unplayable", unplayable);
    element.dataset.zone = venue?.zone ?? "";
    write(find(element, ".tile-words"), unplayable
      ? page.t("stage.undecodable", { place: page.words(place), codec: state.codec })
      : slate ? page.t("stage.slate", { place: page.words(place) }) : page.t("stage.waiting"));
    set(/** @type {Element} */ (element.querySelector("video")), "aria-label", page.words(place));
  }

  #place() {
    this.#rects(this.scene).forEach((rect, slot) => {
      const tile = this.tiles[PlaySession.index(slot)];
      if (tile) style(tile, rect);
    });
    this.#tell();
  }

  /** Where each slot's tile stands in a scene. @param {Scene} scene @returns {Map<string, Record<string, string>>} */
  #rects({ layout, tiles }) {
    const box = { width: this.element.clientWidth, height: this.element.clientHeight };
    return new Map(arrange(layout, tiles.length, box, this.options).map(({ x, y, width, height }, index) => (
      [tiles[index].slot, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` }])));
  }

  /** The height that the pictures can use at this width, px. @param {number} width @param {number} room */
  wanted(width, room) {
    return heightWanted(this.scene.layout, this.scene.tiles.length || 1, width, room);
  }

  /**
   * Tells the relay how tall each picture stands, in device pixels, so that it sends the layer that fits; one that
   * is off as tall as the whole screen, for it may be taken at any moment.
   * @param {boolean} [again]
   */
  #tell(again = false) {
    if (again) this.told = "";
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      const { id, state } = this.session;
      if (!id || state !== "live" || this.page.socket?.state !== "live") return;
      const heights = Object.fromEntries(this.tiles.map((tile, index) => [`v${index}`, Math.round((tile.hasAttribute("data-off") ? this.element : tile).offsetHeight * devicePixelRatio)]));
      const told = `${id} ${JSON.stringify(heights)}`;
      if (told === this.told) return;
      this.told = told;
      this.page.socket.signal({ type: "viewport", session: id, heights });
    }, TELL_MS);
  }

  /** The page draws the clock over a slate: the slate itself has none. @param {number} now_ms */
  #clocks(now_ms) {
    for (const tile of this.tiles) {
      if (tile.hasAttribute("data-slate")) write(find(tile, ".tile-clock"), this.page.i18n.time(now_ms, tile.dataset.zone || undefined, true));
    }
  }

  /** @param {number} index */
  #tile(index) {
    const video = h("video", { autoplay: true, playsinline: true, disablepictureinpicture: true });
    video.muted = true;
    return h("figure", { class: "tile", "data-slot": `v${index}`, "data-off": true },
      video,
      h("time", { class: "tile-clock figures" }),
      h("p", { class: "tile-words" }),
      h("figcaption", { class: "tile-label" }, h("span", { class: "tile-place" }), h("span", { class: "tile-name" })));
  }
}

/** The name of the asker who is on stage with this source, where it may be said. @param {import("../lib/store.js").View} view @param {string} source @returns {string | undefined} */
function guestName({ qa }, source) {
  return qa?.on_stage?.source === source ? qa.items?.[qa.on_stage.question]?.by : undefined;
}

/** @param {Scene} a @param {Scene} b */
function sameScene(a, b) {
  return a.layout === b.layout && a.tiles.length === b.tiles.length && a.tiles.every(({ source, slot }, index) => source === b.tiles[index].source && slot === b.tiles[index].slot);
}

/** A word in the middle of the screen, for when there is no picture: loading, empty, lost. @param {HTMLElement} element @param {string} name of an icon @param {string} title @param {string} words */
export function say(element, name, title, words) {
  if (element.dataset.said === `${name}|${title}|${words}`) return;
  element.dataset.said = `${name}|${title}|${words}`;
  element.replaceChildren(icon(name), h("p", { class: "title" }, title), h("p", { class: "muted" }, words));
}
