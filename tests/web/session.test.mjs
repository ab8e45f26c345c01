// @ts-check
import assert from "node:assert/strict";
import test, { afterEach, beforeEach, mock } from "node:test";

const page = new EventTarget();
Object.assign(globalThis, {
  location: { href: "http://node.test/jiangsu/" },
  addEventListener: page.addEventListener.bind(page),
  removeEventListener: page.removeEventListener.bind(page),
  MediaStream: class {},
});

/** A peer connection in the hand of the test. */
class FakePeer extends EventTarget {
  /** @type {FakePeer[]} */
  static made = [];
  constructor() {
    super();
    FakePeer.made.push(this);
    this.connectionState = "new";
    /** @type {{type: string, sdp: string} | null} */
    this.localDescription = null;
    /** @type {{type: string, sdp: string} | null} */
    this.currentRemoteDescription = null;
    /** @type {any[]} */
    this.offers = [];
  }
  addTransceiver() {
    return { receiver: { track: {} }, mid: "0" };
  }
  async createOffer(/** @type {any} */ options) {
    this.offers.push(options);
    return { type: "offer", sdp: offer("second") };
  }
  async setLocalDescription(/** @type {any} */ description = { type: "offer", sdp: offer("first") }) {
    this.localDescription = description;
  }
  async setRemoteDescription(/** @type {any} */ description) {
    this.currentRemoteDescription = description;
  }
  close() {
    this.connectionState = "closed";
  }
  turns(/** @type {string} */ state) {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}
if (!globalThis.navigator) Object.assign(globalThis, { navigator: {} });
globalThis.RTCPeerConnection = /** @type {any} */ (FakePeer);
const { PlaySession, PublishSession } = await import("../../web/static/lib/session.js");

const offer = (/** @type {string} */ ufrag) => `v=0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:${ufrag}\r\na=ice-pwd:p\r\n`;
const ANSWER = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:node1\r\na=ice-pwd:word1\r\n";

/** The node: what it was asked, and how it answers. @type {{asked: [string, string, string][], answer: (method: string) => any}} */
const node = { asked: [], answer: () => undefined };

function well(/** @type {string} */ method) {
  const session = node.asked.filter(([asked]) => asked === "POST").length;
  if (method === "POST") return new Response(ANSWER, { status: 201, headers: { Location: `/whep/r/s${session}` } });
  if (method === "PATCH") return new Response("a=ice-ufrag:node2\r\na=ice-pwd:word2\r\n", { status: 200 });
  return new Response(null, { status: 200 });
}

globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ url, /** @type {any} */ { method, body }) => {
  node.asked.push([method, url, body]);
  const answer = node.answer(method);
  if (answer instanceof Error) throw answer;
  return answer;
});

const refused = (/** @type {number} */ status, /** @type {string} */ code) => () => new Response(JSON.stringify({ refused: code }), { status });
const asked = (/** @type {string} */ method) => node.asked.filter(([one]) => one === method).length;

/** Sessions that a test opened: they listen to the page until they leave. @type {any[]} */
const opened = [];

/** @template {{start: () => void}} T @param {T} session @returns {T} */
function opens(session) {
  opened.push(session);
  session.start();
  return session;
}

afterEach(() => {
  for (const session of opened.splice(0)) session.leave();
});

beforeEach(() => {
  FakePeer.made.length = 0;
  node.asked.length = 0;
  node.answer = well;
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(Math, "random", () => 0.5);
});

