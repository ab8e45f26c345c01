"""Which slot shows and sounds which Source: stable over every take. Pure.

One index per Source: picture `v<n>` and sound `a<n>` are one MediaStream of a page,
so that a Source's own picture and sound stay in sync.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from media.model import Route, SlotId, SourceName
from rooms.audience import Attendee, Audience, Desk, Player
from rooms.kernel import FLOOR, ConferenceId, Role, SourceId
from rooms.program import Screen

Slots = Mapping[SourceId, int]
SLATE = "slate/"


def capacity(audience: Audience) -> int:
    """Slots that the audience's pages offer; a plain player has one."""
    match audience:
        case Desk(role) if role != Role.OPERATOR:
            return 8
        case Player():
            return 1
        case Attendee():
            return 6
        case _:
            return 4


def assign(before: Slots, screen: Screen, count: int) -> dict[SourceId, int]:
    """A slot below `count` for each Source that is seen or heard, pictures first while slots last.

    A Source that stays keeps its slot; the others fill the free ones in order.
    """
    wanted = list(dict.fromkeys([*screen.sources, *heard(screen)]))[:count]
    kept: dict[SourceId, int] = {}
    for source in wanted:
        slot = before.get(source, count)
        if slot < count and slot not in kept.values():
            kept[source] = slot
    free = iter([slot for slot in range(count) if slot not in kept.values()])
    return {source: kept[source] if source in kept else next(free) for source in wanted}


def heard(screen: Screen) -> list[SourceId]:
    """The Sources of the floor's sound, the most important first."""
    return [pick.source for pick in screen.sound.get(FLOOR, ())]


def routes(conference: ConferenceId, audience: Audience, screen: Screen, slots: Slots) -> tuple[Route, ...]:
    """The slots' routes: every picture with its slate to fall back to, every sound.

    A player has one sound: that of its picture, else the floor's first.
    """
    seen = [source for source in screen.sources if source in slots]
    pictures = [
        Route(SlotId(f"v{slots[source]}"), source_name(conference, source), slate_name(conference, source))
        for source in seen
    ]
    sounds = heard(screen)
    if isinstance(audience, Player):
        principal = [source for source in sounds if source in seen] or sounds
        return (*pictures, *(Route(SlotId("a0"), source_name(conference, source)) for source in principal[:1]))
    return (
        *pictures,
        *(Route(SlotId(f"a{slots[source]}"), source_name(conference, source)) for source in sounds if source in slots),
    )


def held(before: Sequence[Route], wanted: Sequence[Route], showing: Mapping[SlotId, SourceName]) -> tuple[Route, ...]:
    """Pictures of the former scene that go on until each picture of the new one is shown."""
    pictures = [route for route in wanted if is_picture(route)]
    if all(showing.get(route.slot) in (route.source, route.fallback) for route in pictures):
        return ()
    taken = {route.slot for route in pictures}
    return tuple(route for route in before if is_picture(route) and route.slot not in taken)


def is_picture(route: Route) -> bool:
    return route.slot.startswith("v")


def recovered(conference: ConferenceId, showing: Mapping[SlotId, SourceName]) -> dict[SourceId, int]:
    """The assignment that the relay still has in force, read back after a restart of ours.

    A slot that waits for a keyframe still shows the former picture: then its sound tells.
    """
    return {shown_source(conference, name): int(slot[1:]) for slot, name in sorted(showing.items(), reverse=True)}


def source_name(conference: ConferenceId, source: SourceId) -> SourceName:
    """A Source's name in the relay, where the Sources of all conferences meet."""
    return SourceName(f"{conference}:{source}")


def slate_name(conference: ConferenceId, source: SourceId) -> SourceName:
    return SourceName(f"{conference}:{SLATE}{source}")


def shown_source(conference: ConferenceId, name: SourceName) -> SourceId:
    """The Source that a name of the relay stands for, be it itself or its slate."""
    return SourceId(name.removeprefix(f"{conference}:").removeprefix(SLATE))
