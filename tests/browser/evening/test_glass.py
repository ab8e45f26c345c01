"""Two halls on the air from their pages: what an attendee and a wall really see and hear."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from statistics import median
from typing import Any

from scripts.rehearsal.halts import halts
from scripts.rehearsal.person import Person
from tests.browser.conftest import HALLS, side_by_side
from tests.browser.evening.on_air import FILM_S, FRAMES_PER_S, Evening
from tests.browser.pages import Watched

LOOP = FILM_S * FRAMES_PER_S
SOUND_BPS_MIN = 96_000


async def test_an_attendee_and_a_wall_see_both_halls(evening: Evening) -> None:
    await evening.attendee.read("shows", [0, 1])
    await evening.wall.read("shows", [0])


async def test_pictures_are_as_old_as_the_relay_makes_them(evening: Evening) -> None:
    """Glass to glass through the relay, beside page to page without it, of the same camera in the same run."""
    hall = evening.halls[0]
    await hall.read("start")
    await hall.page.evaluate("() => reader.loop(reader.videos().find((video) => video.srcObject)"
                             ".srcObject.getVideoTracks()[0].clone())")  # fmt: skip
    await evening.attendee.read("shows", [0, 1])
    start = await hall.page.evaluate("() => performance.timeOrigin + performance.now()")
    await evening.attendee.page.evaluate(
        "from => reader.until(() => reader.frames.filter((one) => one.at_ms > from && one.code).length > 120, 15000)",
        start,
    )
    here, there = await frames(hall, start), await frames(evening.attendee, start)
    await hall.page.evaluate("() => [reader.unloop(), reader.stop()]")
    own = [frame for frame in here if not frame["remote"]]
    control = ages(own, [frame for frame in here if frame["remote"] and frame["code"]["source"] == 0])
    relayed = ages(own, [frame for frame in there if frame["code"]["source"] == 0])
    print(
        f"glass to glass: relay {spread(relayed)}, page to page {spread(control)} (control), "
        f"ratio of medians {median(relayed) / median(control):.2f}"
    )
    for row in await evening.attendee.read("inbound"):
        if row.get("jitterBufferEmittedCount"):
            wait_ms = 1000 * row["jitterBufferDelay"] / row["jitterBufferEmittedCount"]
            print(
                f"of it in the browser's {row['kind']} buffer {row['mid']}: {wait_ms:.0f} ms, lost {row['packetsLost']}"
            )
    assert median(relayed) < median(control) + 300


async def frames(watched: Watched, from_ms: float) -> list[dict[str, Any]]:
    return await watched.page.evaluate(
        "from => reader.frames.filter((frame) => frame.at_ms > from && frame.code)", from_ms
    )


def ages(shown: list[dict[str, Any]], seen: list[dict[str, Any]]) -> list[float]:
    """ms from a frame number's showing beside the camera to its showing here; a number returns each FILM_S."""
    first: dict[int, list[float]] = {}
    for one in shown:
        first.setdefault(one["code"]["number"], []).append(one["at_ms"])
    result = []
    for frame in seen:
        gone = [frame["at_ms"] - at_ms for at_ms in first.get(frame["code"]["number"], ())]
        result += sorted(ms for ms in gone if 0 <= ms < 1000 * FILM_S / 2)[:1]
    assert len(result) > FRAMES_PER_S, "hardly a frame number was seen at both ends"
    return result


def spread(values: list[float]) -> str:
    ordered = sorted(values)
    return f"p50 {median(ordered):.0f} ms, p95 {ordered[int(len(ordered) * 0.95)]:.0f} ms (n {len(ordered)})"


async def test_hall_sound_comes_in_stereo_at_96_kbit_per_s_or_more(evening: Evening) -> None:
    await evening.attendee.read("listen")
    for number in range(len(HALLS)):
        await evening.attendee.read("hears", number, 2)
    first = await sounds(evening.attendee)
    await evening.attendee.read("hears", 0, 3, await now(evening.attendee))
    second = await sounds(evening.attendee)
    for ssrc, row in second.items():
        seconds = (row["timestamp"] - first[ssrc]["timestamp"]) / 1000
        bps = 8 * (row["bytesReceived"] - first[ssrc]["bytesReceived"]) / seconds
        print(f"sound {row['mid']}: {bps / 1000:.0f} kbit/s, {row['codec']['mimeType']}")
        assert bps >= SOUND_BPS_MIN
    assert await evening.attendee.page.evaluate(
        "() => reader.until(() => reader.width().some((one) => one > 0.3), 5000)"
    )


