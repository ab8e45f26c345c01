"""What the relay reads from peers: STUN, RTP, RTCP, SDP offers."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

from media import av1, h264, red, vp8, vp9
from media.answer import Endpoint
from media.codecs import PICTURE_SIZE, STARTS_KEYFRAME
from media.frames import NotFramed, framed, taken
from media.model import AudienceName, PublicationId, Purpose, Route, SessionId, SessionSpec, SlotId, SourceName
from media.negotiation import Refusal, negotiate
from media.offer import credentials
from media.rtcp import read_compound
from media.rtcp_write import description, estimate, nack, picture_loss, receiver_report, sender_report
from media.rtp import elements, extension_block, is_rtcp, read_header, without_padding
from media.stun import BINDING_REQUEST, _sealed, read_check, request
from scripts.fuzzing.target import Target
from tests.media.world import CHANGZHOU, STAGE, Client, World, vp8_payload, write_header

OFFERS = Path(__file__).parents[1] / "media" / "offers"
CAPTURED = Path(__file__).parent / "captured"
"""Of each kind a few packets that our relay had from Chromium, FFmpeg, GStreamer, libdatachannel, decrypted: pictures
of a film of ours, in sessions that are over."""
ENDPOINT = Endpoint(("192.0.2.7", "2001:db8::7"), 8443, "AA:" * 31 + "AA")
STRANGER = (0, ("2001:db8::66", 5000))
READERS = (*STARTS_KEYFRAME.values(), *PICTURE_SIZE.values(), red.primary, h264.starts_keyframe, av1.starts_keyframe)


def stun(given: bytes) -> None:
    """A stranger's datagram is not answered; a peer's own mad check is answered by no more than it sent."""
    world = World()
    peer = world.publisher()
    world.sent.clear()
    read_check(given)
    world.plane.receive(given, STRANGER)
    assert not world.sent, "a stranger was answered"
    check = _sealed(BINDING_REQUEST, b"transaction1", given[: len(given) // 4 * 4], peer.local.pwd)
    world.plane.receive(check, STRANGER)
    assert all(len(answer) <= len(check) for answer, path in world.sent if path == STRANGER)


def rtp(given: bytes) -> None:
    """What an authentic but mad publisher sends: the clear packet, sealed as its own."""
    for reader in READERS:
        reader(given)
    for shifted in (vp8.shifted, vp9.shifted):
        assert len(shifted(given, 77, 5)) == len(given)
    without_padding(given)
    header = read_header(given)
    if header is None or is_rtcp(given):
        return
    list(elements(header.profile, header.extension))
    world, publisher = _stage()
    sealed = publisher.seal(header.ssrc, header.seq, given[: header.size], given[header.size :])
    world.plane.receive(sealed, publisher.path)
    world.pass_time(0.1)
    publisher.camera(index=(header.seq + 5) & 0xFFFF).frame(key=True)
    world.plane.figures()


def rtcp(given: bytes) -> None:
    """What an authentic but mad peer reports, as a publisher and as a viewer."""
    list(read_compound(given))
    if len(given) < 8:
        return
    world, publisher = _stage()
    viewer = world.viewer()
    publisher.camera().frame(key=True)
    for peer in (publisher, viewer):
        peer.send_control(given)
    world.pass_time(0.1)
    world.plane.figures()


def sdp(given: bytes) -> None:
    """An offer to publish or to play (by its length, odd or even) or a restart: an answer or a Refusal."""
    text = given.decode("utf-8", "replace")
    purpose = (Purpose.PUBLISH, Purpose.PLAY)[len(given) % 2]
    spec = SessionSpec(
        SessionId("0" * 32), purpose, "", text, SourceName("c:hall/camera"), AudienceName("c.stage:attendee")
    )
    with contextlib.suppress(Refusal):
        negotiate(spec, PublicationId("1" * 32), ENDPOINT, _numbered)
    with contextlib.suppress(Refusal):
        credentials(text)


def _stage() -> tuple[World, Client]:
    world = World()
    world.plane.route(STAGE, (Route(SlotId("v0"), CHANGZHOU), Route(SlotId("a0"), CHANGZHOU)))
    return world, world.publisher()


_count = iter(range(1 << 62))


def _numbered(size: int) -> bytes:
    """Never twice the same, so that what waits for another number ends."""
    return (next(_count) % (1 << 8 * size)).to_bytes(size)


def frames(given: bytes) -> None:
    """A stream of frames means the same however it is cut."""
    for stranger in (True, False):
        assert _framed_in(given, len(given) or 1, stranger) == _framed_in(given, 7, stranger)


def _framed_in(given: bytes, size: int, stranger: bool) -> tuple[list[bytes], bytes] | None:
    """All datagrams of `given`, which comes `size` bytes at a time, and the rest; nothing if the connection ended."""
    all_of_it: list[bytes] = []
    rest = b""
    for at in range(0, len(given), size):
        try:
            datagrams, rest = taken(rest + given[at : at + size], stranger=stranger)
        except NotFramed:
            return None
        all_of_it += datagrams
    return all_of_it, rest


def captured(kind: str) -> Iterator[bytes]:
    """What real peers sent: `stun`, `rtp` or `rtcp`."""
    return (path.read_bytes() for path in sorted((CAPTURED / kind).iterdir()))


def _checks() -> Iterator[bytes]:
    yield from captured("stun")
    yield request(b"transaction1", "relay1:peer1", "a password", True)
    yield request(b"transaction1", "relay1:peer1", "relay-password-of-000002", False)
    yield request(b"transaction1", "relay1:peer1", "a password", False)[20:]


def _streams() -> Iterator[bytes]:
    yield b"".join(framed(check) for check in _checks())
    yield framed(bytes(20)) + framed(b"") + framed(bytes(2048))[:-1]
    yield framed(bytes(20)) + framed(bytes(2049))


def _packets() -> Iterator[bytes]:
    yield from captured("rtp")
    extension = extension_block({1: b"0", 2: b"hi", 4: b"\0\1", 5: b"\x7f"})
    video = write_header(True, 96, 101, 7_000_000, 0x1000, extension)
    yield video + vp8_payload(key=True, start=True, picture=500)
    yield video + vp8_payload(key=False, start=False, picture=501)
    yield (
        write_header(False, 97, 5, 7_000_000, 0x1001) + (101).to_bytes(2) + vp8_payload(key=True, start=True, picture=1)
    )
    yield write_header(False, 111, 5, 960, 0x2000, extension_block({1: b"1", 5: b"\x7f"})) + b"opus"
    yield write_header(False, 63, 5, 960, 0x2000) + b"\xef\x00\x10\x04\x6fabcdopus"


def _compounds() -> Iterator[bytes]:
    yield from captured("rtcp")
    yield receiver_report(1, [])
    yield sender_report(0x1000, 5 << 40, 7, 8, 9) + description(0x1000, "camera")
    yield nack(7, 0x50000, [1, 2, 19])
    yield picture_loss(7, 0x50000)
    yield estimate(7, 1_000_000, [0x1000])


def _offers() -> Iterator[bytes]:
    return (path.read_bytes() for path in sorted(OFFERS.glob("*.sdp")))


TARGETS = (
    Target("frames", frames, functools.partial(list, _streams()), size_max=8 * 1024),
    Target("stun", stun, functools.partial(list, _checks()), size_max=1500),
    Target("rtp", rtp, functools.partial(list, _packets()), size_max=1500),
    Target("rtcp", rtcp, functools.partial(list, _compounds()), size_max=1500),
    Target("sdp", sdp, functools.partial(list, _offers()), size_max=72 * 1024),
)
