// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { Capture } from "../../web/static/panels/capture.js";

globalThis.DOMException ??= /** @type {any} */ (Error);

class Track extends EventTarget {
  /** @param {string} kind @param {string} id */
  constructor(kind, id) {
    super();
    Object.assign(this, { kind, id, label: `the ${id}`, contentHint: "" });
  }
  getSettings() {
    return { deviceId: /** @type {any} */ (this).id };
  }
  stop() {}
}

/** A computer whose devices can be pulled: `plugged` are its ids, cameras begin with c. */
class Computer extends EventTarget {
  plugged = ["cam-1", "cam-2", "mic-1"];
  refuses = false;
  async enumerateDevices() {
    return this.plugged.map((id) => ({ kind: id[0] === "c" ? "videoinput" : "audioinput", deviceId: id, label: `the ${id}` }));
  }
  /** @param {any} wanted */
  async getUserMedia(wanted) {
    if (this.refuses) throw new DOMException("no", "NotAllowedError");
    const tracks = /** @type {const} */ (["video", "audio"]).filter((kind) => wanted[kind]).map((kind) => {
      const id = wanted[kind].deviceId?.exact ?? this.plugged.find((one) => (one[0] === "c") === (kind === "video"));
      if (!this.plugged.includes(id)) throw new DOMException("none", "NotFoundError");
      return new Track(kind, id);
    });
    return { getTracks: () => tracks };
  }
  /** @param {string[]} plugged */
  plug(...plugged) {
    this.plugged = plugged;
    this.dispatchEvent(new Event("devicechange"));
  }
}

/** @param {Pick<Storage, "getItem" | "setItem"> | null} [memory] */
async function started(memory = { getItem: () => null, setItem: () => undefined }) {
  const computer = new Computer();
  const capture = new Capture(/** @type {any} */ (computer), memory);
  /** @type {string[]} */
  const said = [];
  capture.addEventListener("notice", (event) => {
    const { code, device } = /** @type {CustomEvent} */ (event).detail;
    said.push(`${code} ${device}`);
  });
  await capture.start();
  return { computer, capture, said };
}

/** Resolves when `wanted` says so after a change. @param {Capture} capture @param {() => boolean} wanted */
function until(capture, wanted) {
  return new Promise((resolve) => {
    const look = () => wanted() && resolve(undefined);
    capture.addEventListener("change", look);
    capture.addEventListener("notice", look);
    look();
  });
}

test("camera and sound open after one question", async () => {
  const { capture } = await started();
  assert.equal(capture.permission, "granted");
  assert.deepEqual([capture.label("video"), capture.label("audio")], ["the cam-1", "the mic-1"]);
});

test("a pulled camera is said at once, replaced by the next, and comes back", async () => {
  const { computer, capture, said } = await started();
  computer.plug("cam-2", "mic-1");
  await until(capture, () => said.length === 2);
  assert.deepEqual(said, ["lost the cam-1", "replaced the cam-2"]);
  computer.plug("cam-1", "cam-2", "mic-1");
  await until(capture, () => said.length === 3);
  assert.equal(said[2], "returned the cam-1");
  assert.equal(capture.label("video"), "the cam-1");
});

test("a track that ends counts as pulled", async () => {
  const { computer, capture, said } = await started();
  computer.plugged = ["cam-1", "cam-2"];
  capture.tracks.audio?.dispatchEvent(new Event("ended"));
  await until(capture, () => said.length === 1);
  assert.deepEqual(said, ["lost the mic-1"]);
  assert.equal(capture.tracks.audio, null);
  computer.plug("cam-1", "cam-2", "mic-1");
  await until(capture, () => said.length === 2);
  assert.equal(said[1], "returned the mic-1");
});

test("both that are pulled are said before either is replaced", async () => {
  const { computer, capture, said } = await started();
  computer.plugged = ["cam-2", "mic-2"];
  for (const kind of /** @type {const} */ (["video", "audio"])) capture.tracks[kind]?.dispatchEvent(new Event("ended"));
  assert.deepEqual(said, ["lost the cam-1", "lost the mic-1"]);
  await until(capture, () => said.length === 4);
  assert.deepEqual(said.slice(2), ["replaced the cam-2", "replaced the mic-2"]);
});

test("a no is a no", async () => {
  const computer = new Computer();
  computer.refuses = true;
  const capture = new Capture(/** @type {any} */ (computer), { getItem: () => null, setItem: () => undefined });
  await capture.start();
  assert.equal(capture.permission, "denied");
  assert.deepEqual([capture.closed, capture.absence("video")], [true, "closed"]);
});

test("what is chosen opens also where the browser keeps nothing, or has no room", async () => {
  const full = { getItem: () => null, setItem: () => { throw new DOMException("no room", "QuotaExceededError"); } };
  for (const memory of [null, full]) {
    const { capture } = await started(memory);
    await capture.choose("video", "cam-2");
    assert.equal(capture.label("video"), "the cam-2");
  }
});

test("an insecure page says so", async () => {
  const capture = new Capture(undefined, { getItem: () => null, setItem: () => undefined });
  await capture.start();
  assert.equal(capture.permission, "insecure");
});

test("stopping lets go of both, hears of no device any more, and starting takes them again", async () => {
  const { computer, capture, said } = await started();
  await capture.stop();
  assert.deepEqual([capture.tracks.video, capture.tracks.audio, capture.permission], [null, null, "asking"]);
  computer.plug("cam-1", "cam-3", "mic-1");
  await capture.stop();
  assert.deepEqual([capture.devices.video.length, said], [2, []]);
  await capture.start();
  assert.deepEqual([capture.label("video"), capture.devices.video.length], ["the cam-1", 2]);
});