async def now(watched: Watched) -> float:
    return float(await watched.page.evaluate("() => performance.timeOrigin + performance.now()"))


async def sounds(watched: Watched) -> dict[int, dict[str, Any]]:
    """inbound-rtp of the sound streams that carry something."""
    rows = await watched.read("inbound")
    return {row["ssrc"]: row for row in rows if row["kind"] == "audio" and row["bytesReceived"] > 20_000}


async def test_a_wall_hears_the_other_hall_and_never_its_own(evening: Evening) -> None:
    await evening.wall.page.keyboard.press("Enter")
    await evening.wall.read("listen")
    await evening.wall.read("hears", 0, 3)
    assert await evening.wall.page.evaluate("() => reader.beeps.filter((beep) => beep.source === 1).length") == 0


async def test_a_take_changes_every_screen_without_renegotiation(evening: Evening, director: Person) -> None:
    """Each hall's wall shows the others: Frankfurt's leaves Changzhou only for who is in neither hall, here a slate."""
    await side_by_side(director)
    screens = (evening.attendee, evening.wall)
    await asyncio.gather(evening.attendee.read("shows", [0, 1]), evening.wall.read("shows", [0]))
    before = [await descriptions(screen) for screen in screens]
    wanted: list[tuple[str, list[str], tuple[list[int], list[int]]]] = [
        ("full", ["frankfurt/camera-1"], ([1], [0])),
        ("full", ["speaker/minden"], ([], [])),
        ("full", ["changzhou/camera-1"], ([0], [0])),
        ("side_by_side", ["changzhou/camera-1", "frankfurt/camera-1"], ([0, 1], [0])),
    ]
    for layout, sources, shown in wanted:
        from_ms = await now(evening.attendee)
        answer = await director.command({"type": "stage.take", "layout": layout, "sources": sources})
        assert "seq" in answer, answer
        times = await asyncio.gather(*(seen(*each, from_ms) for each in zip(screens, shown, strict=True)))
        print(f"take {layout} {sources}: {times[0] - from_ms:.0f} ms to the attendee's glass")
    assert [await descriptions(screen) for screen in screens] == before


async def descriptions(screen: Watched) -> list[int]:
    """How many connections a page has made, and how many descriptions it was given."""
    counted: list[int] = await screen.page.evaluate("() => [reader.connections().length, reader.descriptions()]")
    return counted


async def seen(screen: Watched, sources: list[int], from_ms: float) -> float:
    """When each of these halls, or a slate if none is meant, was first shown after `from_ms`; they alone stay."""
    if not sources:
        return float(await screen.read("slate", from_ms))
    times = [float(await screen.read("sees", number, from_ms)) for number in sources]
    await screen.read("shows", sources, 300)
    return max(times)


async def test_an_old_picture_stays_until_the_new_one(evening: Evening, director: Person) -> None:
    """No hole: over a take there is never a pause of a second, nor a frame without a code."""
    await director.command({"type": "stage.take", "layout": "full", "sources": ["changzhou/camera-1"]})
    await evening.attendee.read("shows", [0], 300)
    from_ms = await now(evening.attendee)
    with halts() as stood:
        await director.command({"type": "stage.take", "layout": "full", "sources": ["frankfurt/camera-1"]})
        await evening.attendee.read("sees_many", 1, 10, from_ms)
    since = "from => reader.frames.filter((one) => one.at_ms > from)"
    seen = await evening.attendee.page.evaluate(since, from_ms - 300)
    await side_by_side(director)
    pauses = [later["at_ms"] - earlier["at_ms"] for earlier, later in pairwise(seen)]
    print(f"the longest pause over a take: {max(pauses):.0f} ms")
    assert all(frame["code"] for frame in seen)
    assert max(pauses) < 1000 + stood.total_ms
    await asyncio.gather(evening.attendee.read("shows", [0, 1]), evening.wall.read("shows", [0]))
