// @ts-check
/** The state of the page's connections in one sentence: what happened, and what we do. */

/** @typedef {"connecting" | "live" | "rejoining" | "socket-lost" | "lost" | "relay-lost" | "refused" | "no-webrtc"} LineState */

/**
 * @param {{socket: string | undefined, session: string | undefined, relay?: string, webrtc?: boolean}} parts @returns {LineState}
 */
export function lineState({ socket, session, relay = "ok", webrtc = true }) {
  const controls = socket === "live";
  const media = session === "live";
  if (!webrtc) return "no-webrtc";
  if (!controls && socket !== "connecting") return media ? "socket-lost" : "lost";
  if (session === "refused") return "refused";
  if (relay === "lost" && !media) return "relay-lost";
  if (session === "rejoining") return "rejoining";
  return media ? "live" : "connecting";
}

/**
 * Calls `react` with the state now and at every change. @param {import("../lib/page.js").Page} page
 * @param {import("../lib/session.js").Session} session @param {(state: LineState) => void} react
 */
export function watchLine(page, session, react) {
  const webrtc = typeof RTCPeerConnection === "function";
  const tell = () => react(lineState({ socket: page.socket?.state, session: session.state, relay: page.store.view.media?.relay, webrtc }));
  session.addEventListener("state", tell);
  page.socket?.addEventListener("state", tell);
  page.watch((view) => view.media?.relay, tell);
}

/** Ties the session to the socket's news: a relay that restarted, a session that ended. @param {import("../lib/page.js").Page} page @param {import("../lib/session.js").Session} session */
export function tieSession(page, session) {
  page.socket?.addEventListener("epoch", () => session.rejoin());
  page.socket?.addEventListener("ended", (event) => session.ended(/** @type {CustomEvent} */ (event).detail));
  page.socket?.addEventListener("bye", () => session.leave());
}
