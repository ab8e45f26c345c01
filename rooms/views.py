"""Views of what no feature owns: the conference's definition and an audience's screen."""

from __future__ import annotations

from collections.abc import Sequence

from rooms.definition import Definition, ItemDefinition, SourceDefinition
from rooms.kernel import Json, RoomId
from rooms.program import Screen
from rooms.timetable import day_in_force, instant, is_rehearsal


def conference_view(
    definition: Definition, sources: Sequence[SourceDefinition], room: RoomId, now_ms: int
) -> dict[str, Json]:
    """What the conference is, with its guests' sources and the room's programme on the day in force."""
    view: dict[str, Json] = {
        "id": definition.id,
        "title": definition.title.all(),
        "day": definition.day.isoformat(),
        "today": day_in_force(definition, now_ms).isoformat(),
        "rehearsal": is_rehearsal(definition, now_ms),
        "room": room,
        "venues": {
            venue.id: {
                "order": order,
                "main": venue.main,
                "zone": venue.zone,
                "city": venue.city.all(),
                "name": venue.name.all(),
            }
            for order, venue in enumerate(definition.venues)
        },
        "items": {
            item.id: _item(definition, order, item, now_ms)
            for order, item in enumerate(definition.items)
            if definition.room_of(item) == room
        },
        "sources": {source.id: _source(order, source) for order, source in enumerate(sources)},
    }
    return {**view, "motto": definition.motto.all()} if definition.motto else view


def _item(definition: Definition, order: int, item: ItemDefinition, now_ms: int) -> dict[str, Json]:
    view: dict[str, Json] = {
        "order": order,
        "start": instant(definition, now_ms, item.start_min),
        "end": instant(definition, now_ms, item.end_min),
        "title": item.title.all(),
        "kind": item.kind.value,
    }
    if item.detail:
        view["detail"] = item.detail.all()
    if item.sources:
        view["sources"] = list(item.sources)
    return view


def _source(order: int, source: SourceDefinition) -> dict[str, Json]:
    view: dict[str, Json] = {"order": order, "name": source.name.all(), "kind": source.kind.value}
    if source.venue:
        view["venue"] = source.venue
    if source.person:
        view["person"] = source.person
    return view


def screen_view(screen: Screen) -> dict[str, Json]:
    """The screen's part of the stage; the server adds each source's slot."""
    return {
        "layout": screen.layout.value,
        "tiles": [{"source": source} for source in screen.sources],
        "sound": {
            language: [{"source": pick.source, "gain": pick.gain} for pick in picks]
            for language, picks in screen.sound.items()
        },
    }
