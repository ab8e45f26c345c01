"""The relay bench: what it makes of figures, and that it runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from media.plane import Address
from scripts.benches import registry
from scripts.benches.app import parse
from scripts.load.cast import PICTURE, SOUND, Cast, Line
from scripts.load.trial import TURNS, Impossible, Latency, Load, Slice
from scripts.load.verdict import Found, HalfLoad, Hall, Joins, Memory, Paced, Run, Stalls, bound_ms, broken, paced

HOUSE = Path(__file__).resolve().parents[2]
FRAMES = Latency(0.5, 2.0, 3.0, 1000)
HALF = HalfLoad(2.4, 0.5, 0, FRAMES, 2.5, FRAMES, None, 5.0, (2.0, 2.0), 0.0)
GOOD = Run("native", 1, 50, 1.8, 1.5, 400_000.0, 500_000.0, 1.2, 0.8, {}, {}, 0, 0, HALF)
CALM = Stalls(FRAMES, FRAMES, FRAMES, 1.0, 1.0, 0)
HARMED = Stalls(FRAMES, FRAMES, FRAMES, 9.0, 8.0, 0)
OPEN = Paced(200, 0, 2.0, 0.2, 0, FRAMES, FRAMES, 9.0, FRAMES, 20.0)
LIMITED = Paced(200, 5_000_000, 3.0, 0.31, 0, FRAMES, FRAMES, 4.0, FRAMES, 68.2)
JOINED = Joins(199.0, 150.0, 1.3, 1000, 1000, {}, {}, 0)
WHOLE = Found(
    [GOOD],
    GOOD,
    Hall(200, 5, 0.2, 0, 200),
    [OPEN, LIMITED],
    {"native": CALM, "python": HARMED},
    Memory(9, 9, 9, 9),
    JOINED,
)


def found(**other: object) -> str:
    return "; ".join(broken(msgspec.structs.replace(WHOLE, **other)))


def test_kept_promises_and_parts_left_out_are_not_spoken_of() -> None:
    assert found() == ""
    assert list(broken(Found())) == []


def test_a_run_is_printed_under_the_names_that_were_promised() -> None:
    printed = msgspec.to_builtins(GOOD)
    named = {"plane", "publishers", "viewers", "cpu_us_per_packet", "limit_us_per_packet", "packets_per_s"}
    assert named | {"limit_packets_per_s", "half_load"} <= printed.keys()
    assert {"cpu_us_per_packet", "lost", "added_ms", "bound_ms"} <= printed["half_load"].keys()
    assert {"p50", "p99"} <= printed["half_load"]["added_ms"].keys()


def test_a_part_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SystemExit):
        parse(["relay", "--parts", "runs,joy"], registry())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ratio": 1.51}, "1.51 of the limit at saturation"),
        ({"packets_ratio": 0.64}, "0.64 of the limit's packets"),
        ({"half_load": msgspec.structs.replace(HALF, cpu_us_per_packet=3.1)}, "2.067 of the limit at half load"),
        ({"half_load": msgspec.structs.replace(HALF, lost=1)}, "1 packets lost"),
        ({"half_load": msgspec.structs.replace(HALF, added_ms=Latency(1, 2.6, 3, 9))}, "frames wait 2.6 ms"),
    ],
)
def test_each_broken_promise_of_a_run_is_named(change: dict[str, object], words: str) -> None:
    assert words in found(runs=[msgspec.structs.replace(GOOD, **change)])


def test_so_are_those_beside_the_runs() -> None:
    assert "the meeting costs 2.6" in found(meeting=msgspec.structs.replace(GOOD, ratio=2.6))
    assert "31% of a core" in found(hall=Hall(200, 5, 0.31, 0, 0))
    assert "201 packets to 200 viewers were lost while it opened" in found(hall=Hall(200, 5, 0.2, 0, 201))
    assert "takes 40000 bytes" in found(memory=Memory(1000, 40_000, 9, 1))
    assert "1 of 1000 joins failed" in found(joins=msgspec.structs.replace(JOINED, succeeded=999))
    assert "0.4 of bare handshakes" in found(joins=msgspec.structs.replace(JOINED, ratio=0.4))
    assert "lost 3 packets to joins" in found(joins=msgspec.structs.replace(JOINED, stream_lost=3))


@pytest.mark.parametrize(
    ("good", "change", "words"),
    [
        (OPEN, {"cpu_share": 0.31}, "lines without a limit: 200 viewers of 720p take 31% of a core"),
        (LIMITED, {"lost": 7}, "lines of 5000000 bit/s: 7 packets lost"),
        (LIMITED, {"sound_bound_ms": 1.9}, "sound waits 2.0 ms (p99), not 1.9"),
        (LIMITED, {"keyframes_bound_ms": 1.9}, "keyframes wait 2.0 ms (p99), not 1.9"),
    ],
)
def test_so_are_those_to_viewers_who_tell_of_their_lines(good: Paced, change: dict[str, object], words: str) -> None:
    assert words in found(paced=[msgspec.structs.replace(good, **change)])


def test_a_keyframe_may_wait_as_long_as_the_line_takes_for_it_and_sound_only_for_a_frame() -> None:
    came = Slice(9, 9, 1000, 0, 10**9, 2_000_000, 0, (FRAMES, FRAMES, FRAMES), (), ())
    limited = paced(Cast(1, 50, (PICTURE, SOUND), Line(1_184_000)), came)
    assert (limited.sound_bound_ms, limited.keyframes_bound_ms) == (1.85, 288.0)
    unlimited = paced(Cast(1, 50, (PICTURE, SOUND), Line()), came)
    assert unlimited.sound_bound_ms == unlimited.keyframes_bound_ms == bound_ms(36, 50, 2.0)


def test_a_control_that_feels_nothing_voids_the_measurement() -> None:
    assert "is void" in found(stalls={"native": CALM, "python": CALM})
    assert "a held GIL makes p99 9.0 times" in found(stalls={"native": HARMED, "python": HARMED})


def test_the_bound_is_a_burst_to_everybody_half_as_much_again_and_half_a_millisecond() -> None:
    assert bound_ms(9, 50, 2.0) == 1.85


def test_every_seat_of_a_cast_has_ssrcs_keys_and_an_address_of_its_own() -> None:
    cast = Cast(2, 300, (PICTURE, SOUND))
    spec = cast.spec(cast.seats(), Address(("127.0.0.1", 1)), 1, (1, 0))
    assert len({ssrc for viewer in spec["viewers"] for ssrc in viewer["ssrcs"]}) == 300 * cast.slots
    assert len({viewer["address"] for viewer in spec["viewers"]}) == 300
    assert len({viewer["keys"]["send"] for viewer in spec["viewers"]}) == 300


def test_viewers_who_tell_of_their_lines_have_numbers_and_repairs() -> None:
    cast = Cast(1, 300, (PICTURE, SOUND), Line(5_000_000))
    spec = cast.spec(cast.seats(), Address(("127.0.0.1", 1)), 1, (1, 0))
    assert (spec["numbers_id"], spec["limit_bps"]) == (2, 5_000_000)
    ssrcs = [ssrc for viewer in spec["viewers"] for ssrc in (*viewer["ssrcs"], *viewer["rtx_ssrcs"])]
    assert len(set(ssrcs)) == len(ssrcs) == 300 * 3


class Answering:
    """A load's program that answers every order with the next of some slices."""

    def __init__(self, *received: int) -> None:
        self._received = iter(received)

    async def ask(self, order: object) -> bytes:
        came = next(self._received)
        return msgspec.json.encode(Slice(5, 10, came, 0, 9, 9, 0, (None, None, None), (), ()))


