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
from scripts.load.cast import PICTURE, SOUND, Cast
from scripts.load.trial import Latency
from scripts.load.verdict import HalfLoad, Hall, Memory, Run, Stalls, bound_ms, broken

HOUSE = Path(__file__).resolve().parents[2]
FRAMES = Latency(0.5, 2.0, 3.0, 1000)
HALF = HalfLoad(2.4, 0.5, 0, FRAMES, 2.5, FRAMES, None, 5.0)
GOOD = Run("native", 1, 50, 1.8, 1.5, 400_000.0, 500_000.0, 1.2, 0.8, {}, {}, 0, 0, HALF)
CALM = Stalls(FRAMES, FRAMES, FRAMES, 1.0, 1.0, 0)
HARMED = Stalls(FRAMES, FRAMES, FRAMES, 9.0, 8.0, 0)


def found(run: Run = GOOD, **other: object) -> str:
    whole = {"hall": Hall(200, 5, 0.2, 0), "stalls": {"native": CALM, "python": HARMED}, "memory": Memory(9, 9, 9)}
    return "; ".join(broken([run], **({"meeting": GOOD} | whole | other)))  # type: ignore[arg-type]


def test_kept_promises_are_not_spoken_of() -> None:
    assert found() == ""


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
    assert words in found(msgspec.structs.replace(GOOD, **change))


def test_so_are_those_beside_the_runs() -> None:
    assert "the meeting costs 2.6" in found(meeting=msgspec.structs.replace(GOOD, ratio=2.6))
    assert "31% of a core" in found(hall=Hall(200, 5, 0.31, 0))
    assert "takes 40000 bytes" in found(memory=Memory(1000, 40_000, 1))


def test_a_control_that_feels_nothing_voids_the_measurement() -> None:
    assert "is void" in found(stalls={"native": CALM, "python": CALM})
    assert "a held GIL makes p99 9.0 times" in found(stalls={"native": HARMED, "python": HARMED})


def test_the_bound_is_a_burst_to_everybody_half_as_much_again_and_half_a_millisecond() -> None:
    assert bound_ms(9, 50, 2.0) == 1.85


def test_every_seat_of_a_cast_has_ssrcs_keys_and_an_address_of_its_own() -> None:
    cast = Cast(2, 300, (PICTURE, SOUND))
    spec = cast.spec(cast.seats(), Address(("127.0.0.1", 1)), 1, (1, 0))
    ssrcs = [slot.ssrc for seat in cast.seats()[2:] for slot in seat.session.outbound]
    assert sorted(ssrcs) == list(range(spec["first_ssrc"], spec["first_ssrc"] + 300 * spec["slots"]))
    assert len({viewer["address"] for viewer in spec["viewers"]}) == 300
    assert len({viewer["keys"]["send"] for viewer in spec["viewers"]}) == 300


@pytest.mark.process
@pytest.mark.skipif(shutil.which("cargo") is None, reason="the load is written in Rust, and there is no cargo here")
def test_the_bench_runs_on_the_python_plane_and_loses_nothing() -> None:
    command = [sys.executable, "scripts/bench", "relay", "--plane", "python", "--viewers", "3", "--quick", "--json"]
    ended = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    (measured,) = json.loads(ended.stdout)["runs"]
    assert (measured["lost"], measured["limit_lost"], measured["half_load"]["lost"]) == (0, 0, 0)
    assert measured["cpu_us_per_packet"] > measured["limit_us_per_packet"] > 0
