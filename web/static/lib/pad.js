// @ts-check
/** Where a pad stands, in one word. Pure. */

import { isDone, pictureOf } from "./ceremony.js";

/** @typedef {import("./ceremony.js").Act} Act */
/** @typedef {"nothing" | "read" | "stand-by" | "ready" | "counting" | "sign" | "press" | "sending" | "signed" | "done" | "sealed" | "held" | "paper" | "void"} Phase */
/** @typedef {{act: Act, party: number}} Before what lies before a seat */

/**
 * The act before this seat, and which of its parties sits here. What was signed here last stays until something else comes;
 * so does what was declared void, or nobody would read it.
 * @param {import("./store.js").View} view @param {import("./store.js").View} mine @param {Before | null} [last] @returns {Before | null}
 */
export function beforeSeat(view, mine, last = null) {
  const acts = view.ceremony?.acts ?? {};
  const { act, party } = mine.ceremony ?? {};
  if (act !== undefined && party !== undefined) return acts[act]?.parties[party] ? { act: { ...acts[act], id: act }, party } : null;
  const gone = last && acts[last.act.id];
  return gone && (isDone(gone) || gone.step === "void") ? { act: { ...gone, id: last.act.id }, party: last.party } : null;
}

/** @param {Before | null} before @param {number} now_ms @param {boolean} given whether the signature is given and not acknowledged @returns {Phase} */
export function phaseOf(before, now_ms, given) {
  if (!before) return "nothing";
  const { act, party } = before;
  const { signed_ms, pressed_ms, confirmed } = act.parties[party];
  const picture = pictureOf(act, now_ms);
  if (picture === "void" || picture === "held" || picture === "paper" || picture === "sealed") return picture;
  if (isDone(act)) return "done";
  if (signed_ms !== undefined || pressed_ms !== undefined) return "signed";
  if (given) return "sending";
  if (!confirmed) return "read";
  if (picture === "counting") return "counting";
  if (picture === "veiled" || (picture === "open" && act.kind === "unveiling")) return "press";
  if (picture === "open") return "sign";
  return picture === "armed" ? "ready" : "stand-by";
}
