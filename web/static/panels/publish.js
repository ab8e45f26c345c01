// @ts-check
/** Publishing as a deliberate act: one button, and in words what became of it. */

import { confirm } from "../lib/keys.js";
import { find, write } from "../lib/dom.js";

/** @typedef {import("../lib/session.js").PublishSession} PublishSession */

/** Smallest first: libwebrtc gives bitrate in this order when the line is thin. @type {RTCRtpEncodingParameters[]} */
export const LAYERS = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 2_500_000 },
];

/** Refusals that have words of their own. */
const KNOWN = ["occupied", "too-many", "codec-unsupported", "no-media", "link-revoked", "link-unknown"];

/**
 * The words for where publishing stands, `publish.<this>`.
 * @param {Pick<PublishSession, "state" | "refusal">} session
 * @param {{ready: boolean, closed: boolean, slated: boolean}} own there is something to send; the browser keeps camera
 *   and sound from us; it is on air and its slate stands in
 */
export function reasonOf({ state, refusal }, { ready, closed, slated }) {
  if (state === "refused") {
    const code = refusal?.code ?? "link-revoked";
    return KNOWN.includes(code) ? code : "refused";
  }
  if (state !== "idle") return state;
  if (!ready) return closed ? "closed" : "nothing";
  return slated ? "slated" : "ready";
}

/**
 * @param {HTMLElement} root `[data-act=publish]`, `[data-act=takeover]`, `[data-publish-words]`
 * @param {object} given
 * @param {PublishSession} given.session
 * @param {import("./capture.js").Capture} given.capture
 * @param {() => string} given.name of the source, in the page's language
 * @param {() => boolean} given.onAir
 * @param {() => boolean} [given.slated] whether it is on air and its slate stands in
 * @param {import("../lib/page.js").Page} page
 */
export function publish(root, { session, capture, name, onAir, slated = () => false }, { i18n, t, watch }) {
  const button = /** @type {HTMLButtonElement} */ (find(root, "[data-act=publish]"));
  const takeover = find(root, "[data-act=takeover]");
  const words = find(root, "[data-publish-words]");
  const working = () => ["connecting", "live", "rejoining"].includes(session.state);

  button.addEventListener("click", async () => {
    if (!working()) return start();
    if (!onAir() || (await ask("stop"))) session.leave();
  });
  takeover.addEventListener("click", async () => {
    if (!(await ask("takeover"))) return;
    session.takeOver();
    start();
  });
  session.addEventListener("state", show);
  capture.addEventListener("change", () => {
    for (const kind of /** @type {const} */ (["video", "audio"])) {
      if (session.tracks[kind] !== capture.tracks[kind]) void session.replace(kind, capture.tracks[kind]);
    }
    show();
  });
  i18n.addEventListener("change", show);
  watch((view) => view.stage, say);
  watch((view) => view.media?.sources, say);
  addEventListener("beforeunload", (event) => working() && event.preventDefault());
  show();

  /** Asks by naming the source. @param {"stop" | "takeover"} act */
  function ask(act) {
    const source = name();
    return confirm(i18n, {
      title: t(`publish.ask-${act}`, { source }),
      body: t(`publish.ask-${act}-body`, { source }),
      act: t(`publish.${act}`),
    });
  }

  function start() {
    session.tracks = { ...capture.tracks };
    session.start();
  }

  function show() {
    const { state } = session;
    const ready = capture.tracks.video || capture.tracks.audio;
    write(button, t(working() ? "publish.stop" : "publish.start"));
    button.classList.toggle("button-primary", !working());
    button.disabled = !working() && !ready;
    takeover.hidden = !(state === "replaced" || (state === "refused" && session.refusal?.code === "occupied"));
    say();
    words.dataset.state = state;
    if (state === "live") void keepResolution();
  }

  function say() {
    const ready = Boolean(capture.tracks.video || capture.tracks.audio);
    const reason = reasonOf(session, { ready, closed: capture.closed, slated: slated() });
    write(words, t(`publish.${reason}`, { source: name() }));
  }

  /** A hall's picture keeps its lines and gives up frames: faces must be recognised from the last row. */
  async function keepResolution() {
    const sender = session.senders.video;
    const parameters = sender?.getParameters();
    if (!sender || !parameters?.encodings.length) return;
    await sender.setParameters({ ...parameters, degradationPreference: "maintain-resolution" });
  }
}