/** Until every promise that can go on has gone on. */
async function settle() {
  for (let turn = 0; turn < 60; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function passes(/** @type {number} */ ms) {
  mock.timers.tick(ms);
  await settle();
}

const newest = () => /** @type {FakePeer} */ (FakePeer.made.at(-1));

async function playing() {
  const session = new PlaySession({ url: "/whep/r", token: "t" });
  /** @type {string[]} */
  const states = [];
  session.addEventListener("state", (event) => states.push(/** @type {CustomEvent} */ (event).detail));
  opens(session);
  await settle();
  newest().turns("connected");
  return { session, states };
}

test("a session joins once and lives", async () => {
  const { session, states } = await playing();
  assert.deepEqual(states, ["connecting", "live"]);
  assert.equal(session.id, "s1");
  assert.equal(asked("POST"), 1);
});

test("a node that is away is tried again after 0, 0.4, 0.8, 1.5, 2.5 and then every 4 s", async () => {
  node.answer = () => new TypeError("no network");
  const session = opens(new PlaySession({ url: "/whep/r", token: "t" }));
  await settle();
  const tries = [asked("POST")];
  for (const wait_ms of [0, 400, 800, 1_500, 2_500, 4_000, 4_000]) {
    if (wait_ms) await passes(wait_ms - 1);
    const early = asked("POST");
    await passes(1);
    tries.push(asked("POST") - early);
  }
  assert.deepEqual(tries, [1, 1, 1, 1, 1, 1, 1, 1]);
  assert.equal(session.state, "rejoining");
  node.answer = well;
  await passes(4_000);
  newest().turns("connected");
  assert.equal(session.state, "live");
  assert.equal(session.tries, 0, "the next fault is tried at once again");
});

test("a refusal that will pass is tried again, one that will not is final", async () => {
  node.answer = refused(503, "too-many");
  const session = opens(new PlaySession({ url: "/whep/r", token: "t" }));
  await settle();
  assert.equal(session.state, "connecting");
  node.answer = refused(403, "link-revoked");
  await passes(1);
  assert.equal(session.state, "refused");
  assert.equal(session.refusal?.code, "link-revoked");
  const before = asked("POST");
  await passes(60_000);
  assert.equal(asked("POST"), before);
});

test("another epoch of the relay is joined at once; the old session is gone with its relay", async () => {
  const { session, states } = await playing();
  const old = newest();
  session.rejoin();
  await passes(150);
  newest().turns("connected");
  assert.deepEqual(states.slice(-2), ["rejoining", "live"]);
  assert.equal(old.connectionState, "closed");
  assert.deepEqual(node.asked.map(([method, url]) => `${method} ${url}`), ["POST /whep/r", "POST /whep/r"]);
  assert.equal(session.id, "s2");
});

test("an answer that comes after another epoch began opens nothing, and its session is ended", async () => {
  /** @type {(answer: Response) => void} */
  let late = () => undefined;
  node.answer = (method) => (method === "POST" && asked("POST") === 1 ? new Promise((resolve) => (late = resolve)) : well(method));
  const session = opens(new PlaySession({ url: "/whep/r", token: "t" }));
  await settle();
  session.rejoin();
  await passes(150);
  newest().turns("connected");
  late(new Response(ANSWER, { status: 201, headers: { Location: "/whep/r/late" } }));
  await settle();
  assert.equal(session.state, "live");
  assert.equal(session.id, "s2");
  assert.ok(node.asked.some(([method, url]) => method === "DELETE" && url === "/whep/r/late"));
});

test("the end of this session is followed by reason: lost joins again, replaced and revoked stop", async () => {
  for (const [reason, state] of [["lost", "rejoining"], ["replaced", "replaced"], ["revoked", "refused"]]) {
    const { session } = await playing();
    session.ended({ session: "somebody-else's", reason });
    assert.equal(session.state, "live");
    session.ended({ session: session.id ?? "", reason });
    assert.equal(session.state, state);
    const before = asked("POST");
    await passes(60_000);
    assert.equal(asked("POST") > before, reason === "lost", reason);
    session.leave();
  }
});

test("a path that is gone is found anew by an ICE restart of the same session", async () => {
  const { session, states } = await playing();
  const pc = newest();
  pc.turns("disconnected");
  await passes(1_500);
  assert.deepEqual(pc.offers, [undefined, { iceRestart: true }]);
  const [, url, fragment] = node.asked.find(([method]) => method === "PATCH") ?? ["", "", ""];
  assert.equal(url, "/whep/r/s1");
  assert.match(fragment, /a=ice-ufrag:second/);
  assert.match(pc.currentRemoteDescription?.sdp ?? "", /a=ice-ufrag:node2/);
  pc.turns("connected");
  assert.deepEqual(states.slice(-2), ["rejoining", "live"]);
  assert.equal(FakePeer.made.length, 1, "the connection, and so the picture, stayed");
});

test("a path that comes back by itself needs no restart", async () => {
  const { session } = await playing();
  newest().turns("disconnected");
  newest().turns("connected");
  await passes(1_500);
  assert.equal(asked("PATCH"), 0);
});

test("another network restarts ICE at once, and a restart that is refused or brings no path joins anew", async () => {
  const { session } = await playing();
  node.answer = (method) => (method === "PATCH" ? refused(404, "session-unknown")() : well(method));
  page.dispatchEvent(new Event("online"));
  await settle();
  await passes(1);
  assert.equal(asked("POST"), 2);
  newest().turns("connected");
  node.answer = (method) => (method === "PATCH" ? new Promise(() => undefined) : well(method));
  page.dispatchEvent(new Event("online"));
  newest().turns("disconnected");
  await settle();
  await passes(8_000);
  await passes(1);
  assert.equal(asked("POST"), 3, "a PATCH without an answer is waited for 8 s");
});

test("a network that comes back ends the waiting for the next try", async () => {
  node.answer = () => new TypeError("no network");
  const session = opens(new PlaySession({ url: "/whep/r", token: "t" }));
  for (const wait_ms of [0, 1, 400, 800, 1_500, 2_500]) await passes(wait_ms);
  const before = asked("POST");
  node.answer = well;
  page.dispatchEvent(new Event("online"));
  await passes(1);
  assert.equal(asked("POST"), before + 1);
  newest().turns("connected");
  assert.equal(session.state, "live");
});

test("who leaves tells the node, even while the page goes away, and stays away", async () => {
  const { session } = await playing();
  page.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
  await settle();
  assert.equal(session.state, "ended");
  assert.deepEqual(node.asked.at(-1)?.slice(0, 2), ["DELETE", "/whep/r/s1"]);
  session.rejoin();
  page.dispatchEvent(new Event("online"));
  await passes(60_000);
  assert.equal(asked("POST"), 1);
});

test("a page that comes back from the browser's memory plays again", async () => {
  const { session } = await playing();
  page.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: true }));
  page.dispatchEvent(new Event("pageshow"));
  await settle();
  newest().turns("connected");
  assert.equal(session.state, "live");
});

test("a publisher whose source another one took does not take it back when the relay restarts", async () => {
  const session = opens(new PublishSession({ url: "/whip/r", token: "t", layers: [] }));
  await settle();
  newest().turns("connected");
  session.ended({ session: String(session.id), reason: "replaced" });
  session.rejoin();
  await passes(60_000);
  assert.equal(session.state, "replaced");
  assert.equal(asked("POST"), 1);
  session.start();
  await settle();
  assert.equal(asked("POST"), 2);
});

test("a takeover counts for one join: what is lost later is not taken from its next owner", async () => {
  const session = opens(new PublishSession({ url: "/whip/r", token: "t", layers: [], takeover: true }));
  await settle();
  newest().turns("connected");
  session.rejoin();
  await passes(150);
  assert.deepEqual(node.asked.filter(([method]) => method === "POST").map(([, url]) => url), ["/whip/r?takeover=1", "/whip/r"]);
});
