// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
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
