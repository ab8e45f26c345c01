// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { Flow } from "../../web/static/panels/flow.js";
import { lineState } from "../../web/static/panels/line.js";

test("a lost socket beside a living picture is said as that", () => {
  assert.equal(lineState({ socket: "reconnecting", session: "live" }), "socket-lost");
  assert.equal(lineState({ socket: "reconnecting", session: "rejoining" }), "lost");
});

test("a picture that comes back is said before a relay that web has not seen yet", () => {
  assert.equal(lineState({ socket: "live", session: "rejoining", relay: "lost" }), "relay-lost");
  assert.equal(lineState({ socket: "live", session: "live", relay: "lost" }), "live");
  assert.equal(lineState({ socket: "live", session: "rejoining" }), "rejoining");
});

test("a refusal is not taken for a slow start", () => {
  assert.equal(lineState({ socket: "live", session: "refused" }), "refused");
});

test("the first connection is no fault", () => {
  assert.equal(lineState({ socket: "connecting", session: "connecting" }), "connecting");
  assert.equal(lineState({ socket: undefined, session: undefined, webrtc: false }), "no-webrtc");
});

test("no network is said as that, and so is a server that hung up itself", () => {
  assert.equal(lineState({ socket: "reconnecting", session: "rejoining", online: false, restarting: true }), "offline");
  assert.equal(lineState({ socket: "reconnecting", session: "live", restarting: true }), "restarting");
  assert.equal(lineState({ socket: "live", session: "live", online: false }), "live", "a node on this machine needs no network");
});

test("a picture that stands beside a living sound is said", () => {
  assert.equal(lineState({ socket: "live", session: "live", stands: true }), "picture-lost");
  assert.equal(lineState({ socket: "live", session: "rejoining", stands: true }), "rejoining");
});

test("a picture stands when sound alone arrives, and not when nothing does", async () => {
  const counters = { framesDecoded: 10, packetsReceived: 10 };
  const pc = /** @type {any} */ ({
    getStats: async () => new Map([
      ["v", { type: "inbound-rtp", kind: "video", framesDecoded: counters.framesDecoded }],
      ["a", { type: "inbound-rtp", kind: "audio", packetsReceived: counters.packetsReceived }],
    ]),
  });
  const flow = new Flow();
  for (let second = 0; second <= 4; second += 1) {
    counters.packetsReceived += 50;
    await flow.look(pc, second * 1_000);
  }
  assert.equal(flow.stands(4_000), true);
  counters.framesDecoded += 1;
  await flow.look(pc, 5_000);
  assert.equal(flow.stands(5_000), false);
  for (let second = 6; second <= 12; second += 1) await flow.look(pc, second * 1_000);
  assert.equal(flow.stands(12_000), false);
});
