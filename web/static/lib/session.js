// @ts-check
/** The page's one peer connection: it plays slots or publishes a source, and comes back by itself. */

import { StatsReader } from "./stats.js";
import { Resource, SessionRefused, restartFragment, withCredentials } from "./whip.js";

/**
 * idle: not asked for. connecting: first time. live: media flows. rejoining: it was live, or the node is busy; we try.
 * refused: the node said no (`refusal` tells). replaced: somebody else took the source over. ended: we left.
 * @typedef {"idle" | "connecting" | "live" | "rejoining" | "refused" | "replaced" | "ended"} SessionStateName
 */

/** Waits before the next try, ms; the last one stays. */
const BACK_OFF_MS = [0, 400, 800, 1_500, 2_500, 4_000];
/** A whole audience that rejoins does so over this time, ms; publishers come first. */
const SPREAD_MS = 150;
/** An offer without an answer, a connection without a path: after that long we start over, ms. */
const CONNECT_MS = 8_000;
/** ICE says `disconnected` for that long: the path is gone, restart it, ms. */
const DISCONNECTED_MS = 1_500;

/** Events: `state` (detail SessionStateName). */
export class Session extends EventTarget {
  /** @param {{url: string, token: string, iceServers?: () => RTCIceServer[]}} options `iceServers`: asked for each join, since their credentials end */
  constructor({ url, token, iceServers = () => [] }) {
    super();
    this.url = url;
    this.token = token;
    this.iceServers = iceServers;
    /** @type {SessionStateName} */
    this.state = "idle";
    /** @type {SessionRefused | null} */
    this.refusal = null;
    /** @type {RTCPeerConnection | null} */
    this.pc = null;
    /** @type {Resource | null} */
    this.resource = null;
    this.stats = new StatsReader();
    this.spread_ms = SPREAD_MS;
    this.tries = 0;
    /** Counts joins: what an older join still awaits must not touch the newer one. */
    this.round = 0;
    /** @type {Set<ReturnType<typeof setTimeout>>} */
    this.timers = new Set();
    this.unlisten = () => undefined;
  }

  /** The session's id at the node, null while there is none. */
  get id() {
    return this.resource?.session ?? null;
  }

  start() {
    if (this.state !== "idle" && this.state !== "ended" && this.state !== "refused" && this.state !== "replaced") return;
    this.#watchNetwork();
    this.tries = 0;
    this.turn("connecting");
    this.#join();
  }

  /** The relay restarted, or ended our session: join again at once (spread over `spread_ms`). */
  rejoin() {
    if (this.state === "ended" || this.state === "idle") return;
    this.turn("rejoining");
    this.tries = 0;
    if (this.resource) this.resource.location = null;
    this.#drop();
    this.#later(Math.random() * this.spread_ms, () => this.#join());
  }

  /** The server's `ended` for a session of this page. @param {{session: string, reason: string}} detail */
  ended({ session, reason }) {
    if (session !== this.id) return;
    this.resource = null;
    if (reason === "replaced" || reason === "revoked") {
      this.#stop();
      this.turn(reason === "replaced" ? "replaced" : "refused");
    } else this.rejoin();
  }

  /** Leaves for good; the node hears of it even while the page closes. @param {{known?: boolean}} [options] `known`: it ends the session itself */
  leave({ known = false } = {}) {
    if (known) this.resource = null;
    this.#stop();
    this.turn("ended");
  }

  /** @returns {Promise<import("./stats.js").Figures[]>} */
  async figures() {
    return this.pc && this.pc.connectionState !== "closed" ? this.stats.read(this.pc) : [];
  }

  /** What this session offers: a player adds receivers, a publisher senders. @param {RTCPeerConnection} _pc @returns {Promise<void> | void} */
  prepare(_pc) {
    throw new Error("a Session plays or publishes");
  }

  /** Called once media may flow on `_pc`. @param {RTCPeerConnection} _pc */
  connected(_pc) {}

