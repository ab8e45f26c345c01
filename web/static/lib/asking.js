// @ts-check
/**
 * What this person sent about questions, and what became of it: there at once, certain at the answer, and gone from here
 * when the person's own view has it. What the server refused is given back, so that nothing that was written is lost.
 */

/** @typedef {import("./pending.js").Message} Message */
/** @typedef {import("./socket.js").Late} Answered */
/** @typedef {{message: Message, seq: number | null}} Sent `seq`: where the journal has it; null until the answer */
/** @typedef {{id: string, text: string, language?: string, anonymous: boolean, certain: boolean}} Ask */

/** States of a question that the server may just have taken in. */
const FRESH = ["submitted", "in_review", "published"];

/** Events: `change`; `refused` (detail {command, refusal}). */
export class Asking extends EventTarget {
  /** @param {import("./page.js").Page} page connected */
  constructor(page) {
    super();
    this.mine = page.mine;
    /** @type {Map<string, Sent>} */
    this.sent = new Map();
    const { socket } = page;
    if (!socket) throw new Error("asking needs the page's socket");
    for (const message of socket.waiting) this.#sends(message);
    socket.addEventListener("sent", (event) => this.#sends(/** @type {CustomEvent} */ (event).detail));
    socket.addEventListener("answered", (event) => this.#answered(/** @type {CustomEvent} */ (event).detail));
    const before = [...socket.late];
    queueMicrotask(() => before.forEach((told) => this.#answered(told)));
    page.mine.watch((mine) => mine.qa, () => this.#settle());
  }

  /** The own view, empty before it comes. @returns {any} */
  get own() {
    return this.mine.view.qa ?? {};
  }

  /** Questions that the own view does not have yet, the newest first. @returns {Ask[]} */
  get asks() {
    const known = Object.values(this.own.asked ?? {});
    return [...this.sent.values()]
      .filter(({ message, seq }) => message.command.type === "qa.ask" && (seq !== null || !known.some((row) => isThat(row, message))))
      .map(({ message: { id, command }, seq }) => ({ id, text: command.text, language: command.language, anonymous: Boolean(command.anonymous), certain: seq !== null }))
      .reverse();
  }

  /** Whether this person votes for it, as they last said. @param {string} question @returns {boolean} */
  votes(question) {
    return this.#latest("qa.vote", question)?.on ?? Boolean(this.own.votes?.[question]);
  }

  /** What the shared count does not have of this person's vote yet. @param {string} question */
  ahead(question) {
    return Number(this.votes(question)) - Number(Boolean(this.own.votes?.[question]));
  }

  /** The text of a change that is under way. @param {string} question @returns {string | undefined} */
  edited(question) {
    return this.#latest("qa.edit", question)?.text;
  }

  /** @param {string} question */
  withdrawing(question) {
    return this.#latest("qa.withdraw", question) !== undefined;
  }

  /** @param {string} type @param {string} question */
  #latest(type, question) {
    return [...this.sent.values()].findLast(({ message: { command } }) => command.type === type && command.question === question)?.message.command;
  }

  /** @param {Message} message */
  #sends(message) {
    if (!/^qa\.(ask|vote|edit|withdraw)$/.test(message.command.type)) return;
    this.sent.set(message.id, { message, seq: null });
    this.#tell("change");
  }

  /** @param {Answered} detail */
  #answered({ message, answer, refusal }) {
    const sent = this.sent.get(message.id) ?? { message, seq: null };
    if (!/^qa\./.test(message.command.type)) return;
    if (refusal) {
      this.sent.delete(message.id);
      this.#tell("refused", { command: message.command, refusal });
    } else sent.seq = answer?.seq ?? null;
    this.#settle();
  }

  /** Lets go of what the own view has by now, and of what was sent about the same before that. */
  #settle() {
    for (const sent of [...this.sent.values()].reverse()) if (sent.seq !== null && this.#isSeen(sent)) this.#drop(sent);
    this.#tell("change");
  }

  /** @param {Sent} last */
  #drop({ message: { id: last, command: { type, question } } }) {
    for (const [id, { message: { command }, seq }] of this.sent) {
      if (id === last || (question && seq !== null && command.type === type && command.question === question)) this.sent.delete(id);
      if (id === last) return;
    }
  }

  /** @param {Sent} sent */
  #isSeen({ message: { command }, seq }) {
    const row = this.own.asked?.[command.question];
    switch (command.type) {
      case "qa.ask":
        return Object.values(this.own.asked ?? {}).some((one) => one.seq === seq);
      case "qa.vote":
        return Boolean(this.own.votes?.[command.question]) === command.on;
      case "qa.edit":
        return !row?.can_edit || row.text === plain(command.text);
      default:
        return !row || row.state === "withdrawn";
    }
  }

  /** @param {string} name @param {any} [detail] */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Whether a row is what was sent, before the answer tells its number: after a reload it may come first. @param {any} row @param {Message} message */
function isThat(row, { command }) {
  return FRESH.includes(row.state) && row.text === plain(command.text);
}

/** As the server keeps a text, as far as a page needs it: NFC, one line, single spaces. @param {string} text */
function plain(text) {
  return text.normalize("NFC").replace(/\s+/g, " ").trim();
}

/** Extended grapheme clusters: what a reader counts as characters. @param {string} text */
export function characters(text) {
  if (typeof Intl.Segmenter !== "function") return [...plain(text)].length;
  return [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(plain(text))].length;
}
