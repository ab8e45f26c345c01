// @ts-check
// Put into the bench's page before its own scripts: notes when each video last showed a decoded frame of a film
// (two reference blocks, white and black: scripts/rehearsal/framecode.py; a slate has none), and keeps its connections.
(() => {
  const LEFT = 128, TOP = 64, BLOCK = 64, WIDTH = 1280, CONTRAST_MIN = 60;
  /** @type {RTCPeerConnection[]} */
  const connections = [];
  const Native = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    /** @param {any[]} given */
    constructor(...given) {
      super(...given);
      connections.push(this);
    }
  };
  const canvas = document.createElement("canvas");
  canvas.width = 8;
  canvas.height = 4;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));

  /** @param {HTMLVideoElement} video */
  function isFilm(video) {
    const scale = video.videoWidth / WIDTH;
    if (!scale) return false;
    pen.drawImage(video, LEFT * scale, TOP * scale, 2 * BLOCK * scale, BLOCK * scale, 0, 0, 8, 4);
    const { data } = pen.getImageData(0, 0, 8, 4);
    return data[4 * (8 + 1) + 1] - data[4 * (8 + 6) + 1] >= CONTRAST_MIN;
  }

  /** Frames of film per video: Unix ms, and the stream that showed it. @type {Map<HTMLVideoElement, {at: number, stream: any}[]>} */
  const shown = new Map();
  /** Streams that played at the last `mark`. @type {Set<any>} */
  let old = new Set();

  /** @param {HTMLVideoElement} video */
  function watch(video) {
    /** @type {{at: number, stream: any}[]} */
    const frames = [];
    shown.set(video, frames);
    const seen = (/** @type {number} */ now) => {
      video.requestVideoFrameCallback(seen);
      if (isFilm(video)) frames.push({ at: performance.timeOrigin + now, stream: video.srcObject });
      if (frames.length > 2000) frames.splice(0, 1000);
    };
    video.requestVideoFrameCallback(seen);
  }

  /** @param {Document | ShadowRoot} root @returns {HTMLVideoElement[]} */
  function videos(root) {
    return [...root.querySelectorAll("*")].flatMap((one) =>
      one instanceof HTMLVideoElement ? [one] : one.shadowRoot ? videos(one.shadowRoot) : []);
  }

  Object.assign(globalThis, { eyes: {
    /** From now on only streams that come later count: what is still in the jitter buffers is no return. */
    mark() {
      old = new Set([...shown.keys()].map((video) => video.srcObject));
    },
    /** Resolves once `count` videos have shown a frame of film after `from_ms`: the time of each first one. @param {number} count @param {number} from_ms */
    films: (count, from_ms) => new Promise((done) => {
      const beat = setInterval(() => {
        for (const video of videos(document)) if (!shown.has(video)) watch(video);
        const first = [...shown.values()]
          .map((frames) => frames.find(({ at, stream }) => at > from_ms && !old.has(stream))?.at)
          .filter((at) => at !== undefined);
        if (first.length < count) return;
        clearInterval(beat);
        done(first.sort((a, b) => a - b));
      }, 20);
    }),
    /** Packets that this page's receivers miss, by their own count. */
    async lost() {
      const all = await Promise.all(connections.filter((pc) => pc.connectionState !== "closed").map((pc) => pc.getStats()));
      return all.flatMap((stats) => [...stats.values()]).filter((row) => row.type === "inbound-rtp")
        .reduce((sum, row) => sum + (row.packetsLost ?? 0), 0);
    },
  } });
})();
