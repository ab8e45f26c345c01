// @ts-check
/** The page's one view of the conference, kept current by JSON merge patches (RFC 7386). */

/** @typedef {Record<string, any>} View */
/** @typedef {{from?: number, to: number, patch: View}} ViewMessage */

/**
 * `target` with `patch` merged in (RFC 7386): null removes, objects merge, all else replaces.
 * Parts that do not change keep their identity, so that watchers compare by `===`.
 * @param {any} target @param {any} patch @returns {any}
 */
export function mergePatch(target, patch) {
  if (!isObject(patch)) return patch;
  const base = isObject(target) ? target : {};
  let merged = base === target ? base : { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      if (!Object.hasOwn(merged, key)) continue;
      merged = merged === base ? { ...base } : merged;
      delete merged[key];
      continue;
    }
    const next = mergePatch(merged[key], value);
    if (next === merged[key] && Object.hasOwn(merged, key)) continue;
    merged = merged === base ? { ...base } : merged;
    merged[key] = next;
  }
  return merged;
}

/** @param {any} value @returns {value is Record<string, any>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export class Store {
  constructor() {
    /** @type {View} */
    this.view = {};
    /** The number of the last view taken in; null before the first. @type {number | null} */
    this.number = null;
    /** @type {Set<{select: (view: View) => any, react: (value: any) => void, seen: any}>} */
    this.watchers = new Set();
  }

  /**
   * Takes a view message in. False: it does not follow the one before, ask for a resync.
   * @param {ViewMessage} message @returns {boolean}
   */
  take(message) {
    if (message.from !== undefined && message.from !== this.number) return false;
    const before = message.from === undefined ? {} : this.view;
    this.view = mergePatch(before, message.patch);
    this.number = message.to;
    for (const watcher of [...this.watchers]) this.#wake(watcher);
    return true;
  }

  /** Takes parts that came another way than the socket. @param {View} parts */
  bring(parts) {
    this.view = mergePatch(this.view, parts);
    for (const watcher of [...this.watchers]) this.#wake(watcher);
  }

  /**
   * Calls `react` with `select(view)` now and whenever it is another value.
   * @template T @param {(view: View) => T} select @param {(value: T) => void} react
   * @returns {() => void} stops watching
   */
  watch(select, react) {
    const watcher = { select, react, seen: select(this.view) };
    this.watchers.add(watcher);
    react(watcher.seen);
    return () => this.watchers.delete(watcher);
  }

  /** @param {{select: (view: View) => any, react: (value: any) => void, seen: any}} watcher */
  #wake(watcher) {
    const value = watcher.select(this.view);
    if (value === watcher.seen || !this.watchers.has(watcher)) return;
    watcher.seen = value;
    watcher.react(value);
  }
}
