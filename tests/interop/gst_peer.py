"""GStreamer's webrtcbin as a WHIP publisher or a WHEP player; runs under the system's Python.

    /usr/bin/python3 gst_peer.py publish|play URL TOKEN [SOURCE-NUMBER]

Prints one JSON object a line: {"connected": true}, then for each decoded frame
{"source", "number"} (null without a code) and for each decoded sound {"sound": samples}.
Ends with a DELETE on SIGTERM.
"""

import json
import signal
import sys
import threading
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.rehearsal.framecode import read_plane  # noqa: E402
from scripts.rehearsal.picture import Picture  # noqa: E402

FRAMES_PER_S = 15
PUBLISH = """
webrtcbin name=peer bundle-policy=max-bundle
appsrc name=film is-live=true do-timestamp=true format=time
  caps=video/x-raw,format=I420,width=1280,height=720,framerate=15/1
  ! queue ! vp8enc deadline=1 cpu-used=8 target-bitrate=1500000 keyframe-max-dist=15 error-resilient=partitions
  ! rtpvp8pay picture-id-mode=15-bit ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.
audiotestsrc is-live=true freq=1000 ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2
  ! opusenc bitrate=128000 ! rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! peer.
"""
PLAY = "webrtcbin name=peer bundle-policy=max-bundle"
SINKS = {
    "video": "rtpvp8depay ! vp8dec ! videoconvert ! video/x-raw,format=I420 ! appsink name=sink",
    "audio": "rtpopusdepay ! opusdec ! audio/x-raw,format=S16LE ! appsink name=sink",
}
RECEIVED = (
    "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000",
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000",
)


ONE_AT_A_TIME = threading.Lock()


def say(**fact: object) -> None:
    """One line; pictures and sounds come from threads of their own."""
    with ONE_AT_A_TIME:
        print(json.dumps(fact), flush=True)


class Peer:
    """One webrtcbin, one session."""

    def __init__(self, verb: str, url: str, token: str, number: int) -> None:
        self.url, self.headers, self.resource = url, {"Authorization": f"Bearer {token}"}, ""
        self.pipeline = Gst.Pipeline()
        self.pipeline.add(Gst.parse_bin_from_description(PUBLISH if verb == "publish" else PLAY, False))
        self.peer = self.pipeline.get_by_name("peer")
        self.peer.connect("notify::connection-state", self.connection_changed)
        if verb == "play":
            self.peer.connect("pad-added", self.pad_added)
            for caps in RECEIVED:
                direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
                self.peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
        else:
            self.picture, self.count = Picture(number, FRAMES_PER_S), 0
            GLib.timeout_add(1000 // FRAMES_PER_S, self.show)  # webrtcbin offers once it knows the caps
        self.peer.connect("on-negotiation-needed", self.negotiate)
        self.pipeline.set_state(Gst.State.PLAYING)

    def negotiate(self, _: object) -> None:
        self.peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered, None))

    def offered(self, promise: object, _: object) -> None:
        reply = promise.get_reply()  # owns the offer: it must outlive it
        offer = reply.get_value("offer")
        text = offer.sdp.as_text()
        self.peer.emit("set-local-description", offer, Gst.Promise.new())
        headers = {**self.headers, "Content-Type": "application/sdp"}
        request = urllib.request.Request(self.url, text.encode(), headers, method="POST")
        with urllib.request.urlopen(request) as answer:
            self.resource = urljoin(self.url, answer.headers["Location"])
            text = answer.read()
        _, sdp = GstSdp.SDPMessage.new_from_text(text.decode())
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.peer.emit("set-remote-description", description, Gst.Promise.new())

    def connection_changed(self, peer: object, _: object) -> None:
        if peer.get_property("connection-state") == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            say(connected=True)

    def show(self) -> bool:
        frame = Gst.Buffer.new_wrapped(self.picture.frame(self.count))
        self.pipeline.get_by_name("film").emit("push-buffer", frame)
        self.count += 1
        return True

    def pad_added(self, _: object, pad: object) -> None:
        if pad.direction != Gst.PadDirection.SRC:
            return
        kind = pad.get_current_caps().get_structure(0).get_string("media")
        chain = Gst.parse_bin_from_description(SINKS[kind], True)
        sink = chain.get_by_name("sink")
        sink.props.emit_signals, sink.props.sync = True, False
        sink.connect("new-sample", self.look if kind == "video" else self.listen)
        self.peer.get_parent().add(chain)
        chain.sync_state_with_parent()
        pad.link(chain.get_static_pad("sink"))

    def look(self, sink: object) -> object:
        sample = sink.emit("pull-sample")
        width = sample.get_caps().get_structure(0).get_value("width")
        ok, view = sample.get_buffer().map(Gst.MapFlags.READ)
        code = read_plane(memoryview(view.data), (width + 3) // 4 * 4, width) if ok else None
        sample.get_buffer().unmap(view)
        say(source=code and code.source, number=code and code.number)
        return Gst.FlowReturn.OK

    def listen(self, sink: object) -> object:
        say(sound=sink.emit("pull-sample").get_buffer().get_size() // 4)
        return Gst.FlowReturn.OK

    def leave(self) -> bool:
        if self.resource:
            urllib.request.urlopen(urllib.request.Request(self.resource, headers=self.headers, method="DELETE")).close()
        self.pipeline.set_state(Gst.State.NULL)
        LOOP.quit()
        return False


Gst.init(None)
LOOP = GLib.MainLoop()
peer = Peer(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 0)
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, peer.leave)
LOOP.run()
