"""What a rehearsal saw, and whether that is what was promised. Pure: figures in, words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

CODES_SHARE_MIN: Final = 0.95
"""Share of decoded frames that must carry a readable code while the halls publish."""
BEEPS_SHARE_MIN: Final = 0.7
"""Share of a source's beeps that must be heard; the first and last fall at the edges of watching."""
FIRST_FRAME_MS: Final = 5000
TAKE_MS: Final = 2000
SLATE_MS: Final = 1000
SKEW_MS: Final = 250
"""Between the pads of one act: as much as one tablet's clock may be unsure of."""
INK_MS: Final = 60
"""From a hand to a page, beyond what a message there and back takes in the same moments (both p95)."""


class Ages(msgspec.Struct, frozen=True):
    """Camera to decoded picture, ms."""

    p50: float
    p95: float


class Publisher(msgspec.Struct, frozen=True):
    source: str
    frames_sent: int


class Seen(msgspec.Struct, frozen=True):
    """What one viewer saw and heard; `sound` counts beeps per source."""

    name: str
    role: str
    venue: str | None
    first_frame_ms: float | None
    frames: int
    codes_ok: int
    sources_seen: dict[str, int]
    gaps: int
    age_ms: Ages | None
    sound: dict[str, int]


class Take(msgspec.Struct, frozen=True):
    """One take: from the command to the first new frame at each viewer whose screen changed (None: never)."""

    layout: str
    sources: tuple[str, ...]
    ms: dict[str, float | None]


class Slate(msgspec.Struct, frozen=True):
    """One dropped line: from the last frame to the slate, and from the return to the hall's picture, per viewer.

    `halted_ms`: so long this machine stood still on the way to the slate.
    """

    source: str
    shown_ms: dict[str, float | None]
    back_ms: dict[str, float | None]
    halted_ms: float = 0.0


class Questions(msgspec.Struct, frozen=True):
    """What was asked and voted through a kill of web, and what stands in the room afterwards.

    `acknowledged` were answered with a number; `found` of them are there, `doubled` more than once. `kill_ms`: from the
    kill to the first answer after it (None: web was not killed). `on_air_ms`, `on_stage_ms`: from the command to each
    screen (None: never).
    """

    askers: int
    languages: list[str]
    acknowledged: int
    found: int
    doubled: int
    votes_acknowledged: int
    votes_found: int
    kill_ms: float | None
    on_air_ms: dict[str, float | None]
    on_stage_ms: dict[str, float | None]


class Ceremony(msgspec.Struct, frozen=True):
    """What was signed through a kill of web, and what stands in the journal afterwards.

    `acknowledged` signatures were answered with a number; `found` of them are there, `doubled` more than once.
    `skew_ms`: how far apart the pads of one act opened, at most. `records` of `projects` were sealed. `ink_ms`: from a
    hand to a page, each point; `echo_ms`: round trips between the strokes, by the same processes. `kill_ms`: from the
    kill until all were answered.
    """

    projects: int
    signed: int
    acknowledged: int
    found: int
    doubled: int
    skew_ms: float
    records: int
    kill_ms: float | None
    ink_ms: Ages | None
    echo_ms: Ages | None


class Verdict(msgspec.Struct, frozen=True):
    """The whole, as printed by --json."""

    verdict: str
    conference: str
    seconds: float
    publishers: list[Publisher]
    viewers: list[Seen]
    takes: list[Take]
    slate: list[Slate]
    questions: Questions | None
    ceremony: Ceremony | None
    failures: list[str]


