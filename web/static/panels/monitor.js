// @ts-check
/** A monitor: a scene as its viewers get it, with the names of its pictures, or words when there is none. */

import { find, h, list, set, style, write } from "../lib/dom.js";
import { arrange } from "../lib/layout.js";

/** @typedef {import("./scenes.js").Scene} Scene */

export class Monitor {
  /**
   * @param {HTMLElement} root
   * @param {import("../lib/page.js").Page} page
   * @param {import("./pictures.js").Pictures} pictures
   * @param {string} empty the text's key for an empty monitor
   */
  constructor(root, page, pictures, empty) {
    this.root = root;
    this.page = page;
    this.pictures = pictures;
    this.empty = empty;
    /** @type {Scene | undefined} */
    this.scene = undefined;
    page.watch((view) => view.media?.sources, () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(root);
  }

  /** @param {Scene | undefined} scene */
  show(scene) {
    this.scene = scene;
    this.#draw();
  }

  #draw() {
    const { layout = "full", sources = [] } = this.scene ?? {};
    const places = arrange(layout, sources.length, { width: this.root.clientWidth, height: this.root.clientHeight }, { gap: 2 });
    const shown = sources.map((source, n) => ({ source, place: places[n] })).filter(({ place }) => place);
    const before = [...this.root.querySelectorAll("video")];
    list(this.root, shown.length ? shown : [{ source: "", place: places[0] }], ({ source }) => source || "-empty",
      ({ source }) => (source ? shot() : h("p", { class: "monitor-words" })),
      (element, { source, place }) => (source ? this.#fill(element, source, place) : write(element, this.page.t(this.empty))));
    for (const video of before) if (!this.root.contains(video)) this.pictures.forget(video);
  }

  /**
   * @param {HTMLElement} element
   * @param {string} source
   * @param {import("../lib/layout.js").Rect} place
   */
  #fill(element, source, place) {
    const { conference, media } = this.page.store.view;
    this.page.i18n.say(find(element, "figcaption"), conference?.sources?.[source]?.name);
    set(element, "data-lost", media?.sources?.[source]?.live === false);
    style(element, { left: `${place.x}px`, top: `${place.y}px`, width: `${place.width}px`, height: `${place.height}px` });
    this.pictures.show(/** @type {HTMLVideoElement} */ (element.querySelector("video")), source);
  }
}

/** A picture with its name at the foot. */
function shot() {
  const video = h("video", { playsinline: true, autoplay: true, muted: true, "aria-hidden": "true" });
  return h("figure", { class: "shot" }, video, h("figcaption"));
}
