// @ts-check
/** What getStats says, per slot or per layer, as figures with units; counters become rates between two looks. */

/**
 * @typedef {object} Figures
 * @property {number} bitrate_bps
 * @property {number} lost_share 0..1 of the packets since the last look
 * @property {number} [jitter_ms]
 * @property {number} [round_trip_ms]
 * @property {number} [frames_per_s]
 * @property {number} [width]
 * @property {number} [height]
 * @property {string} [codec]
 * @property {string} [rid]
 * @property {string} kind
 * @property {string} [mid]
 */

export class StatsReader {
  constructor() {
    /** @type {Map<string, {at_ms: number, bytes: number, packets: number, lost: number}>} */
    this.before = new Map();
  }

  /**
   * @param {RTCPeerConnection} pc @returns {Promise<Figures[]>} one per RTP stream (inbound for players, outbound for publishers)
   */
  async read(pc) {
    const report = await pc.getStats();
    /** @type {any[]} */
    const all = [...report.values()];
    const pair = all.find((stat) => stat.type === "candidate-pair" && stat.nominated && stat.state === "succeeded");
    const round_trip_ms = pair?.currentRoundTripTime === undefined ? undefined : pair.currentRoundTripTime * 1000;
    return all
      .filter((stat) => stat.type === "inbound-rtp" || stat.type === "outbound-rtp")
      .map((stat) => this.#figures(stat, report, round_trip_ms));
  }

  /** @param {any} stat @param {any} report @param {number | undefined} round_trip_ms @returns {Figures} */
  #figures(stat, report, round_trip_ms) {
    const remote = stat.remoteId && report.get(stat.remoteId);
    const now = {
      at_ms: stat.timestamp,
      bytes: stat.bytesReceived ?? stat.bytesSent ?? 0,
      packets: stat.packetsReceived ?? stat.packetsSent ?? 0,
      lost: stat.packetsLost ?? remote?.packetsLost ?? 0,
    };
    const before = this.before.get(stat.id) ?? { ...now };
    this.before.set(stat.id, now);
    const sentOn = remote?.roundTripTime;
    return {
      kind: stat.kind,
      mid: stat.mid,
      rid: stat.rid,
      bitrate_bps: rate(now.bytes - before.bytes, now.at_ms - before.at_ms) * 8,
      lost_share: share(now.lost - before.lost, now.packets - before.packets),
      jitter_ms: ms(stat.jitter ?? remote?.jitter),
      round_trip_ms: sentOn === undefined ? round_trip_ms : sentOn * 1000,
      frames_per_s: stat.framesPerSecond,
      width: stat.frameWidth,
      height: stat.frameHeight,
      codec: report.get(stat.codecId)?.mimeType?.split("/")[1],
    };
  }
}

/** @param {number} count @param {number} ms per second */
function rate(count, ms) {
  return ms > 0 ? Math.max(0, (count * 1000) / ms) : 0;
}

/** @param {number} lost @param {number} arrived */
function share(lost, arrived) {
  const sum = Math.max(0, lost) + Math.max(0, arrived);
  return sum > 0 ? Math.max(0, lost) / sum : 0;
}

/** @param {number | undefined} seconds */
function ms(seconds) {
  return seconds === undefined ? undefined : seconds * 1000;
}
