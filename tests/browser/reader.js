// @ts-check
// Injected by the tests into every page, never shipped: reads frame codes and beeps from what is really shown,
// and keeps watch over peer connections and the content security policy. The code's layout: scripts/rehearsal/framecode.py.
(() => {
  if ("reader" in globalThis) return;
  const BLOCK = 64, LEFT = 128, TOP = 64, ROWS = 2, COLUMNS = 16, WIDTH = 1280, CELL = 4, CONTRAST_MIN = 60;
  const PITCHES_HZ = [1000, 1500, 2300, 3100];
  const KEEP = 4000;
  /** Of whoever waits for something that comes; what must come soon is measured and judged by its test. */
  const PATIENCE_MS = 20_000;

  /** @typedef {{connection: RTCPeerConnection, descriptions: number}} Kept */
  /** What a video showed: `code` is null for a slate. @typedef {{video: number, code: {source: number, number: number} | null, at_ms: number, shown_ms: number, width: number, height: number, rtp: number | null, remote: boolean}} Shown */

  /** @type {Kept[]} */
  const connections = [];
  /** @type {string[]} */
  const violations = [];
  addEventListener("securitypolicyviolation", (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`));

  const Native = globalThis.RTCPeerConnection;
  if (Native) {
    globalThis.RTCPeerConnection = class extends Native {
      /** @param {RTCConfiguration} [given] */
      constructor(given) {
        super(given);
        /** @type {Kept} */
        this.kept = { connection: this, descriptions: 0 };
        connections.push(this.kept);
      }
      /** @param {RTCSessionDescriptionInit} given */
      setRemoteDescription(given) {
        this.kept.descriptions += 1;
        return super.setRemoteDescription(given);
      }
    };
  }

  const devices = navigator.mediaDevices;
  /** @type {MediaStreamTrack[]} */
  const captured = [];
  if (devices) {
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      captured.push(...stream.getTracks());
      return stream;
    };
  }

  const canvas = document.createElement("canvas");
  canvas.width = COLUMNS * CELL;
  canvas.height = ROWS * CELL;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));

  /** @param {number[]} bytes */
  function crc8(bytes) {
    let crc = 0xff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
    }
    return crc;
  }

  /** {source, number} in the frame that `video` shows, or null. @param {HTMLVideoElement} video */
  function codeOf(video) {
    const scale = video.videoWidth / WIDTH;
    if (!scale) return null;
    pen.drawImage(video, LEFT * scale, TOP * scale, COLUMNS * BLOCK * scale, ROWS * BLOCK * scale, 0, 0, canvas.width, canvas.height);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    const level = (/** @type {number} */ column, /** @type {number} */ row) => {
      let sum = 0;
      for (const y of [1, 2]) for (const x of [1, 2]) sum += data[4 * ((row * CELL + y) * canvas.width + column * CELL + x) + 1] ?? 0;
      return sum / 4;
    };
    let word = 0;
    for (let row = 0; row < ROWS; row += 1) {
      const white = level(0, row), black = level(1, row);
      if (white - black < CONTRAST_MIN) return null;
      for (let column = 2; column < COLUMNS; column += 1) word = (word << 1) | (level(column, row) > (white + black) / 2 ? 1 : 0);
    }
    const source = word >>> 24, number = (word >>> 8) & 0xffff;
    return crc8([source, number >> 8, number & 0xff]) === (word & 0xff) ? { source, number } : null;
  }

  /** Every video of the page, shadow roots included. @param {Document | ShadowRoot} root @returns {HTMLVideoElement[]} */
  function videos(root = document) {
    /** @type {HTMLVideoElement[]} */
    const found = [];
    for (const element of root.querySelectorAll("*")) {
      if (element instanceof HTMLVideoElement) found.push(element);
      if (element.shadowRoot) found.push(...videos(element.shadowRoot));
    }
    return found;
  }

  /** @type {Shown[]} */
  const frames = [];
  let places = 0;
  const watched = new WeakSet();
  const waiting = new Set();
  let reading = false;

  function news() {
    for (const look of [...waiting]) look();
  }

  /** @param {HTMLVideoElement} video */
  function watch(video) {
    if (watched.has(video)) return;
    watched.add(video);
    const place = (places += 1);
    const seen = (/** @type {number} */ now, /** @type {VideoFrameCallbackMetadata} */ facts) => {
      video.requestVideoFrameCallback(seen);
      if (!reading) return;
      const code = codeOf(video);
      frames.push({
        video: place, code, at_ms: performance.timeOrigin + now, shown_ms: performance.timeOrigin + facts.expectedDisplayTime,
        width: facts.width, height: facts.height, rtp: facts.rtpTimestamp ?? null, remote: facts.receiveTime !== undefined,
      });
      if (frames.length > KEEP) frames.splice(0, KEEP / 2);
      news();
    };
    video.requestVideoFrameCallback(seen);
  }

  /**
   * Wait until `holds()` gives something true, looked at on each frame and 20 times a second.
   * @template T
   * @param {() => T} holds
   * @param {number} patience_ms
   * @returns {Promise<T>}
   */
  function until(holds, patience_ms) {
    return new Promise((done, fail) => {
      const began = performance.now();
      const look = () => {
        const found = holds();
        if (!found && performance.now() - began < patience_ms) return;
        waiting.delete(look);
        clearInterval(beat);
        found ? done(found) : fail(new Error(`waited ${patience_ms} ms in vain for ${holds}`));
      };
      const beat = setInterval(look, 50);
      waiting.add(look);
      look();
    });
  }

  /** @type {{source: number, at_ms: number}[]} */
  const beeps = [];
  /** @type {AudioContext | undefined} */
  let context;

  /** @param {Float32Array} samples @param {number} from @param {number} count @param {number} pitch @param {number} rate */
  function loudness(samples, from, count, pitch, rate) {
    const turn = 2 * Math.cos((2 * Math.PI * pitch) / rate);
    let last = 0, before = 0;
    for (let place = from; place < from + count; place += 1) [last, before] = [(samples[place] ?? 0) + turn * last - before, last];
    return (2 * Math.sqrt(Math.max(0, last * last + before * before - turn * last * before))) / count;
  }

  /** Left and right of each track. @type {[AnalyserNode, AnalyserNode][]} */
  const sides = [];
  const heard = new WeakSet();

  /** Listen to an audio track: each beep's onset (ms since the epoch) and source. @param {MediaStreamTrack} track */
  async function listen(track) {
    const ears = context ??= new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
    await ears.resume();
    const analyser = new AnalyserNode(ears, { fftSize: 4096 });
    const source = ears.createMediaStreamSource(new MediaStream([track]));
    source.connect(analyser);
    const splitter = new ChannelSplitterNode(ears, { numberOfOutputs: 2 });
    source.connect(splitter);
    const side = (/** @type {number} */ output) => {
      const one = new AnalyserNode(ears, { fftSize: 2048 });
      splitter.connect(one, output);
      return one;
    };
    sides.push([side(0), side(1)]);
    const samples = new Float32Array(analyser.fftSize), hop = 240;
    const quiet_until = PITCHES_HZ.map(() => 0);
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const end_ms = performance.timeOrigin + performance.now();
      PITCHES_HZ.forEach((pitch, source) => {
        for (let from = 0; from + hop <= samples.length; from += hop) {
          if (loudness(samples, from, hop, pitch, ears.sampleRate) < 0.15) continue;
          const at_ms = end_ms - ((samples.length - from) / ears.sampleRate) * 1000;
          if (at_ms > (quiet_until[source] ?? 0)) beeps.push({ source, at_ms });
          quiet_until[source] = Math.max(quiet_until[source] ?? 0, at_ms + 500);
          break;
        }
      });
    }, 30);
  }

  /** @type {ReturnType<typeof setInterval> | undefined} */
  let beat;

  const reader = {
    frames, beeps, violations,
    connections: () => connections.filter((kept) => kept.connection.connectionState !== "closed"),
    descriptions: () => connections.reduce((sum, kept) => sum + kept.descriptions, 0),
    /** Read codes from every video, those that come later too. */
    start() {
      reading = true;
      for (const video of videos()) watch(video);
      beat ??= setInterval(() => videos().forEach(watch), 200);
    },
    stop() {
      reading = false;
    },
    /** {source: latest frame} of what was shown in the last `window_ms`, by remote videos when `remote`. */
    now(window_ms = 700) {
      const from_ms = performance.timeOrigin + performance.now() - window_ms;
      return [...new Set(frames.flatMap(({ at_ms, code }) => at_ms > from_ms && code ? [code.source] : []))].sort();
    },
    /** Until exactly these sources are shown; resolves with the time (ms since the epoch) of the frame that completed it. */
    shows: (/** @type {number[]} */ sources, window_ms = 700, patience_ms = PATIENCE_MS) => until(
      () => JSON.stringify(reader.now(window_ms)) === JSON.stringify(sources) && performance.timeOrigin + performance.now(), patience_ms),
    /** Until a frame of `source` is shown that was presented after `from_ms`; its time. */
    sees: (/** @type {number} */ source, from_ms = 0, patience_ms = PATIENCE_MS) => until(
      () => frames.find((frame) => frame.at_ms > from_ms && frame.code?.source === source)?.at_ms, patience_ms),
    /** Until `count` frames of `source` were shown after `from_ms`. */
    sees_many: (/** @type {number} */ source, /** @type {number} */ count, /** @type {number} */ from_ms, patience_ms = PATIENCE_MS) => until(
      () => frames.filter((frame) => frame.at_ms > from_ms && frame.code?.source === source).length >= count, patience_ms),
    /** Until a frame without a code (a slate) is shown after `from_ms`; its time. */
    slate: (from_ms = 0, patience_ms = PATIENCE_MS) => until(
      () => frames.find((frame) => frame.at_ms > from_ms && !frame.code)?.at_ms, patience_ms),
    /** Until `count` beeps of `source` were heard after `from_ms`; the beeps. */
    hears: (/** @type {number} */ source, /** @type {number} */ count, from_ms = 0, patience_ms = PATIENCE_MS) => until(
      () => {
        const heard = beeps.filter((beep) => beep.source === source && beep.at_ms > from_ms);
        return heard.length >= count && heard;
      }, patience_ms),
    /** Listen to all sound that this page's connections receive. */
    async listen() {
      const fresh = () => connections.filter((kept) => kept.connection.connectionState === "connected")
        .flatMap((kept) => kept.connection.getReceivers()).map((receiver) => receiver.track)
        .filter((track) => track.kind === "audio" && track.readyState === "live" && !heard.has(track));
      await until(() => context || fresh().length, PATIENCE_MS);
      for (const track of fresh()) {
        heard.add(track);
        await listen(track);
      }
      return context?.state;
    },
    /** How different left and right are now, 0 (the same, or silent) to 1 and more, for each track that is listened to. */
    width: () => sides.map(([left, right]) => {
      const samples = (/** @type {AnalyserNode} */ side) => {
        const found = new Float32Array(side.fftSize);
        side.getFloatTimeDomainData(found);
        return found;
      };
      const one = samples(left), other = samples(right);
      const power = one.reduce((sum, sample) => sum + sample * sample, 0);
      const apart = one.reduce((sum, sample, place) => sum + (sample - (other[place] ?? 0)) ** 2, 0);
      return power > 0.01 ? Math.sqrt(apart / power) : 0;
    }),
    /** inbound-rtp statistics that carry media, one per stream. */
    async inbound() {
      const all = await Promise.all(reader.connections().map((kept) => kept.connection.getStats()));
      return all.flatMap((stats) => [...stats.values()].filter((row) => row.type === "inbound-rtp").map((row) => ({
        ...row, codec: stats.get(row.codecId) ?? null,
      })));
    },
    unloop() {},
    /** Page to page without a relay: the track goes through two peer connections of this page into a video that is read too. @param {MediaStreamTrack} track */
    async loop(track) {
      const [here, there] = [new Native(), new Native()];
      here.onicecandidate = ({ candidate }) => there.addIceCandidate(candidate ?? undefined);
      there.onicecandidate = ({ candidate }) => here.addIceCandidate(candidate ?? undefined);
      const video = document.createElement("video");
      video.muted = true;
      there.ontrack = ({ track: received }) => {
        video.srcObject = new MediaStream([received]);
        video.play();
      };
      const sender = here.addTransceiver(track, { direction: "sendonly" }).sender;
      await here.setLocalDescription();
      await there.setRemoteDescription(/** @type {RTCSessionDescription} */ (here.localDescription));
      await there.setLocalDescription();
      await here.setRemoteDescription(/** @type {RTCSessionDescription} */ (there.localDescription));
      watch(video);
      document.body.append(video);
      reader.unloop = () => {
        here.close();
        there.close();
        video.remove();
      };
      return sender.track?.kind;
    },
    /** The page's cameras give no more than so many frames a second. @param {number} frames_per_s */
    pace: (frames_per_s) => Promise.all(captured
      .filter((one) => one.kind === "video" && one.readyState === "live")
      .map((one) => one.applyConstraints({ ...one.getConstraints(), frameRate: { max: frames_per_s } }))),
    /** The device of a live `kind` track is pulled: the browser ends the track and says so. @param {"video" | "audio"} kind */
    pull(kind) {
      const track = captured.findLast((one) => one.kind === kind && one.readyState === "live");
      track?.stop();
      track?.dispatchEvent(new Event("ended"));
      return track?.label;
    },
    /** Skew of each beep of `source` after `from_ms` against its second of the picture, ms; positive: sound is late.
     * The second began when its first frame was shown, reckoned from the earliest of its frames that was. */
    skews: (/** @type {number} */ source, /** @type {number} */ frames_per_s, /** @type {number} */ from_ms) => beeps
      .filter((beep) => beep.source === source && beep.at_ms > from_ms)
      .flatMap((beep) => frames
        .flatMap((one) => one.code?.source === source ? [{ late: one.code.number % frames_per_s, shown_ms: one.shown_ms }] : [])
        .map(({ late, shown_ms }) => ({ late, at_ms: shown_ms - (late * 1000) / frames_per_s }))
        .filter(({ at_ms }) => Math.abs(beep.at_ms - at_ms) < 500)
        .sort((one, other) => one.late - other.late)
        .slice(0, 1)
        .map(({ at_ms }) => beep.at_ms - at_ms)),
    codeOf, videos, until,
  };
  Object.assign(globalThis, { reader });
})();
