// @ts-check
/** The state of the page's connections in one sentence: what happened, since when, and what we do. */

import { Flow } from "./flow.js";

/** @typedef {"connecting" | "live" | "rejoining" | "socket-lost" | "lost" | "offline" | "restarting" | "relay-lost" | "picture-lost" | "refused" | "no-webrtc"} LineState */

/** A fault's age is told in steps of this, s: it is read aloud, too. */
const STEP_S = 5;

/**
 * @param {{socket: string | undefined, session: string | undefined, relay?: string, webrtc?: boolean, online?: boolean,
 *   restarting?: boolean, stands?: boolean}} parts `restarting`: the server hung up itself; `stands`: the picture, beside a living sound
 * @returns {LineState}
 */
export function lineState({ socket, session, relay = "ok", webrtc = true, online = true, restarting = false, stands = false }) {
  const controls = socket === "live";
  const media = session === "live";
  if (!webrtc) return "no-webrtc";
  if (!controls && socket !== "connecting") return !online ? "offline" : restarting ? "restarting" : media ? "socket-lost" : "lost";
  if (session === "refused") return "refused";
  if (relay === "lost" && !media) return "relay-lost";
  if (session === "rejoining") return "rejoining";
  if (media && stands) return "picture-lost";
  return media ? "live" : "connecting";
}

/** Whether nothing needs to be said. @param {LineState} state */
export function isCalm(state) {
  return state === "live" || state === "connecting";
}

/**
 * Calls `react` with the state and its words now and at every change of either. @param {import("../lib/page.js").Page} page
 * @param {import("../lib/session.js").Session} session @param {(state: LineState, words: string) => void} react
 */
export function watchLine(page, session, react) {
  const webrtc = typeof RTCPeerConnection === "function";
  const flow = new Flow();
  let told = "";
  /** @type {number | null} */
  let since_ms = null;
  const tell = () => {
    const { socket } = page;
    const stands = !document.hidden && Boolean(page.store.view.stage?.tiles?.length) && flow.stands(performance.now());
    const state = lineState({
      socket: socket?.state, session: session.state, relay: page.store.view.media?.relay, webrtc, online: navigator.onLine, restarting: socket?.restarting, stands,
    });
    since_ms = isCalm(state) ? null : since_ms ?? performance.now();
    const words = lineWords(page, state, since_ms === null ? 0 : (performance.now() - since_ms) / 1_000);
    if (told === (told = `${state} ${words}`)) return;
    react(state, words);
  };
  session.addEventListener("state", tell);
  page.socket?.addEventListener("state", tell);
  for (const news of ["online", "offline"]) addEventListener(news, tell);
  page.watch((view) => view.media?.relay, tell);
  page.tick(() => {
    if (session.pc && session.state === "live") flow.look(session.pc, performance.now()).catch(() => undefined);
    tell();
  });
}

/** @param {import("../lib/page.js").Page} page @param {LineState} state @param {number} since_s */
function lineWords(page, state, since_s) {
  const words = page.t(`line.${state}`);
  const n = Math.floor(since_s / STEP_S) * STEP_S;
  return n ? page.t("line.since", { words, n }) : words;
}

/** Ties the session to the socket's news: a relay that restarted, a session that ended. @param {import("../lib/page.js").Page} page @param {import("../lib/session.js").Session} session */
export function tieSession(page, session) {
  page.socket?.addEventListener("epoch", () => session.rejoin());
  page.socket?.addEventListener("ended", (event) => session.ended(/** @type {CustomEvent} */ (event).detail));
  page.socket?.addEventListener("bye", () => session.leave());
}
