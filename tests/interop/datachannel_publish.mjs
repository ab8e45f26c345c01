// libdatachannel (as in OBS from 30 on) as a WHIP publisher of H264 and Opus.
//   node datachannel_publish.mjs NODE_MODULES URL TOKEN FILM
// FILM holds frames (H264, Annex B), each behind a 4-byte big-endian length, 15 a second, played round and round.
// Prints {"connected": true}; DELETEs its session on SIGTERM.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [modules, url, token, path] = process.argv.slice(2);
const rtc = createRequire(`${resolve(modules)}/`)("node-datachannel");

const FRAMES_PER_S = 15;
const film = readFileSync(path);
const frames = [];
for (let at = 0; at < film.length; ) {
  const size = film.readUInt32BE(at);
  frames.push(film.subarray(at + 4, at + 4 + size));
  at += 4 + size;
}

const peer = new rtc.PeerConnection("obs", { iceServers: [], disableAutoNegotiation: true });
const SSRC = 42;
const video = new rtc.Video("video", "SendOnly");
video.addH264Codec(96);
video.addSSRC(SSRC, "obs", "film", "film-video");
const track = peer.addTrack(video);
const config = new rtc.RtpPacketizationConfig(SSRC, "obs", 96, 90000);
const packetizer = new rtc.H264RtpPacketizer("StartSequence", config);
packetizer.addToChain(new rtc.RtcpSrReporter(config));
packetizer.addToChain(new rtc.RtcpNackResponder());
track.setMediaHandler(packetizer);

const headers = { Authorization: `Bearer ${token}` };
let resource = null;
const offered = new Promise((done) => peer.onLocalDescription((sdp) => done(sdp)));
track.onOpen(() => {
  console.log(JSON.stringify({ connected: true }));
  let count = 0;
  const start = config.timestamp;
  setInterval(() => {
    config.timestamp = (start + (count * 90000) / FRAMES_PER_S) >>> 0;
    track.sendMessageBinary(frames[count % frames.length]);
    count += 1;
  }, 1000 / FRAMES_PER_S);
});
process.on("SIGTERM", async () => {
  if (resource) await fetch(resource, { method: "DELETE", headers });
  peer.close();
  rtc.cleanup();
  process.exit(0);
});

peer.setLocalDescription("offer");
const response = await fetch(url, { method: "POST", headers: { ...headers, "Content-Type": "application/sdp" }, body: await offered });
const text = await response.text();
if (response.status !== 201) {
  console.log(JSON.stringify({ refused: response.status, text }));
  process.exit(1);
}
resource = new URL(response.headers.get("Location"), url).href;
peer.setRemoteDescription(text, "answer");
