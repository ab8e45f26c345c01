// @ts-check
/** Listens to one sound and reads its channels' peaks; shows nothing. */

import { peakOf } from "./levels.js";

/** 43 ms at 48 kHz: more than a frame of the screen, so that no peak falls between two readings. */
const WINDOW = 2048;

/** @type {AudioContext | undefined} one for the page; browsers allow few */
let shared;

/** A page that neither captures nor had a gesture hears nothing: the first gesture wakes it. */
function context() {
  if (shared) return shared;
  shared = new AudioContext({ latencyHint: "playback" });
  for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => void shared?.resume());
  return shared;
}

export class Ear {
  /** @type {AnalyserNode[]} */
  #channels = [];
  /** @type {MediaStreamAudioSourceNode | undefined} */
  #source;
  #samples = new Float32Array(WINDOW);

  /** Whether the sound has one channel only, as far as the browser knows. */
  mono = false;

  /** @type {MediaStreamTrack | null} */
  #track = null;

  /** @param {MediaStreamTrack | null} track */
  listen(track) {
    if (track === this.#track) return;
    this.#track = track;
    this.#source?.disconnect();
    this.#source = undefined;
    this.#channels = [];
    if (!track) return;
    this.mono = track.getSettings().channelCount === 1;
    this.#source = context().createMediaStreamSource(new MediaStream([track]));
    const splitter = new ChannelSplitterNode(context(), { numberOfOutputs: 2 });
    this.#source.connect(splitter);
    this.#channels = [0, 1].map((channel) => {
      const analyser = new AnalyserNode(context(), { fftSize: WINDOW });
      splitter.connect(analyser, channel);
      return analyser;
    });
  }

  get listening() {
    return this.#channels.length > 0;
  }

  /** Linear peaks (0 to 1) of left and right since about the last frame; a mono sound's one twice. */
  peaks() {
    const [left = 0, right = 0] = this.#channels.map((analyser) => {
      analyser.getFloatTimeDomainData(this.#samples);
      return peakOf(this.#samples);
    });
    return this.mono ? [left, left] : [left, right];
  }
}
