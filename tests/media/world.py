"""A plane without a network: a clock that is moved by hand, peers that seal and open for themselves."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Protocol

from media.model import AudienceName, Codec, IceCredentials, Kind, PublicationId, Purpose, SessionId, SlotId, SourceName
from media.plane import (
    Extensions,
    InboundTrack,
    OutboundSlot,
    PayloadType,
    PlaneEvent,
    PlaneSession,
    SrtpKeys,
    SrtpProfile,
)
from media.plane_python import TICK_S, PythonPlane
from media.rtcp import Item, read_compound
from media.rtcp_write import ntp_of
from media.rtp import Header, extension_block, is_rtcp, read_header, without_padding
from media.srtp import SrtcpSender, SrtpReceiver, seal_for
from media.stun import request

Path = tuple[int, tuple[str, int]]
EPOCH_MS = 1_700_000_000_000.0
VP8 = PayloadType(96, Codec.VP8, 90000, nack=True, pli=True, transport_cc=True)
VP8_RTX = PayloadType(97, Codec.VP8, 90000, apt=96)
H264 = PayloadType(102, Codec.H264, 90000, fmtp="packetization-mode=1;profile-level-id=42e01f", nack=True, pli=True)
OPUS = PayloadType(111, Codec.OPUS, 48000)
RED = PayloadType(63, Codec.RED, 48000)
IDS = Extensions(mid=1, rid=2, repaired_rid=3, transport_cc=4, audio_level=5)
VIDEO_IN = InboundTrack("0", Kind.VIDEO, (VP8, VP8_RTX), IDS, ssrcs={0x1000: ""}, repairs={0x1001: 0x1000})
AUDIO_IN = InboundTrack("1", Kind.AUDIO, (OPUS,), IDS, ssrcs={0x2000: ""})
STAGE = AudienceName("house.stage:attendee")
CHANGZHOU = SourceName("house:changzhou/camera-1")
MINDEN = SourceName("house:minden/camera-1")
SLATE = SourceName("house:slate/changzhou")
PROFILES = {SrtpProfile.AEAD_AES_128_GCM: 28, SrtpProfile.AES128_CM_SHA1_80: 30}


def slot(name: str, payloads: tuple[PayloadType, ...] | None = None, *, rtx: bool = True) -> OutboundSlot:
    """An outbound slot with SSRCs made of its name."""
    video = name.startswith("v")
    number = int(name[1:])
    ssrc = (0x50000 if video else 0x60000) + 2 * number
    chosen = payloads or ((VP8, VP8_RTX) if video else (OPUS,))
    kind = Kind.VIDEO if video else Kind.AUDIO
    return OutboundSlot(SlotId(name), str(number), kind, chosen, Extensions(mid=1), ssrc, ssrc + 1 if rtx else None)


def key(profile: SrtpProfile, seed: int) -> bytes:
    return bytes((seed * 7 + i) & 0xFF for i in range(PROFILES[profile]))


class Setting(Protocol):
    """What peers need around them; World is one without a network."""

    plane: Any
    peers: dict[Path, Client]

    @property
    def now_s(self) -> float: ...
    def deliver(self, datagram: bytes, path: Path) -> None: ...


class World:
    """One plane, its clock, everything it sent and said."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.events: list[PlaneEvent] = []
        self.sent: list[tuple[bytes, Path]] = []
        self.transmit: Callable[[bytes, Path], bool] = self._deliver
        self.plane = PythonPlane(
            lambda: self.now_s, self.media_ms, lambda datagram, path: self.transmit(datagram, path)
        )
        self.plane._on_event = self.events.append
        self.peers: dict[Path, Client] = {}

    def media_ms(self) -> float:
        return EPOCH_MS + self.now_s * 1000

    def _deliver(self, datagram: bytes, path: Path) -> bool:
        self.sent.append((datagram, path))
        if path in self.peers:
            self.peers[path].take(datagram)
        return True

    def deliver(self, datagram: bytes, path: Path) -> None:
        """A datagram from a peer to the plane."""
        self.plane.receive(datagram, path)

    def pass_time(self, seconds: float) -> None:
        """Move the clock; the plane ticks as often as it would."""
        until_s = self.now_s + seconds
        while self.now_s < until_s - 1e-9:
            self.now_s = min(self.now_s + TICK_S, until_s)
            self.plane.tick()

    def publisher(
        self, source: SourceName = CHANGZHOU, tracks: tuple[InboundTrack, ...] = (VIDEO_IN, AUDIO_IN)
    ) -> Client:
        """A connected publishing session."""
        return Client(self, Purpose.PUBLISH, source=source, inbound=tracks).connect()

    def viewer(self, *slots: OutboundSlot, audience: AudienceName = STAGE) -> Client:
        """A connected playing session."""
        return Client(self, Purpose.PLAY, audience=audience, outbound=slots or (slot("v0"), slot("a0"))).connect()