async def test_a_slice_in_which_nothing_came_is_taken_again_and_its_loss_is_counted() -> None:
    load = Load(Answering(0, 0, 10))
    assert (await load.pace(100, 1.0)).lost == 20


class Beginning:
    """A load's program in which of 40 packets to 4 viewers 37 came while they joined."""

    async def ask(self, order: object) -> bytes:
        return b'{"watching": 4, "due": 40, "received": 37}'


async def test_what_is_lost_while_viewers_join_is_counted_and_who_does_not_is_named() -> None:
    assert await Load(Beginning()).begin(4) == 3
    with pytest.raises(Impossible, match="only 4 of 5 viewers receive anything"):
        await Load(Beginning()).begin(5)


async def test_a_plane_through_which_nothing_comes_ends_the_bench_in_words() -> None:
    load = Load(Answering(*[0] * TURNS))
    with pytest.raises(Impossible, match="nothing came through the plane in 20 slices of 100 ms"):
        await load.pace(100, 1.0)


@pytest.mark.process
@pytest.mark.skipif(shutil.which("cargo") is None, reason="the load is written in Rust, and there is no cargo here")
def test_the_bench_runs_on_the_python_plane_beside_the_limit() -> None:
    command = [sys.executable, "scripts/bench", "relay", "--plane", "python", "--viewers", "3", "--quick"]
    command += ["--parts", "runs", "--json"]
    ended = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    printed = json.loads(ended.stdout)
    (measured,) = printed["runs"]
    assert measured["cpu_us_per_packet"] > 0
    assert measured["limit_us_per_packet"] > 0
    assert measured["half_load"]["added_ms"]["samples"] > 0
