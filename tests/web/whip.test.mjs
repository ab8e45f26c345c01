// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { restartFragment, withCredentials } from "../../web/static/lib/whip.js";

const OFFER = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "a=group:BUNDLE 0 1", "a=ice-options:trickle", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=ice-ufrag:new", "a=ice-pwd:secret", "a=mid:0", "a=sendonly", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=ice-ufrag:new", "a=mid:1", ""].join("\r\n");

test("an ICE restart's fragment carries the group, the first line and the new credentials", () => {
  assert.deepEqual(restartFragment(OFFER).split("\r\n"), ["a=group:BUNDLE 0 1", "a=ice-options:trickle", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=ice-ufrag:new", "a=ice-pwd:secret", "a=mid:0", ""]);
});

test("the answer in force takes the node's new credentials on every line", () => {
  const answer = "a=ice-ufrag:old\r\na=ice-pwd:older\r\nm=video\r\na=ice-ufrag:old\r\na=ice-pwd:older\r\n";
  const fragment = "a=ice-ufrag:fresh\r\na=ice-pwd:word\r\n";
  assert.equal(withCredentials(answer, fragment), "a=ice-ufrag:fresh\r\na=ice-pwd:word\r\nm=video\r\na=ice-ufrag:fresh\r\na=ice-pwd:word\r\n");
  assert.throws(() => withCredentials(answer, "a=end-of-candidates\r\n"));
});
