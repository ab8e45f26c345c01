"""Claims folded into a Program: what each Audience of a room sees and hears.

Features offer claims; nobody edits the program. The strongest claim that
names an audience gives it its picture; without one the audience sees every
hall side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

import msgspec

from rooms.audience import Attendee, Audience, Clean, Confidence, Desk, Player, Recorder, Speaker, Wall
from rooms.kernel import FLOOR, LanguageTag, Role, RoomId, SourceId, VenueId


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
    """A feature's wish for a room; `audience` None means everyone. Higher priority wins.

    One that `joins` adds its pictures and its sound to whatever wins below it; an empty sound
    keeps the one below. `since` is the entry that made the wish: a claim that has it yields to
    a scene that was taken later.
    """

    room: RoomId
    layout: Layout
    sources: tuple[SourceId, ...]
    sound: Sound
    priority: int = 0
    audience: Audience | None = None
    joins: bool = False
    since: int | None = None


class Screen(msgspec.Struct, frozen=True):
    """What one audience gets: pictures in order, sound per language."""

    layout: Layout
    sources: tuple[SourceId, ...]
    sound: Sound


class SourceFacts(msgspec.Struct, frozen=True):
    """What the program needs to know of a Source: where it stands."""

    id: SourceId
    venue: VenueId | None


PICTURES_MAX: Final = 4
"""Pictures side by side on one screen; a page offers as many slots."""

PLACES: Final[Mapping[Layout, tuple[int, int]]] = {
    Layout.FULL: (1, 1),
    Layout.SIDE_BY_SIDE: (2, PICTURES_MAX),
    Layout.SIGNING_TABLES: (2, PICTURES_MAX),
}
"""How many sources a layout that a director may take needs: at least, at most."""


def screen(audience: Audience, claims: Iterable[Claim], sources: Sequence[SourceFacts]) -> Screen:
    """The screen of `audience`. A venue never hears a Source of its own venue (mix-minus)."""
    known = {source.id: source for source in sources}
    if isinstance(audience, Player) and audience.source is not None:
        return _alone(audience.source, known)
    program = _program(audience, claims, sources)
    pictures = _pictures(audience, program.sources, sources)
    layout = Layout.MULTIVIEW if _sees_all(audience) else fitting(program.layout, len(pictures))
    deaf = _deaf_to(audience, sources)
    heard = {
        language: tuple(pick for pick in picks if pick.gain > 0 and pick.source in known and pick.source not in deaf)
        for language, picks in program.sound.items()
    }
    first = [*program.sources, *halls(sources)]
    return Screen(layout, pictures, {language: _ordered(picks, first) for language, picks in heard.items()})


def _ordered(picks: Sequence[Pick], first: Sequence[SourceId]) -> tuple[Pick, ...]:
    """Those on air, then the halls' first sources, then the rest: pages have few sound slots."""
    rank = {source: place for place, source in reversed(list(enumerate(first)))}
    return tuple(sorted(picks, key=lambda pick: rank.get(pick.source, len(first))))


def halls(sources: Sequence[SourceFacts]) -> tuple[SourceId, ...]:
    """The first source of every venue, in the order of the definition."""
    first = {source.venue: source.id for source in reversed(sources) if source.venue is not None}
    return tuple(source.id for source in sources if source.venue and first[source.venue] == source.id)


def default_scene(sources: Sequence[SourceFacts]) -> tuple[Layout, tuple[SourceId, ...]]:
    """What is on air before anybody decides: every hall side by side."""
    on_air = halls(sources)[:PICTURES_MAX]
    return fitting(Layout.SIDE_BY_SIDE, len(on_air)), on_air


def _program(audience: Audience, claims: Iterable[Claim], sources: Sequence[SourceFacts]) -> Screen:
    """The strongest claim for this audience; of equal ones the one that names it."""
    known = {source.id for source in sources}
    meant = [claim for claim in claims if claim.audience in (None, audience) and known.intersection(claim.sources)]
    meant.sort(key=lambda claim: (claim.priority, claim.audience is not None))
    ground = _standing([claim for claim in meant if not claim.joins])[::-1]
    program = _shown(ground[0], known) if ground else _undecided(sources)
    if not program.sound:
        below = next((claim.sound for claim in ground if claim.sound), _undecided(sources).sound)
        program = Screen(program.layout, program.sources, below)
    for claim in meant:
        if claim.joins and (not ground or claim.priority >= ground[0].priority):
            program = _joined(program, _shown(claim, known))
    return program


