// @ts-check
/** What a hand has drawn and nobody has acknowledged yet, kept on the tablet over a reload, a crash, a night. */

import { local } from "./storage.js";

/** @typedef {import("./strokes.js").Point} Point */
/** `given`: the signatory has said that it is the signature. @typedef {{act: string, take: number, party: number, strokes: Point[][], given: boolean}} Draft */

export class Drafts {
  /** @param {string} key of the link @param {Storage | null} [storage] */
  constructor(key, storage = local()) {
    this.key = `twinhall-ink ${key}`;
    this.storage = storage;
    /** @type {Draft | null} */
    this.draft = this.#read();
  }

  /** The draft of this very signature; one of another act or take is let go. @param {{act: string, take: number, party: number}} of @returns {Draft | null} */
  of({ act, take, party }) {
    const { draft } = this;
    if (draft && draft.act === act && draft.take === take && draft.party === party) return draft;
    if (draft) this.drop();
    return null;
  }

  /** @param {Draft} draft */
  keep(draft) {
    this.draft = draft;
    try {
      this.storage?.setItem(this.key, JSON.stringify(draft));
    } catch {
      // Storage is closed to us, or full: it lives as long as the page.
    }
  }

  drop() {
    this.draft = null;
    try {
      this.storage?.removeItem(this.key);
    } catch {
      // Nothing was kept then.
    }
  }

  /** @returns {Draft | null} */
  #read() {
    try {
      return JSON.parse(this.storage?.getItem(this.key) ?? "null");
    } catch {
      return null;
    }
  }
}
