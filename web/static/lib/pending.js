// @ts-check
/** Commands that have no answer yet, kept over a reload of the page: each goes out again under its own id. */

import { session } from "./storage.js";

/** Who comes back later than this means something else by now, ms. */
const KEPT_MS = 120_000;

/** @typedef {{id: string, room?: string, command: {type: string} & Record<string, any>}} Message */

export class Pending {
  /** @param {string} key of the link and its person @param {Storage | null} [storage] @param {() => number} [now] Unix ms */
  constructor(key, storage = session(), now = Date.now) {
    this.key = `twinhall-pending ${key}`;
    this.storage = storage;
    this.now = now;
    /** @type {{message: Message, at_ms: number}[]} */
    this.kept = this.#read();
  }

  /** What an earlier page of this tab left: to be sent again, or too old for that. */
  take() {
    const fresh = this.kept.filter(({ at_ms }) => this.now() - at_ms <= KEPT_MS);
    const old = this.kept.filter((one) => !fresh.includes(one));
    this.#write(fresh);
    return { fresh: fresh.map(({ message }) => message), old: old.map(({ message }) => message) };
  }

  /** @param {Message} message */
  add(message) {
    this.#write([...this.kept, { message, at_ms: this.now() }]);
  }

  /** @param {string} id */
  delete(id) {
    this.#write(this.kept.filter(({ message }) => message.id !== id));
  }

  clear() {
    this.#write([]);
  }

  /** @returns {{message: Message, at_ms: number}[]} */
  #read() {
    try {
      return JSON.parse(this.storage?.getItem(this.key) ?? "[]");
    } catch {
      return [];
    }
  }

  /** @param {{message: Message, at_ms: number}[]} kept */
  #write(kept) {
    this.kept = kept;
    try {
      if (kept.length) this.storage?.setItem(this.key, JSON.stringify(kept));
      else this.storage?.removeItem(this.key);
    } catch {
      // Storage is closed to us, or full: the commands live as long as the page.
    }
  }
}
