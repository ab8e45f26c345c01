// @ts-check
/** A desk's acts upon questions: sent with what the moderator read, taken back one by one. Draws nothing. */

import { Refused } from "../lib/socket.js";
import { way } from "./moves.js";

/** @typedef {import("./moves.js").Act} Act */
/** @typedef {import("./moves.js").Row} Row */
/** @typedef {{id: string, act: Act, seq: number}} Done */

/** Acts that the server refuses when the question was changed since the moderator read it. @type {readonly Act[]} */
const READ_FIRST = ["publish", "decline", "merge", "translate"];
/** Acts that stand in the list of what can be taken back. @type {readonly Act[]} */
const MOVES = ["publish", "decline", "merge", "shortlist", "air", "answer", "archive"];
/** Steps kept for taking back. */
const KEPT = 50;

/**
 * Events: `done` (detail {id, act}), `refused` (detail {id, act, refusal}), `busy` (an act goes out or is answered).
 */
export class Acts extends EventTarget {
  /** @param {import("../lib/page.js").Page} page */
  constructor(page) {
    super();
    this.page = page;
    /** @type {Done[]} */
    this.past = [];
    /** Questions with an act that has no answer yet. @type {Map<string, number>} */
    this.busy = new Map();
    /** What a search found beside the view. @type {Record<string, Row>} */
    this.found = {};
  }

  /** The person at this desk. */
  get me() {
    return this.page.me?.person ?? "";
  }

  /** @param {string} id @returns {Row | undefined} */
  row(id) {
    return this.page.store.view.qa?.items?.[id] ?? this.found[id];
  }

  /**
   * Does it, as the question was read here (`read`: its revision then). True once it took effect.
   * @param {Act} act @param {string} id @param {Record<string, any>} [more] @param {number} [read]
   */
  async do(act, id, more = {}, read = this.row(id)?.rev) {
    const seen = READ_FIRST.includes(act) && read !== undefined ? { seen: read } : {};
    const mine = this.past.filter((done) => done.id === id && (this.row(id)?.rev ?? 0) <= done.seq);
    this.#count(id, 1);
    try {
      const { seq } = await this.page.send({ type: `qa.${act}`, question: id, ...seen, ...more });
      for (const done of mine) done.seq = seq;
      if (MOVES.includes(act)) this.past = [...this.past, { id, act, seq }].slice(-KEPT);
      this.#tell("done", { id, act });
      return true;
    } catch (refusal) {
      this.#tell("refused", { id, act, refusal });
      return false;
    } finally {
      this.#count(id, -1);
    }
  }

  /** Brings a question into a column by the acts that need no words. @param {string} id @param {import("./moves.js").Column} to */
  async bring(id, to) {
    const row = this.row(id);
    for (const act of row ? way(row, to) : []) if (!(await this.do(act, id))) return;
  }

  /** What `undo` takes back next, none when nothing is left. @returns {Done | undefined} */
  get last() {
    return this.past.at(-1);
  }

  /** Takes back this desk's last move; what somebody else moved since stays as it is. */
  async undo() {
    const last = this.past.pop();
    if (!last) return;
    const { id, seq } = last;
    const moved = this.row(id);
    if (moved && moved.rev > seq) return this.#tell("refused", { id, act: "undo", refusal: new Refused("question-moved-since") });
    await this.do("undo", id);
  }

  /** @param {string} id @param {1 | -1} by */
  #count(id, by) {
    const left = (this.busy.get(id) ?? 0) + by;
    if (left) this.busy.set(id, left);
    else this.busy.delete(id);
    this.#tell("busy", { id });
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