class Client:
    """A peer: what it sent and what it could open of what it got."""

    def __init__(
        self,
        world: Setting,
        purpose: Purpose,
        source: SourceName | None = None,
        audience: AudienceName | None = None,
        inbound: tuple[InboundTrack, ...] = (),
        outbound: tuple[OutboundSlot, ...] = (),
        profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM,
    ) -> None:
        self.world = world
        number = len(world.peers) + 1
        self.path: Path = (0, ("192.0.2.1", 40000 + number))
        self.id = SessionId(f"{number:032x}")
        self.profile = profile
        self.local = IceCredentials(f"relay{number}", f"relay-password-of-{number:06}")
        self.remote = IceCredentials(f"peer{number}", f"peer-password-of-{number:07}")
        publication = PublicationId(f"{number:032x}") if source else None
        self.spec = PlaneSession(
            self.id, purpose, self.local, self.remote, "node", source, publication, audience, inbound, outbound
        )
        self.rtp: list[tuple[Header, bytes]] = []
        self.rtcp: list[Item] = []
        self.compounds: list[bytes] = []
        self.other: list[bytes] = []
        self._checks = 0
        self._seal = seal_for(profile, key(profile, number))
        self._receiver = SrtpReceiver(seal_for(profile, key(profile, number + 100)))
        self._control = SrtcpSender(self._seal)
        self._keys = SrtpKeys(profile, key(profile, number), key(profile, number + 100))
        world.peers[self.path] = self
        world.plane.add(self.spec)

    def connect(self) -> Client:
        self.check()
        self.secure()
        return self

    def secure(self) -> None:
        self.world.plane.secure(self.id, self._keys)

    def check(
        self, *, use_candidate: bool = True, local: IceCredentials | None = None, path: Path | None = None
    ) -> bytes:
        """A check of a transaction of its own; returns the datagram."""
        own = local or self.local
        name, self._checks = f"{own.ufrag}:{self.remote.ufrag}", self._checks + 1
        datagram = request(b"check%07d" % self._checks, name, own.pwd, use_candidate)
        self.world.deliver(datagram, path or self.path)
        return datagram

    def take(self, datagram: bytes) -> None:
        if not 128 <= datagram[0] <= 191:
            self.other.append(datagram)
        elif is_rtcp(datagram):
            compound = self._receiver.open_control(datagram)
            self.compounds.append(compound)
            self.rtcp += read_compound(compound)
        else:
            header = read_header(datagram)
            assert header is not None
            _, payload = self._receiver.open(datagram, header.ssrc, header.seq, header.size)
            self.rtp.append((header, without_padding(payload) if header.padded else payload))

    def seal(self, ssrc: int, index: int, header: bytes, payload: bytes) -> bytes:
        return self._seal.seal(ssrc, index, header, payload)

    def send(  # the parts of one packet
        self,
        ssrc: int,
        index: int,
        timestamp: int,
        payload: bytes,
        *,
        marker: bool = False,
        payload_type: int = 96,
        extensions: dict[int, bytes] | None = None,
    ) -> bytes:
        """One RTP packet; returns the datagram."""
        header = write_header(marker, payload_type, index, timestamp, ssrc, extension_block(extensions or {}))
        datagram = self.seal(ssrc, index, header, payload)
        self.world.deliver(datagram, self.path)
        return datagram

    def send_control(self, compound: bytes) -> bytes:
        datagram = self._control.protect(compound)
        self.world.deliver(datagram, self.path)
        return datagram

    def camera(self, ssrc: int = 0x1000, **options: int) -> Camera:
        return Camera(self, ssrc, **options)

    def of(self, ssrc: int) -> list[tuple[Header, bytes]]:
        return [(header, payload) for header, payload in self.rtp if header.ssrc == ssrc]

    def items(self, kind: type) -> list[Item]:
        return [item for item in self.rtcp if isinstance(item, kind)]


