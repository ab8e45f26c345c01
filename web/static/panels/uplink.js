// @ts-check
/** The line up: a publishing session's figures added up, and which of them should worry its operator. Pure. */

/** @typedef {import("../lib/stats.js").Figures} Figures */
/**
 * @typedef {object} Uplink
 * @property {number} bitrate_bps picture and sound together
 * @property {number} lost_share 0 to 1, the worst stream's
 * @property {number | undefined} round_trip_ms
 * @property {Figures[]} layers of the picture, smallest first; none that sends nothing
 */

/** Above this NACKs begin to arrive too late on a long path. */
const LOSS_WORRIES = 0.02;
const ROUND_TRIP_WORRIES_MS = 400;
/** A person notices that the other hall answers late. */
const AGE_WORRIES_MS = 800;

/**
 * @param {Figures[]} figures one per outgoing stream
 * @returns {Uplink}
 */
export function uplink(figures) {
  const trips = figures.flatMap(({ round_trip_ms }) => (round_trip_ms === undefined ? [] : [round_trip_ms]));
  return {
    bitrate_bps: figures.reduce((sum, { bitrate_bps }) => sum + bitrate_bps, 0),
    lost_share: Math.max(0, ...figures.map(({ lost_share }) => lost_share)),
    round_trip_ms: trips.length ? Math.max(...trips) : undefined,
    layers: figures
      .filter(({ kind, height }) => kind === "video" && height)
      .sort((a, b) => (a.height ?? 0) - (b.height ?? 0)),
  };
}

/** @param {{lost_share?: number, round_trip_ms?: number, age_ms?: number}} line */
export function worries({ lost_share = 0, round_trip_ms = 0, age_ms = 0 }) {
  return {
    lost: lost_share > LOSS_WORRIES,
    round_trip: round_trip_ms > ROUND_TRIP_WORRIES_MS,
    age: age_ms > AGE_WORRIES_MS,
  };
}
