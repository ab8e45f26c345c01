// @ts-check
// The control of `scripts/bench join`: two pages of one browser, joined without anything between them. Put into both;
// one calls `direct.publish()`, the other has a button for `direct.watch()`.
(() => {
  const WIDTH = 1280, HEIGHT = 720, FRAMES_PER_S = 30;
  const channel = new BroadcastChannel("direct");
  /** @type {RTCPeerConnection | undefined} */
  let connection;

  /** A moving picture with the film's reference blocks, which eyes.js looks for. */
  function film() {
    const canvas = document.createElement("canvas");
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    let frame = 0;
    setInterval(() => {
      pen.fillStyle = `hsl(${frame % 360} 60% 50%)`;
      pen.fillRect(0, 0, WIDTH, HEIGHT);
      pen.fillStyle = "#fff";
      pen.fillRect(128, 64, 64, 64);
      pen.fillRect((8 * frame) % WIDTH, 400, 120, 120);
      pen.fillStyle = "#000";
      pen.fillRect(192, 64, 64, 64);
      frame += 1;
    }, 1000 / FRAMES_PER_S);
    return canvas.captureStream(FRAMES_PER_S);
  }

  function connect() {
    connection?.close();
    const made = connection = new RTCPeerConnection();
    made.onicecandidate = ({ candidate }) => channel.postMessage({ candidate: candidate?.toJSON() });
    return made;
  }

  /** @param {RTCPeerConnection} pc */
  const tell = (pc) => channel.postMessage({ description: pc.localDescription?.toJSON() });

  Object.assign(globalThis, { direct: {
    publish() {
      const stream = film();
      channel.onmessage = async ({ data }) => {
        if (data.hello) {
          const pc = connect();
          for (const track of stream.getTracks()) pc.addTrack(track, stream);
          await pc.setLocalDescription();
          tell(pc);
        } else if (data.description) await connection?.setRemoteDescription(data.description);
        else await connection?.addIceCandidate(data.candidate);
      };
    },
    watch() {
      const pc = connect(), video = document.createElement("video");
      video.muted = video.autoplay = true;
      document.body.append(video);
      pc.ontrack = ({ streams: [stream] }) => { video.srcObject = stream ?? null; };
      channel.onmessage = async ({ data }) => {
        if (data.description) {
          await pc.setRemoteDescription(data.description);
          await pc.setLocalDescription();
          tell(pc);
        } else if (!data.hello) await pc.addIceCandidate(data.candidate);
      };
      channel.postMessage({ hello: true });
    },
  } });
})();
