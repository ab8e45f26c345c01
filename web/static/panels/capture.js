// @ts-check
/**
 * A camera and a sound input, kept alive: a pulled one is said at once and replaced by the
 * next; it comes back when it is plugged in again. Nothing here draws or sends.
 */

import { local } from "../lib/storage.js";

/** @typedef {"video" | "audio"} Kind */
/** @typedef {{id: string, label: string}} Device */
/** @typedef {{echo: boolean, noise: boolean, gain: boolean}} Processing */
/** @typedef {"asking" | "granted" | "denied" | "insecure"} Permission */
/** @typedef {{code: "lost" | "replaced" | "returned" | "busy", kind: Kind, device: string}} Notice */

const DEVICE_KIND = /** @type {const} */ ({ video: "videoinput", audio: "audioinput" });
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/**
 * Events: `change` (devices, tracks or permission differ), `notice` (a CustomEvent<Notice> to say in words).
 */
export class Capture extends EventTarget {
  /** @type {Permission} */
  permission = "asking";
  /** @type {Record<Kind, Device[]>} */
  devices = { video: [], audio: [] };
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  tracks = { video: null, audio: null };
  /** What the person chose; a replacement does not change it. @type {Record<Kind, string | undefined>} */
  chosen = { video: undefined, audio: undefined };
  /** Hall sound comes from a desk: nothing may be done to it unless asked for. @type {Processing} */
  processing = { echo: false, noise: false, gain: false };

  #media;
  #memory;
  /** Changes run one after the other. @type {Promise<void>} */
  #queue = Promise.resolve();
  /** @type {Map<string, string>} names of devices, kept so that a pulled one can still be named */
  #labels = new Map();
  /** The name of what was lost last. @type {Record<Kind, string>} */
  #lost = { video: "", audio: "" };

  /**
   * @param {MediaDevices | undefined} media absent on an insecure page
   * @param {Pick<Storage, "getItem" | "setItem"> | null} [memory] keeps the choice over a reload, where there is one
   */
  constructor(media, memory = local()) {
    super();
    this.#media = media;
    this.#memory = memory;
    for (const kind of /** @type {Kind[]} */ (["video", "audio"])) {
      this.chosen[kind] = memory?.getItem(`twinhall.${kind}`) ?? undefined;
    }
  }

  #changed = () => this.#later(() => this.#reconcile());

  /** Asks for camera and sound (the browser asks the person), then keeps both alive. */
  async start() {
    if (!this.#media) return this.#permit("insecure");
    this.#permit("asking");
    this.#media.addEventListener("devicechange", this.#changed);
    await this.#later(async () => {
      if (!(await this.#ask())) return this.#permit("denied");
      await this.#list();
      await Promise.all([this.#open("video"), this.#open("audio")]);
      this.#permit("granted");
    });
  }

  /** Lets go of both, so that no camera's light stays on; `start` takes them again. */
  stop() {
    this.#media?.removeEventListener("devicechange", this.#changed);
    return this.#later(async () => {
      for (const kind of /** @type {Kind[]} */ (["video", "audio"])) this.#hold(kind, null);
      this.#permit("asking");
    });
  }

  /**
   * One question to the person for both; names of devices are hidden until it is answered.
   * @returns {Promise<boolean>} false when the person, or the browser for them, said no
   */
  async #ask() {
    try {
      const stream = await this.#media?.getUserMedia({ video: true, audio: true });
      stream?.getTracks().forEach((track) => track.stop());
    } catch (fault) {
      return !(fault instanceof DOMException && fault.name === "NotAllowedError");
    }
    return true;
  }

  /**
   * @param {Kind} kind
   * @param {string} id
   */
  choose(kind, id) {
    this.chosen[kind] = id;
    try {
      this.#memory?.setItem(`twinhall.${kind}`, id);
    } catch {
      // Storage is full: the choice lives as long as the page.
    }
    return this.#later(() => this.#open(kind));
  }

  /** @param {Partial<Processing>} change */
  process(change) {
    Object.assign(this.processing, change);
    return this.#later(() => this.#open("audio"));
  }

  /** Whether the browser keeps camera and sound from us: then it tells of no device either. */
  get closed() {
    return this.permission === "denied" || this.permission === "insecure";
  }

  /** The words for a kind that has no device, `capture.<this>`. @param {Kind} kind */
  absence(kind) {
    if (this.closed) return "closed";
    return this.permission === "asking" ? "asking" : `no-${kind}`;
  }