def ages(ages_ms: Sequence[float]) -> Ages | None:
    """The middle and the slow end of many ages."""
    if not ages_ms:
        return None
    ordered = sorted(ages_ms)
    return Ages(round(ordered[len(ordered) // 2], 1), round(ordered[int(len(ordered) * 0.95)], 1))


def faults_of_ceremony(seen: Ceremony) -> list[str]:
    """What is wrong with a ceremony, in words. A slow machine delays ink and echo alike, and is no fault of it."""
    faults = []
    if seen.signed < seen.projects:
        faults.append(f"{seen.signed} of {seen.projects} acts were signed")
    if seen.found < seen.acknowledged:
        faults.append(f"{seen.acknowledged - seen.found} acknowledged signatures are lost")
    if seen.doubled:
        faults.append(f"{seen.doubled} signatures stand there twice")
    if seen.records < seen.projects:
        faults.append(f"{seen.records} of {seen.projects} records were sealed")
    if seen.skew_ms > SKEW_MS:
        faults.append(f"the pads of one act opened {seen.skew_ms} ms apart")
    return [*faults, *_faults_of_ink(seen.ink_ms, seen.echo_ms)]


def _faults_of_ink(ink_ms: Ages | None, echo_ms: Ages | None) -> list[str]:
    if ink_ms is None or echo_ms is None:
        return ["no page saw a hand draw"]
    if ink_ms.p95 <= echo_ms.p95 + INK_MS:
        return []
    return [
        f"ink came {ink_ms.p95} ms after the hand (p95), an echo took {echo_ms.p95}: promised {INK_MS} more at most"
    ]


def faults_of_watching(seen: Seen, expected: set[str], audible: set[str], seconds: float) -> list[str]:
    """What is wrong with `seconds` of one viewer's watching, in words."""
    name = seen.name
    if seen.first_frame_ms is None:
        return [f"{name} saw no picture"]
    faults = []
    if seen.first_frame_ms > FIRST_FRAME_MS:
        faults.append(f"{name} waited {seen.first_frame_ms:.0f} ms for the first picture")
    if seen.codes_ok < CODES_SHARE_MIN * seen.frames:
        faults.append(f"{name} could read {seen.codes_ok} of {seen.frames} frames")
    if seen.gaps > seen.frames:
        faults.append(f"{name} missed {seen.gaps} frames and saw {seen.frames}")
    faults += [f"{name} never saw {source}" for source in sorted(expected - seen.sources_seen.keys())]
    faults += [
        f"{name} saw {source}, which is not on that screen" for source in sorted(seen.sources_seen.keys() - expected)
    ]
    return faults + _faults_of_hearing(name, seen.sound, audible, seconds)


def _faults_of_hearing(name: str, sound: Mapping[str, int], audible: set[str], seconds: float) -> list[str]:
    faults = []
    for source, beeps in sorted(sound.items()):
        if source not in audible and beeps:
            faults.append(f"{name} heard {source}, which must be silent there")
        if source in audible and beeps < BEEPS_SHARE_MIN * (seconds - 1):
            faults.append(f"{name} heard {beeps} beeps of {source} in {seconds:.0f} s")
    return faults


def faults_of_take(take: Take) -> list[str]:
    """Viewers whom a take reached late or never."""
    words = f"{take.layout} {' + '.join(take.sources)}"
    return [_late(f"take {words} at {name}", ms, TAKE_MS) for name, ms in take.ms.items() if ms is None or ms > TAKE_MS]


def faults_of_slate(slate: Slate) -> list[str]:
    """Viewers who looked at a frozen hall, or whom it did not come back to."""
    frozen = [
        _late(f"slate of {slate.source} at {name}", ms, SLATE_MS)
        for name, ms in slate.shown_ms.items()
        if ms is None or ms > SLATE_MS + slate.halted_ms
    ]
    lost = [f"{slate.source} did not return to {name}" for name, ms in slate.back_ms.items() if ms is None]
    return frozen + lost


def faults_of_questions(asked: Questions) -> list[str]:
    """What was lost, doubled, or came late."""
    faults = []
    if asked.found != asked.acknowledged:
        faults.append(f"{asked.acknowledged - asked.found} of {asked.acknowledged} acknowledged questions are lost")
    if asked.doubled:
        faults.append(f"{asked.doubled} questions stand there twice")
    if asked.votes_found != asked.votes_acknowledged:
        faults.append(f"{asked.votes_acknowledged} votes were acknowledged, {asked.votes_found} are counted")
    for what, times in (("on air", asked.on_air_ms), ("on stage", asked.on_stage_ms)):
        if not times:
            faults.append(f"nobody was to see who is {what}")
        faults += [f"{what} at {name}: never" for name, ms in times.items() if ms is None]
    return faults


def _late(what: str, ms: float | None, limit_ms: int) -> str:
    return f"{what}: never" if ms is None else f"{what}: {ms:.0f} ms, promised {limit_ms}"
