// @ts-check
/** The director's board: what is prepared, what is on air, and the take between them. Draws nothing. */

import { complete, place, reshape, same, sceneFor } from "./scenes.js";
import { program, sourcesOf } from "./tally.js";

/** @typedef {import("./scenes.js").Scene} Scene */

/** Events: `change` (preview or program differ), `refused` (detail Error). */
export class Board extends EventTarget {
  /** What was asked for and not yet confirmed, so that quick keys build on each other. @type {Scene | undefined} */
  #wished;
  #taking = false;

  /** @param {import("../lib/page.js").Page} page */
  constructor(page) {
    super();
    this.page = page;
    page.store.watch((view) => view.stage?.preview, () => this.#changed());
    page.store.watch((view) => view.stage?.program, () => this.#changed());
  }

  /** @returns {Scene | undefined} */
  get preview() {
    return this.#wished ?? this.page.store.view.stage?.preview;
  }

  /** @returns {Scene} */
  get program() {
    return program(this.page.store.view);
  }

  /** Whether a take would change anything. */
  get ready() {
    return Boolean(this.preview && complete(this.preview) && !same(this.preview, this.program));
  }

  /** @param {string} source */
  place(source) {
    this.#prepare(place(this.preview ?? { layout: "full", sources: [] }, source));
  }

  /** @param {import("./scenes.js").Layout} layout */
  reshape(layout) {
    const all = sourcesOf(this.page.store.view).map(({ id }) => id);
    this.#prepare(reshape(this.preview ?? { layout, sources: this.program.sources }, layout, all));
  }

  /** The scene of an item of the programme. @param {{kind: string, sources?: string[]}} item */
  prepare(item) {
    const scene = sceneFor(item);
    if (scene) this.#prepare(scene);
  }

  /** Preview goes on air; what was on air is prepared, so that a second take brings it back. */
  async take() {
    const [scene, before] = [this.preview, this.program];
    if (!scene || !this.ready || this.#taking) return;
    this.#taking = true;
    try {
      await this.page.send({ type: "stage.take", ...scene });
      if (complete(before)) this.#prepare(before);
    } catch (refused) {
      this.dispatchEvent(new CustomEvent("refused", { detail: refused }));
    } finally {
      this.#taking = false;
    }
  }

  /** @param {Scene} scene */
  async #prepare(scene) {
    this.#wished = scene;
    this.#changed();
    if (!complete(scene)) return;
    try {
      await this.page.send({ type: "stage.preview", ...scene });
    } catch (refused) {
      this.dispatchEvent(new CustomEvent("refused", { detail: refused }));
      if (this.#wished === scene) this.#wished = undefined;
      this.#changed();
    }
  }

  #changed() {
    if (same(this.#wished, this.page.store.view.stage?.preview)) this.#wished = undefined;
    this.dispatchEvent(new Event("change"));
  }
}