class Camera:
    """A VP8 stream of frames of three packets each."""

    def __init__(self, client: Client, ssrc: int, index: int = 100, picture: int = 500, height: int = 720) -> None:
        self.client, self.ssrc, self.index, self.picture, self.height = client, ssrc, index, picture, height
        self.timestamp = 7_000_000
        self.stamps: dict[int, int] = {}
        self.first_s = client.world.now_s

    def frame(self, *, key: bool = False, lose: tuple[int, ...] = (), rid: str = "", mid: str = "0") -> list[int]:
        """Send a frame captured now; packets numbered in `lose` are made and not sent. Returns their indexes."""
        world = self.client.world
        timestamp = self.timestamp + round((world.now_s - self.first_s) * 90000)
        extensions = {1: mid.encode(), 2: rid.encode()} if rid else {}
        indexes = []
        for part in range(3):
            payload = vp8_payload(key=key, start=part == 0, picture=self.picture, height=self.height)
            indexes.append(self.index)
            self.stamps[self.index] = timestamp
            if part not in lose:
                self.client.send(
                    self.ssrc, self.index, timestamp & 0xFFFFFFFF, payload, marker=part == 2, extensions=extensions
                )
            self.index += 1
        self.picture += 1
        return indexes

    def stamp_of(self, index: int) -> int:
        """The timestamp of the frame that a packet belongs to, or of the first one's capture."""
        before = [known for known in self.stamps if known <= index]
        return self.stamps[max(before)] if before else self.timestamp

    def run(self, seconds: float, *, every_s: float = 0.04) -> None:
        """Frames, none of them key, while time passes."""
        world = self.client.world
        assert isinstance(world, World)
        for _ in range(round(seconds / every_s)):
            world.pass_time(every_s)
            self.frame()

    def sender_report(self, capture_ms: float, packets: int = 0) -> None:
        """A report that ties the timestamp of now to the publisher's wall clock `capture_ms`."""
        timestamp = self.timestamp + round((self.client.world.now_s - self.first_s) * 90000)
        body = struct.pack("!IQIII", self.ssrc, ntp_of(capture_ms), timestamp & 0xFFFFFFFF, packets, 0)
        self.client.send_control(struct.pack("!BBH", 0x80, 200, 6) + body)


def write_header(marker: bool, payload_type: int, seq: int, timestamp: int, ssrc: int, extension: bytes = b"") -> bytes:
    """A header without CSRCs; `extension` comes from `extension_block`."""
    first, second = 0x90 if extension else 0x80, marker << 7 | payload_type
    return struct.pack("!BBHII", first, second, seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + extension


def vp8_payload(*, key: bool, start: bool, picture: int, height: int = 720, tl0: int = 9) -> bytes:
    """A descriptor with 15-bit PictureID and TL0PICIDX, then a frame header or filler."""
    descriptor = bytes([0x90 if start else 0x80, 0xC0, 0x80 | picture >> 8 & 0x7F, picture & 0xFF, tl0])
    width = height * 16 // 9
    head = bytes([0 if key else 1, 0, 0]) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height)
    return descriptor + (head if start else b"") + bytes(200)


def told_bps(publisher: Client) -> list[int]:
    """What a publisher was told by REMB that its line carries, in order (draft-alvestrand-rmcat-remb-03)."""
    rates = []
    for compound in publisher.compounds:
        if (at := compound.find(b"REMB")) >= 0:
            rate = int.from_bytes(compound[at + 5 : at + 8])
            rates.append((rate & 0x3FFFF) << (rate >> 18))
    return rates


def seqs(packets: list[tuple[Header, bytes]]) -> list[int]:
    return [header.seq for header, _ in packets]


def steps(numbers: list[int]) -> Iterator[int]:
    for before, after in pairwise(numbers):
        yield (after - before) & 0xFFFF
