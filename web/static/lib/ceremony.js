// @ts-check
/** The ceremony as pages read it: acts in their order, where each stands, who is to do what. Pure but for the page's words. */

/** @typedef {import("./i18n.js").Words} Words */
/** @typedef {"signing" | "appointment" | "unveiling" | "initiative"} Kind */
/** @typedef {"drafted" | "locked" | "seated" | "ready" | "armed" | "signing" | "signed" | "exchanged" | "unveiled" | "sealed" | "void"} Step */
/**
 * @typedef {object} Party
 * @property {Words} names @property {string} venue @property {Words} [title] @property {Words} [authority] @property {string} [name]
 * @property {string} [seat] @property {number} [signed_ms] @property {boolean} [confirmed] @property {number} [pressed_ms]
 */
/**
 * @typedef {object} Act
 * @property {string} id @property {number} order @property {Kind} kind @property {number} round @property {string} item
 * @property {Words} [sector] @property {Words} title @property {string} [instrument] @property {Step} step @property {boolean} [held] @property {boolean} [paper]
 * @property {number} take @property {Party[]} parties @property {Record<string, {digest: string, pages: number}>} [documents]
 * @property {number} [opens_ms] @property {Record<string, number>} [reveal_ms] @property {string} [voided] @property {string} [record]
 * @property {{names: Words, venue?: string, id?: string, admitted?: boolean}[]} [members]
 */
/** What a screen shows of an act: its step, or what stands beside it. @typedef {"drafted" | "waiting" | "armed" | "counting" | "open" | "held" | "paper" | "void" | "signed" | "exchanged" | "veiled" | "unveiled" | "sealed"} Picture */
/** @typedef {"lock" | "unlock" | "seat" | "arm" | "go" | "hold" | "resume" | "retake" | "paper" | "void" | "exchange" | "unveil" | "seal"} Move */

/** What an officer may do from which step; the server's table decides. @type {Readonly<Record<Move, readonly Step[]>>} */
const FROM = Object.freeze({
  lock: ["drafted"],
  unlock: ["locked", "seated", "ready"],
  seat: ["locked", "seated", "ready"],
  arm: ["ready"],
  go: ["armed"],
  hold: ["armed", "signing"],
  resume: ["armed", "signing"],
  retake: ["armed", "signing", "signed"],
  paper: ["locked", "seated", "ready", "armed", "signing"],
  void: ["drafted", "locked", "seated", "ready", "armed", "signing", "signed", "exchanged", "unveiled"],
  exchange: ["signed"],
  unveil: ["signed", "exchanged"],
  seal: ["unveiled"],
});
/** What may happen to an act that is held. @type {readonly Move[]} */
const WHILE_HELD = ["resume", "retake", "paper", "void"];
/** Kinds whose parties exchange what they signed. @type {readonly Kind[]} */
const HANDED_OVER = ["signing", "appointment"];
/** The way of every act, as the desk draws it. @type {readonly Step[]} */
export const STEPS = ["drafted", "locked", "seated", "ready", "armed", "signing", "signed", "exchanged", "unveiled", "sealed"];
/** The first signature and all: who signs, whose pad is open. @type {readonly Step[]} */
const DONE = ["signed", "exchanged", "unveiled", "sealed"];

/** @param {import("./store.js").View} view @returns {Act[]} in their order */
export function actsOf(view) {
  return Object.entries(view.ceremony?.acts ?? {})
    .map(([id, act]) => ({ ...act, id }))
    .sort((a, b) => a.order - b.order);
}

/** @param {import("./store.js").View} view @param {string | undefined} id @returns {Act | null} */
export function actOf(view, id) {
  const act = id ? view.ceremony?.acts?.[id] : undefined;
  return act ? { ...act, id } : null;
}

/** @param {Act} act */
export function isDone({ step }) {
  return DONE.includes(step);
}

/** What a screen of `place` shows of it now. @param {Act} act @param {number} now_ms common clock @param {string} [place] a venue; remote ones leave it out @returns {Picture} */
export function pictureOf(act, now_ms, place = "remote") {
  const { step, held, opens_ms, kind, voided } = act;
  if (step === "void" || voided !== undefined) return "void";
  if (held) return "held";
  if (act.paper && step === "signed") return "paper";
  if (kind === "unveiling" && ["armed", "signing", "signed", "unveiled"].includes(step) && act.opens_ms !== undefined) return revealed(act, now_ms, place) ? "unveiled" : opening(act, now_ms, "veiled");
  switch (step) {
    case "drafted":
      return "drafted";
    case "armed":
    case "signing":
      return opens_ms === undefined && step === "armed" ? "armed" : opening(act, now_ms, "open");
    case "signed":
    case "exchanged":
    case "unveiled":
    case "sealed":
      return step;
    default:
      return "waiting";
  }
}

