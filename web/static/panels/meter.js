// @ts-check
/** The stereo level meter of one's own sound: peaks held, in dBFS; says silence and clipping in words. */

import { find, write } from "../lib/dom.js";
import { FLOOR_DBFS, HOT_DBFS, Needle, Silence } from "./levels.js";
import { Ear } from "./ear.js";

/** Figures change slowly enough to be read. */
const FIGURES_MS = 200;

/**
 * @param {HTMLElement} root holds two `hall-meter`, two `output`, and `[data-meter-words]`
 * @param {import("./capture.js").Capture} capture
 * @param {import("../lib/page.js").Page} page
 */
export function meter(root, capture, { t }) {
  const bars = /** @type {import("../lib/components.js").HallMeter[]} */ ([...root.querySelectorAll("hall-meter")]);
  const figures = [...root.querySelectorAll("output")];
  const worry = find(root, "[data-meter-words]");
  const ear = new Ear();
  let needles = [new Needle(), new Needle()];
  let silence = new Silence();
  let figures_at_ms = 0;

  /** @type {MediaStreamTrack | null} */
  let heard = null;

  capture.addEventListener("change", () => {
    if (capture.tracks.audio === heard) return;
    heard = capture.tracks.audio;
    ear.listen(heard);
    needles = [new Needle(), new Needle()];
    silence = new Silence();
  });

  /** @param {number} now_ms */
  function draw(now_ms) {
    requestAnimationFrame(draw);
    const peaks = ear.peaks();
    needles.forEach((needle, channel) => {
      needle.read(peaks[channel], now_ms);
      bars[channel].level(needle.level_dbfs, needle.held_dbfs);
    });
    if (now_ms - figures_at_ms < FIGURES_MS) return;
    figures_at_ms = now_ms;
    needles.forEach((needle, channel) => {
      write(figures[channel], needle.held_dbfs > FLOOR_DBFS ? `${String(Math.round(needle.held_dbfs)).replace("-", "\u2212")} dB` : "–");
    });
    say(silence.read(Math.max(...needles.map((needle) => needle.level_dbfs)), now_ms));
  }

  /** @param {boolean} silent */
  function say(silent) {
    const hot = needles.some((needle) => needle.held_dbfs > HOT_DBFS);
    const key = !ear.listening ? "" : hot ? "capture.hot" : silent ? "capture.silent" : "";
    const words = key && t(key);
    write(worry, words);
    worry.hidden = !words;
  }

  requestAnimationFrame(draw);
}
