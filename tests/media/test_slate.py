"""Slates: drawn, encoded once, played for ever."""

import asyncio
import struct
from pathlib import Path

import av
import msgspec
import pytest

from media import slate, slate_render
from media.model import Codec, SlateSpec
from media.slate import SlatePlayer
from media.slate_render import Frame, encode, pictures
from tests.media.plane_fake import FakePlane

SPEC = SlateSpec("c:slate/hall", ("Changzhou", "常州"), ("Main venue",), (Codec.VP8, Codec.H264))


def test_the_loop_has_no_seam():
    frames = list(pictures(("Changzhou", "常州"), ("Main venue", "主会场")))
    assert len(frames) == slate_render.FRAMES_PER_S * slate_render.SECONDS
    small = [frame.resize((64, 36)).tobytes() for frame in frames]
    steps = [
        sum(abs(a - b) for a, b in zip(one, two, strict=True))
        for one, two in zip(small, [*small[1:], small[0]], strict=True)
    ]
    assert steps[-1] <= max(steps[:-1])


def test_long_and_empty_texts_fit():
    for place, shows in (((), ("",)), (["Donaudampfschifffahrtsgesellschaft " * 8] * 4, ["会" * 300] * 4)):
        assert next(pictures(place, shows)).size == (1280, 720)


def test_writings_give_way_before_they_are_too_small_to_read():
    place = ("Duesseldorf", "杜塞尔多夫", "Düsseldorf", "A writing that is rather long, and another one of its kind")
    lines, font = slate_render._fitted(place, "  ", slate_render.SERIF, slate_render.PLACE_PX)
    assert font.size >= slate_render.PLACE_PX[1]
    assert lines[0].startswith("Duesseldorf")
    assert len(lines) <= 2
    assert "kind" not in "".join(lines)


def test_where_no_face_draws_han_the_other_writings_stand_alone(monkeypatch):
    monkeypatch.setattr(slate_render, "_files", lambda _: ())
    latin, both = (next(pictures(place, ())).tobytes() for place in (("Changzhou",), ("Changzhou", "常州")))
    assert latin == both


def test_a_user_without_a_home_has_the_system_s_faces(monkeypatch):
    """As in a container that runs under a number nobody has a name for."""

    def unknown(user):
        raise KeyError(user)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert slate_render._files.__wrapped__(slate_render.SANS) == slate_render._files(slate_render.SANS)


def test_a_face_that_draws_han_is_taken_where_there_is_one():
    here = slate_render._files(slate_render.SERIF)
    if not any("CJK" in file for file in here):
        pytest.skip("this machine has no face for Han letters")
    lines, _ = slate_render._fitted(("Changzhou", "常州"), "  ", slate_render.SERIF, slate_render.PLACE_PX)
    assert lines == ["Changzhou  常州"]


def test_a_loop_is_decodable_and_has_a_keyframe_each_second():
    frames = encode(Codec.H264, pictures(("Frankfurt",), ("Branch venue",)))
    assert [index for index, frame in enumerate(frames) if frame.keyframe] == list(range(0, 80, 10))
    decoder = av.CodecContext.create("h264", "r")
    decoded = [picture for frame in frames for picture in decoder.decode(av.Packet(frame.data))]
    assert (decoded[0].width, decoded[0].height) == (1280, 720)


def keep(path: Path, *frames: Frame) -> None:
    path.write_bytes(msgspec.msgpack.encode(frames))


async def test_a_slate_is_published_per_codec_and_its_numbers_run_on(tmp_path, monkeypatch):
    async def rendered(path: Path, order: bytes) -> None:
        keep(path, Frame(True, b"k" * 3000), Frame(False, b"d"))

    monkeypatch.setattr(slate, "_render", rendered)
    monkeypatch.setattr(slate, "FRAMES_PER_S", 1000)
    plane = FakePlane()
    enough = asyncio.Event()
    plane.inject = lambda *packet: (plane.injected.append(packet), len(plane.injected) > 40 and enough.set())
    player = SlatePlayer(plane, tmp_path / "slates", lambda size: b"\x07" * size)
    player.want((SPEC,))
    await asyncio.wait_for(enough.wait(), 30)
    tracks = plane.published[SPEC.source]
    assert [track.payloads[0].codec for track in tracks] == [Codec.VP8, Codec.H264]
    headers = [struct.unpack("!BBHII", packet[:12]) for _, _, packet in plane.injected if packet[1] & 0x7F == 96]
    assert [header[2] for header in headers] == list(range(headers[0][2], headers[0][2] + len(headers)))
    player.want(())
    assert plane.published == {}
    await player.close()


async def test_what_was_rendered_once_is_found_again(tmp_path, monkeypatch):
    rendered = []

    async def render(path: Path, order: bytes) -> None:
        rendered.append(order)
        keep(path, Frame(True, b"k"))

    monkeypatch.setattr(slate, "_render", render)
    for _ in range(2):
        player = SlatePlayer(FakePlane(), tmp_path / "slates", lambda size: b"\x07" * size)
        player.want((SPEC,))
        await asyncio.gather(*player._rendering.values())
        await player.close()
    assert len(rendered) == len(SPEC.codecs)


async def test_a_machine_that_can_not_render_goes_on_without(tmp_path, monkeypatch):
    async def render(path: Path, order: bytes) -> None:
        raise OSError("no encoder")

    monkeypatch.setattr(slate, "_render", render)
    plane = FakePlane()
    player = SlatePlayer(plane, tmp_path / "slates", lambda size: b"\x07" * size)
    player.want((SPEC,))
    await asyncio.gather(*player._rendering.values())
    assert plane.published == {}
    await player.close()


async def test_a_bug_that_ends_a_slate_is_told(tmp_path, monkeypatch, capsys):
    async def render(path: Path, order: bytes) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(slate, "_render", render)
    player = SlatePlayer(FakePlane(), tmp_path / "slates", lambda size: b"\x07" * size)
    player.want((SPEC,))
    await asyncio.gather(*player._rendering.values(), return_exceptions=True)
    await player.close()
    assert "of all things" in capsys.readouterr().out
