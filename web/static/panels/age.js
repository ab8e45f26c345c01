// @ts-check
/** The age of the picture: from the lens to this screen, measured frame by frame on the common clock. */

import { mediaTime } from "../lib/clock.js";

/** Frames that the shown figure is the median of. */
const FRAMES = 31;
/** Ages outside are no measurement (a clock that is not right yet), ms. */
const LEAST_MS = -500;
const MOST_MS = 60_000;

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

export class PictureAge {
  /**
   * @param {import("../lib/clock.js").CommonClock} clock @param {() => HTMLElement | undefined} principal the tile that counts
   */
  constructor(clock, principal) {
    this.clock = clock;
    this.principal = principal;
    /** @type {number[]} */
    this.ages = [];
    /** @type {HTMLVideoElement | null} */
    this.video = null;
    this.newest_ms = 0;
  }

  /** The measured age in ms, or null while there is none: no picture, a slate, no clock. */
  read() {
    this.#watch();
    const stale = performance.now() - this.newest_ms > 2_000;
    if (stale || !this.ages.length || !this.clock.synchronised || this.principal()?.hasAttribute("data-slate")) return null;
    const age = median(this.ages);
    return age > LEAST_MS && age < MOST_MS ? Math.max(0, age) : null;
  }

  /** Follows the principal picture as takes change it. */
  #watch() {
    const video = this.principal()?.querySelector("video") ?? null;
    if (video === this.video) return;
    this.video = video;
    this.ages = [];
    const frame = (/** @type {number} */ _now, /** @type {VideoFrameCallbackMetadata} */ { expectedDisplayTime, rtpTimestamp }) => {
      if (video !== this.video || !video) return;
      this.#frame(expectedDisplayTime, rtpTimestamp);
      video.requestVideoFrameCallback(frame);
    };
    video?.requestVideoFrameCallback?.(frame);
  }

  /** @param {number} shown_performance_ms @param {number | undefined} rtpTimestamp */
  #frame(shown_performance_ms, rtpTimestamp) {
    if (rtpTimestamp === undefined) return;
    const shown_ms = this.clock.at(shown_performance_ms);
    this.newest_ms = performance.now();
    this.ages = [...this.ages, shown_ms - mediaTime(rtpTimestamp, shown_ms)].slice(-FRAMES);
  }
}