/** @param {Act} act @param {number} now_ms @param {Picture} after @returns {Picture} */
function opening({ opens_ms = 0 }, now_ms, after) {
  return now_ms < opens_ms ? "counting" : after;
}

/** Whether both hands are seen here by now: each hall waits for the other's picture. @param {Act} act @param {number} now_ms @param {string} place */
function revealed({ reveal_ms, step }, now_ms, place) {
  const at_ms = reveal_ms?.[place] ?? reveal_ms?.remote;
  return at_ms === undefined ? step === "unveiled" : now_ms >= at_ms;
}

/** Whether the server would take this move now, as far as the page knows. @param {Move} move @param {Act} act */
export function may(move, { step, held, kind }) {
  if (!FROM[move].includes(step) || (held ? !WHILE_HELD.includes(move) : move === "resume")) return false;
  if (move === "exchange") return HANDED_OVER.includes(kind);
  if (move === "unveil") return kind !== "unveiling" && (step === "exchanged") === HANDED_OVER.includes(kind);
  return move !== "paper" || kind !== "unveiling";
}

/** The one move that brings an act on; null when only time or hands do. @param {Act} act @returns {Move | null} */
export function onward(act) {
  if (act.held) return "resume";
  if (act.step === "seated" || act.step === "ready") return act.step === "ready" ? "arm" : null;
  return /** @type {Move[]} */ (["lock", "seat", "go", "exchange", "unveil", "seal"]).find((move) => may(move, act)) ?? null;
}

/** Seats of one venue as they stand, left to right for those who sit there. @param {readonly string[]} seats `changzhou-1` */
export function atTable(seats) {
  const place = (/** @type {string} */ seat) => Number(seat.split("-").at(-1));
  return [...seats].sort((a, b) => place(a) - place(b));
}

/** An act's marks on the board. @param {Act} act @returns {"open" | "under-way" | "done" | "sealed" | "paper" | "void"} */
export function markOf(act) {
  if (act.step === "void" || act.voided !== undefined) return "void";
  if (act.step === "sealed") return "sealed";
  if (act.paper) return "paper";
  if (isDone(act)) return "done";
  return ["armed", "signing"].includes(act.step) ? "under-way" : "open";
}

/**
 * Acts by sector, in the order they first come; those without one stand last. @param {readonly Act[]} acts
 * @returns {{sector: Words | undefined, acts: Act[]}[]}
 */
export function bySector(acts) {
  const groups = new Map();
  for (const act of acts) {
    const key = act.sector ? JSON.stringify(act.sector) : "";
    groups.set(key, [...(groups.get(key) ?? []), act]);
  }
  return [...groups.entries()].sort(([a], [b]) => Number(!a) - Number(!b)).map(([, each]) => ({ sector: each[0].sector, acts: each }));
}

/** The programme's items whose acts are all done with: what was sealed has its record, the rest is void. @param {readonly Act[]} acts @returns {string[]} */
export function recordedItems(acts) {
  return [...new Set(acts.map(({ item }) => item))].filter((item) => {
    const own = acts.filter((act) => act.item === item && act.step !== "void");
    return own.length > 0 && own.every(({ record }) => record);
  });
}

/** A document's hash as people compare it: groups of four. @param {string} digest hex */
export function grouped(digest) {
  return digest.match(/.{1,4}/g)?.join(" ") ?? "";
}

/** Its beginning and its end, where all of it does not stand. @param {string} digest hex */
export function shortened(digest) {
  return `${digest.slice(0, 4)} ${digest.slice(4, 8)} … ${digest.slice(-4)}`;
}

/** From here on a count is said second by second, ms. */
const COUNTED_MS = 10_000;

/** In how long a screen that counts down to these instants has to be drawn again, ms; null: nothing comes. @param {number} now_ms @param {readonly (number | undefined)[]} instants */
export function nextTurn(now_ms, instants) {
  const turns = instants.flatMap((at_ms) => {
    const left_ms = (at_ms ?? 0) - now_ms;
    if (left_ms <= 0) return [];
    return [left_ms > COUNTED_MS ? left_ms - COUNTED_MS : left_ms % 1_000 || 1_000];
  });
  return turns.length ? Math.min(...turns) : null;
}

/** All instants of an act that change what is seen. @param {Act | null} act */
export function instantsOf(act) {
  return act ? [act.opens_ms, ...Object.values(act.reveal_ms ?? {})] : [];
}