  /** The name of the device that `kind` uses now. @param {Kind} kind */
  label(kind) {
    return this.tracks[kind]?.label ?? "";
  }

  /** @param {() => Promise<unknown>} work @returns {Promise<void>} */
  #later(work) {
    const done = this.#queue.then(work, work).then(() => undefined);
    this.#queue = done;
    return done;
  }

  /** @param {Permission} permission */
  #permit(permission) {
    this.permission = permission;
    this.dispatchEvent(new Event("change"));
  }

  async #list() {
    const all = (await this.#media?.enumerateDevices()) ?? [];
    for (const kind of /** @type {Kind[]} */ (["video", "audio"])) {
      this.devices[kind] = all
        .filter((device) => device.kind === DEVICE_KIND[kind] && device.deviceId !== "communications")
        .map((device) => ({ id: device.deviceId, label: device.label }));
      for (const { id, label } of this.devices[kind]) if (label) this.#labels.set(id, label);
    }
    this.dispatchEvent(new Event("change"));
  }

  /** After a plug or a pull: leave what is gone, take back what was chosen. */
  async #reconcile() {
    await this.#list();
    for (const kind of /** @type {Kind[]} */ (["video", "audio"])) {
      const using = this.tracks[kind]?.getSettings().deviceId;
      const here = this.devices[kind].some((device) => device.id === this.chosen[kind]);
      if (using && !this.devices[kind].some((device) => device.id === using)) {
        this.#lose(kind);
        await this.#replace(kind);
      } else if ((here && using !== this.chosen[kind]) || (!using && this.devices[kind].length)) await this.#take(kind);
    }
  }

  /** What is pulled is said before anything is awaited. @param {Kind} kind */
  #lose(kind) {
    const gone = this.tracks[kind];
    this.chosen[kind] ??= gone?.getSettings().deviceId;
    this.#hold(kind, null);
    this.#lost[kind] = gone?.label ?? "";
    this.#tell("lost", kind, this.#lost[kind]);
  }

  /** @param {Kind} kind */
  async #replace(kind) {
    await this.#list();
    if (!this.tracks[kind]) await this.#take(kind);
  }

  /** What was lost, or another device, and words for it. @param {Kind} kind */
  async #take(kind) {
    if (!(await this.#open(kind))) return;
    const lost = this.#lost[kind];
    this.#tell(lost && lost !== this.label(kind) ? "replaced" : "returned", kind);
  }

  /**
   * Opens the chosen device, or the next that opens.
   * @param {Kind} kind
   * @returns {Promise<boolean>}
   */
  async #open(kind) {
    const wish = this.chosen[kind];
    const ids = this.devices[kind].map((device) => device.id);
    const order = wish && ids.includes(wish) ? [wish, ...ids.filter((id) => id !== wish)] : ids;
    for (const id of order.length ? order : [""]) {
      const track = await this.#acquire(kind, id);
      if (track) {
        this.#hold(kind, track);
        return true;
      }
      if (this.permission !== "asking") this.#tell("busy", kind, this.#labels.get(id) ?? "");
    }
    return false;
  }

  /**
   * @param {Kind} kind
   * @param {string} id "" takes the browser's default
   * @returns {Promise<MediaStreamTrack | null>}
   */
  async #acquire(kind, id) {
    const device = id ? { deviceId: { exact: id } } : {};
    const { echo, noise, gain } = this.processing;
    const sound = { echoCancellation: echo, noiseSuppression: noise, autoGainControl: gain };
    const wanted =
      kind === "video"
        ? { video: { ...PICTURE, ...device } }
        : { audio: { ...sound, channelCount: { ideal: 2 }, sampleRate: { ideal: 48000 }, ...device } };
    try {
      return (await this.#media?.getUserMedia(wanted))?.getTracks()[0] ?? null;
    } catch (fault) {
      if (fault instanceof DOMException) return null;
      throw fault;
    }
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack | null} track
   */
  #hold(kind, track) {
    this.tracks[kind]?.stop();
    this.tracks[kind] = track;
    if (track) {
      track.contentHint = kind === "video" ? "motion" : "music";
      track.addEventListener("ended", () => {
        if (this.tracks[kind] !== track) return;
        this.#lose(kind);
        this.#later(() => this.#replace(kind));
      });
    }
    this.dispatchEvent(new Event("change"));
  }

  /**
   * @param {Notice["code"]} code
   * @param {Kind} kind
   * @param {string} device its name
   */
  #tell(code, kind, device = this.label(kind)) {
    this.dispatchEvent(new CustomEvent("notice", { detail: { code, kind, device } }));
  }
}