  /** @param {SessionStateName} state */
  turn(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  async #join() {
    const round = ++this.round;
    this.#drop();
    const pc = new RTCPeerConnection({ iceServers: this.iceServers(), bundlePolicy: "max-bundle" });
    const resource = new Resource(this.url, this.token);
    this.pc = pc;
    this.resource = resource;
    pc.addEventListener("connectionstatechange", () => round === this.round && this.#path(pc));
    const late = this.#later(CONNECT_MS, () => pc.connectionState !== "connected" && this.#again());
    try {
      await this.prepare(pc);
      await pc.setLocalDescription(inStereo(await pc.createOffer()));
      const sdp = await resource.offer(pc.localDescription?.sdp ?? "");
      if (round !== this.round) return void resource.end();
      await pc.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      this.#cancel(late);
      if (round === this.round) this.#failed(error);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    this.refusal = error instanceof SessionRefused ? error : null;
    if (this.refusal && !this.refusal.passing) {
      this.#stop();
      this.turn("refused");
    } else this.#again();
  }

  #again() {
    if (this.state === "ended") return;
    if (this.state === "live" || this.tries > 0) this.turn("rejoining");
    this.#drop();
    const wait = BACK_OFF_MS[Math.min(this.tries, BACK_OFF_MS.length - 1)];
    this.tries += 1;
    this.#later(wait * (0.75 + Math.random() / 2), () => this.#join());
  }

  /** A network is there again: what waits for its turn waited for that. */
  #afresh() {
    this.tries = 0;
    this.#again();
  }

  /** @param {RTCPeerConnection} pc */
  #path(pc) {
    if (pc.connectionState === "connected") {
      this.tries = 0;
      this.refusal = null;
      this.connected(pc);
      this.turn("live");
    } else if (pc.connectionState === "failed") this.#again();
    else if (pc.connectionState === "disconnected") {
      this.#later(DISCONNECTED_MS, () => pc === this.pc && pc.connectionState === "disconnected" && this.restart());
    }
  }

  /** ICE restart by PATCH: the same session on another path. Falls back to joining again. */
  async restart() {
    const { pc, resource, round } = this;
    if (!pc || !resource?.location || this.state === "ended") return;
    this.turn("rejoining");
    this.#later(CONNECT_MS, () => pc === this.pc && (this.state !== "live" || pc.connectionState !== "connected") && this.#again());
    try {
      const answer = pc.currentRemoteDescription?.sdp ?? "";
      await pc.setLocalDescription(inStereo(await pc.createOffer({ iceRestart: true })));
      const fragment = await resource.restart(restartFragment(pc.localDescription?.sdp ?? ""));
      if (round !== this.round) return;
      await pc.setRemoteDescription({ type: "answer", sdp: withCredentials(answer, fragment) });
      if (pc.connectionState === "connected") this.turn("live");
    } catch {
      if (round === this.round) this.#again();
    }
  }

  #watchNetwork() {
    const moved = () => {
      if (this.state === "live") this.restart();
      else if (this.state === "rejoining" && !this.pc) this.#afresh();
    };
    const gone = (/** @type {PageTransitionEvent} */ event) => {
      const back = event.persisted;
      this.leave();
      if (back) addEventListener("pageshow", () => this.start(), { once: true });
    };
    const connection = /** @type {any} */ (navigator).connection;
    addEventListener("online", moved);
    connection?.addEventListener?.("typechange", moved);
    addEventListener("pagehide", gone);
    this.unlisten = () => {
      removeEventListener("online", moved);
      connection?.removeEventListener?.("typechange", moved);
      removeEventListener("pagehide", gone);
      return undefined;
    };
  }

  /** @param {number} wait_ms @param {() => void} act */
  #later(wait_ms, act) {
    const round = this.round;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (round === this.round) act();
    }, wait_ms);
    this.timers.add(timer);
    return timer;
  }

  /** @param {ReturnType<typeof setTimeout>} timer */
  #cancel(timer) {
    clearTimeout(timer);
    this.timers.delete(timer);
  }

  #drop() {
    for (const timer of this.timers) this.#cancel(timer);
    this.pc?.close();
    this.resource?.end();
    this.pc = null;
    this.resource = null;
  }

  #stop() {
    this.round += 1;
    this.unlisten();
    this.#drop();
  }
}

/** Chromium decodes Opus to one channel unless its own description says otherwise (RFC 7587 section 7.1). @param {RTCSessionDescriptionInit} offer @returns {RTCSessionDescriptionInit} */
function inStereo({ type, sdp }) {
  const opus = new Set([...(sdp ?? "").matchAll(/^a=rtpmap:(\d+) opus\/48000\/2/gim)].map(([, number]) => number));
  return { type, sdp: sdp?.replace(/^a=fmtp:(\d+) (?!.*\bstereo=)/gm, (line, number) => (opus.has(number) ? `${line}stereo=1;` : line)) };
}