def _standing(claims: Sequence[Claim]) -> list[Claim]:
    """Without those that were overtaken: a weaker claim is newer, and both say since when they stand."""
    return [
        claim
        for place, claim in enumerate(claims)
        if claim.since is None or all(below.since is None or below.since < claim.since for below in claims[:place])
    ]


def _undecided(sources: Sequence[SourceFacts]) -> Screen:
    layout, on_air = default_scene(sources)
    return Screen(layout, on_air, {FLOOR: tuple(Pick(source.id) for source in sources if source.venue is not None)})


def _shown(claim: Claim, known: Collection[SourceId]) -> Screen:
    return Screen(claim.layout, tuple(source for source in claim.sources if source in known), claim.sound)


def _joined(ground: Screen, guest: Screen) -> Screen:
    """Who joins always has a place, the last of those before give way; and is heard in every language."""
    before = [source for source in ground.sources if source not in guest.sources]
    on_air = (*before[: PICTURES_MAX - len(guest.sources)], *guest.sources)
    layout = ground.layout if ground.layout in PLACES and len(on_air) > 1 else guest.layout
    sound = {
        language: (*(pick for pick in picks if pick.source not in guest.sources), *guest.sound.get(FLOOR, ()))
        for language, picks in ground.sound.items()
    }
    return Screen(fitting(layout, len(on_air)), on_air, sound)


def _alone(source: SourceId, known: Mapping[SourceId, SourceFacts]) -> Screen:
    shown = (source,) if source in known else ()
    return Screen(Layout.FULL, shown, {FLOOR: tuple(Pick(source) for source in shown)})


def _deaf_to(audience: Audience, sources: Sequence[SourceFacts]) -> frozenset[SourceId]:
    """Mix-minus: what stands in the listener's own hall, and the listener."""
    match audience:
        case Wall(venue) | Confidence(venue):
            return _at(venue, sources)
        case Desk(_, venue):
            return _at(venue, sources)
        case Speaker(own):
            venue = next((source.venue for source in sources if source.id == own), None)
            return _at(venue, sources) | ({own} if own is not None else frozenset())
        case Attendee() | Player() | Recorder() | Clean():
            return frozenset()
        case never:
            assert_never(never)


def _at(venue: VenueId | None, sources: Sequence[SourceFacts]) -> frozenset[SourceId]:
    return frozenset(source.id for source in sources if venue is not None and source.venue == venue)


def _sees_all(audience: Audience) -> bool:
    return isinstance(audience, Desk) and audience.role != Role.OPERATOR


def _pictures(audience: Audience, on_air: tuple[SourceId, ...], sources: Sequence[SourceFacts]) -> tuple[SourceId, ...]:
    """Halls and speakers see the others: those on air, else the other halls, else what is on air."""
    match audience:
        case Desk(role) if role != Role.OPERATOR:
            return tuple(source.id for source in sources)
        case Wall() | Desk():
            own = _deaf_to(audience, sources)
        case Speaker(source) if source is not None:
            own = frozenset({source})
        case Player():
            return on_air[:1]
        case Attendee() | Confidence() | Speaker() | Recorder() | Clean():
            return on_air
        case never:
            assert_never(never)
    others = tuple(source for source in on_air if source not in own)
    return others or tuple(source for source in halls(sources) if source not in own)[:PICTURES_MAX] or on_air


def fitting(layout: Layout, pictures: int) -> Layout:
    """`layout` if it takes so many pictures, else the plain one that does."""
    least, most = PLACES.get(layout, (1, PICTURES_MAX))
    if least <= pictures <= most:
        return layout
    return Layout.FULL if pictures <= 1 else Layout.SIDE_BY_SIDE
