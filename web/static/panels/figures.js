// @ts-check
/** The figures of the line up, once a second: bitrate, loss, round trip, age of the picture, and the layers. */

import { DOT, find, set, write } from "../lib/dom.js";
import { uplink, worries } from "./uplink.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */

const READ_MS = 1000;

/**
 * Rounded as an operator reads it: `2,4 Mbit/s`, `96 kbit/s`.
 * @param {number} bps
 * @param {I18n} i18n
 */
export function bitrate(bps, i18n) {
  const mega = bps >= 1_000_000;
  const value = i18n.number(bps / (mega ? 1_000_000 : 1000), { maximumFractionDigits: mega ? 1 : 0, minimumFractionDigits: mega ? 1 : 0 });
  return `${value} ${mega ? "Mbit/s" : "kbit/s"}`;
}

/**
 * @param {number} share 0 to 1
 * @param {I18n} i18n
 */
export function percent(share, i18n) {
  return i18n.number(share, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/**
 * @param {HTMLElement} root `[data-figure=bitrate|lost|round_trip|age]` around each `dd`, and `[data-layers]`
 * @param {object} given
 * @param {import("../lib/session.js").PublishSession} given.session
 * @param {() => {age_ms?: number, lost_share?: number} | undefined} given.relay what the relay says of the source
 * @param {import("../lib/page.js").Page} page
 */
export function figures(root, { session, relay }, { i18n }) {
  const layers = find(root, "[data-layers]");

  setInterval(read, READ_MS);
  session.addEventListener("state", read);
  void read();

  async function read() {
    const live = session.state === "live";
    root.hidden = !live;
    if (!live) return;
    const up = uplink(await session.figures());
    const { age_ms, lost_share = up.lost_share } = relay() ?? {};
    const worried = worries({ lost_share, round_trip_ms: up.round_trip_ms, age_ms });
    say("bitrate", bitrate(up.bitrate_bps, i18n), up.bitrate_bps === 0);
    say("lost", percent(lost_share, i18n), worried.lost);
    say("round_trip", up.round_trip_ms === undefined ? "–" : `${Math.round(up.round_trip_ms)} ms`, worried.round_trip);
    say("age", age_ms === undefined ? "–" : `${i18n.seconds(age_ms)} s`, worried.age);
    write(layers, up.layers.map(layerWords).join(DOT));
  }

  /** @param {import("./uplink.js").Figures} layer */
  function layerWords(layer) {
    return `${layer.width} × ${layer.height}, ${Math.round(layer.frames_per_s ?? 0)}/s, ${bitrate(layer.bitrate_bps, i18n)}`;
  }

  /**
   * @param {string} figure
   * @param {string} text
   * @param {boolean} worry
   */
  function say(figure, text, worry) {
    const row = find(root, `[data-figure="${figure}"]`);
    set(row, "data-worry", worry);
    write(find(row, "dd"), text);
  }
}
