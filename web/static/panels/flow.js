// @ts-check
/** Whether the picture stands while the sound goes on: a line too thin for both loses the picture first. */

/** So long without a new frame, while sound arrives, is a lost picture, ms. */
const STOOD_MS = 3_000;

export class Flow {
  constructor() {
    /** @type {RTCPeerConnection | null} */
    this.pc = null;
    this.frames = 0;
    this.packets = 0;
    this.moved_ms = 0;
    this.heard_ms = 0;
  }

  /** Takes in the counters of a connection. @param {RTCPeerConnection} pc @param {number} now_ms monotonic */
  async look(pc, now_ms) {
    const inbound = [...(await pc.getStats()).values()].filter(({ type }) => type === "inbound-rtp");
    const frames = sum(inbound, "video", "framesDecoded");
    const packets = sum(inbound, "audio", "packetsReceived");
    if (pc !== this.pc || frames !== this.frames) this.moved_ms = now_ms;
    if (pc === this.pc && packets !== this.packets) this.heard_ms = now_ms;
    Object.assign(this, { pc, frames, packets });
  }

  /** @param {number} now_ms monotonic */
  stands(now_ms) {
    return this.pc !== null && now_ms - this.moved_ms > STOOD_MS && now_ms - this.heard_ms <= STOOD_MS;
  }
}

/** @param {any[]} inbound @param {string} kind @param {string} counter */
function sum(inbound, kind, counter) {
  return inbound.filter((stat) => stat.kind === kind).reduce((total, stat) => total + (stat[counter] ?? 0), 0);
}
