"""Claims folded into a Program: what each Audience of a room sees and hears.

Features offer claims; nobody edits the program. The strongest claim that
names an audience gives it its picture; without one the audience sees every
hall side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from rooms.audience import Audience
from rooms.kernel import FLOOR, LanguageTag, RoomId, SourceId, VenueId


class Layout(StrEnum):
    """How pictures share a screen; `sources` fill it in order, the principal one first."""

    FULL = "full"
    SIDE_BY_SIDE = "side_by_side"
    SIGNING_TABLES = "signing_tables"
    MULTIVIEW = "multiview"


class Pick(msgspec.Struct, frozen=True):
    """One Source's sound at a gain (0.0 to 1.0, linear)."""

    source: SourceId
    gain: float = 1.0


Sound = Mapping[LanguageTag, Sequence[Pick]]


class Claim(msgspec.Struct, frozen=True):
    """A feature's wish for a room; `audience` None means everyone. Higher priority wins."""

    room: RoomId
    layout: Layout
    sources: tuple[SourceId, ...]
    sound: Sound
    priority: int = 0
    audience: Audience | None = None


class Screen(msgspec.Struct, frozen=True):
    """What one audience gets: pictures in order, sound per language."""

    layout: Layout
    sources: tuple[SourceId, ...]
    sound: Sound


class SourceFacts(msgspec.Struct, frozen=True):
    """What the program needs to know of a Source: where it stands."""

    id: SourceId
    venue: VenueId | None


__all__ = ["FLOOR", "Claim", "Layout", "Pick", "Screen", "Sound", "SourceFacts"]


def screen(audience: Audience, claims: Iterable[Claim], sources: Sequence[SourceFacts]) -> Screen:
    """The screen of `audience`. A venue never hears a Source of its own venue (mix-minus)."""
    raise NotImplementedError
