from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping

from rooms.audience import Attendee, Desk, Wall
from rooms.features.stage import SetSound, Take
from rooms.kernel import Role, RoomId
from rooms.program import Layout
from rooms.views import conference_view
from tests.rooms.hall import CHANGZHOU, CZ, CZ_TABLE, DEFINITION, DIRECTOR, FR, FR_TABLE, MINDEN, STAGE, given, opened

REHEARSED = int(datetime.datetime.fromisoformat("2026-11-23T09:00+08:00").timestamp() * 1000)


def test_the_conference_is_shown_with_its_programme_of_today() -> None:
    view = json.loads(json.dumps(conference_view(DEFINITION, DEFINITION.sources, STAGE, REHEARSED)))
    assert view["id"] == "jiangsu-2022"
    assert (view["day"], view["today"], view["rehearsal"]) == ("2022-07-07", "2026-11-23", True)
    assert view["items"]["opening"] == {
        "order": 0,
        "start": "2026-11-23T07:00:00Z",
        "end": "2026-11-23T07:04:00Z",
        "title": {"zh": "开幕", "de": "Eröffnung", "en": "Opening", "fr": "Ouverture"},
        "kind": "opening",
        "sources": [CZ, FR],
    }


def test_sources_tell_their_hall_or_person() -> None:
    sources = conference_view(DEFINITION, DEFINITION.sources, STAGE, REHEARSED)["sources"]
    assert isinstance(sources, dict)
    assert sources[CZ]["venue"] == "changzhou"
    assert "person" not in sources[CZ]
    assert (sources[MINDEN]["kind"], sources[MINDEN]["person"]) == ("person", "minden")
    assert "venue" not in sources[MINDEN]


def test_a_programme_is_its_room_s_own() -> None:
    assert conference_view(DEFINITION, DEFINITION.sources, DEFINITION.rooms[0].id, 0)["room"] == "stage"
    assert conference_view(DEFINITION, DEFINITION.sources, RoomId("booth"), 0)["items"] == {}


def test_the_stage_is_the_audience_s_own_screen_and_the_program_everyone_s() -> None:
    conference = given((Take(Layout.SIGNING_TABLES, (CZ_TABLE, FR_TABLE)), DIRECTOR), (SetSound(FR, 0.5), DIRECTOR))
    stage = conference.view(Wall(CHANGZHOU), STAGE, {}, REHEARSED)["stage"]
    assert isinstance(stage, dict)
    assert (stage["layout"], stage["tiles"]) == ("full", [{"source": FR_TABLE}])
    assert stage["program"] == {"layout": "signing_tables", "sources": [CZ_TABLE, FR_TABLE]}
    assert stage["sound"] == {"floor": [{"source": FR_TABLE, "gain": 1.0}, {"source": FR, "gain": 0.5}]}
    assert stage["sound_on"][FR] == 0.5
    assert stage["delays"][CZ] == 0


def nulls(value: object, path: str = "") -> Iterator[str]:
    match value:
        case None:
            yield path
        case Mapping():
            for key, child in value.items():
                yield from nulls(child, f"{path}.{key}")
        case list():
            for child in value:
                yield from nulls(child, f"{path}[]")


def test_views_are_json_without_nulls() -> None:
    for audience in (Attendee(), Wall(CHANGZHOU), Desk(Role.DIRECTOR), Desk(Role.ORGANISER)):
        view = opened().view(audience, STAGE, {}, REHEARSED)
        assert json.loads(json.dumps(view)) == view
        assert list(nulls(view)) == []


def test_links_are_in_the_organiser_s_view_only() -> None:
    assert "links" in opened().view(Desk(Role.ORGANISER), STAGE, {}, 0)
    assert "links" not in opened().view(Attendee(), STAGE, {}, 0)