/** A slot as a page uses it: picture and sound apart, so that the sound can stay when the picture goes. @typedef {{video: MediaStream, audio: MediaStream}} Slot */

/** Plays: `slots` pairs of picture and sound, v0 a0 v1 a1 ... Event `slots` when the streams are new; the first come within `start()`. */
export class PlaySession extends Session {
  /** @param {{url: string, token: string, slots?: number, iceServers?: () => RTCIceServer[]}} options */
  constructor({ slots = 6, ...options }) {
    super(options);
    this.count = slots;
    /** @type {Slot[]} */
    this.slots = [];
    /** @type {Slot[]} */
    this.coming = [];
  }

  /** @param {RTCPeerConnection} pc */
  prepare(pc) {
    this.coming = Array.from({ length: this.count }, () => {
      const video = pc.addTransceiver("video", { direction: "recvonly" }).receiver.track;
      const audio = pc.addTransceiver("audio", { direction: "recvonly" }).receiver.track;
      return { video: new MediaStream([video]), audio: new MediaStream([audio]) };
    });
    if (!this.slots.length) this.#swap();
  }

  /** After a rejoin the old picture stays until the new path stands. */
  connected() {
    if (this.slots !== this.coming) this.#swap();
  }

  #swap() {
    this.slots = this.coming;
    this.dispatchEvent(new CustomEvent("slots", { detail: this.slots }));
  }

  /** The number n of `v<n>` or `a<n>`. @param {string} slot */
  static index(slot) {
    return Number(slot.slice(1));
  }

  /** Figures by slot: `{v0: ..., a0: ...}`. @returns {Promise<Record<string, import("./stats.js").Figures>>} */
  async figuresBySlot() {
    const mids = this.pc?.getTransceivers().map((transceiver) => transceiver.mid) ?? [];
    const figures = await this.figures();
    return Object.fromEntries(
      figures
        .filter(({ mid }) => mid !== undefined && mids.includes(mid))
        .map((one) => {
          const line = mids.indexOf(one.mid ?? "");
          return [`${line % 2 ? "a" : "v"}${Math.floor(line / 2)}`, one];
        }),
    );
  }
}

/** Publishes one picture (in up to three layers) and one sound as a source. Tracks change without a new offer. */
export class PublishSession extends Session {
  /**
   * @param {{url: string, token: string, iceServers?: () => RTCIceServer[], video?: MediaStreamTrack | null, audio?: MediaStreamTrack | null,
   *   layers: RTCRtpEncodingParameters[], audioBitrate_bps?: number, takeover?: boolean}} options
   */
  constructor({ video = null, audio = null, layers, audioBitrate_bps = 128_000, takeover = false, ...options }) {
    super(options);
    this.spread_ms = 0;
    this.endpoint = options.url;
    this.tracks = { video, audio };
    this.layers = layers;
    this.audioBitrate_bps = audioBitrate_bps;
    /** @type {{video?: RTCRtpSender, audio?: RTCRtpSender}} */
    this.senders = {};
    if (takeover) this.takeOver();
  }

  /** As a player does; who was told to stop, since another one has the source, stays so until somebody starts it. */
  rejoin() {
    if (this.state !== "replaced" && this.state !== "refused") super.rejoin();
  }

  /** From the next join on, a living publication of the source is replaced, knowingly. */
  takeOver() {
    const url = new URL(this.endpoint, location.href);
    url.searchParams.set("takeover", "1");
    this.url = url.href;
  }

  /** @param {RTCPeerConnection} pc */
  prepare(pc) {
    const { video, audio } = this.tracks;
    const streams = [new MediaStream()];
    this.senders.video = pc.addTransceiver(video ?? "video", {
      direction: "sendonly",
      streams,
      sendEncodings: this.layers.map((layer) => ({ ...layer })),
    }).sender;
    this.senders.audio = pc.addTransceiver(audio ?? "audio", {
      direction: "sendonly",
      streams,
      sendEncodings: [{ maxBitrate: this.audioBitrate_bps, priority: "high", networkPriority: "high" }],
    }).sender;
  }

  /** A second session must not fight the first for the source: a takeover counts for one join. */
  connected() {
    this.url = this.endpoint;
  }

  /** Another camera or microphone (null: none), without renegotiation. @param {"video" | "audio"} kind @param {MediaStreamTrack | null} track */
  async replace(kind, track) {
    this.tracks[kind] = track;
    if (this.pc) await this.senders[kind]?.replaceTrack(track);
  }
}
