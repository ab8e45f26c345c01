from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from rooms.definition import PersonDefinition, Words
from rooms.invites import invites, pad_person, seat_of, seats
from rooms.kernel import PersonId, Role
from tests.rooms.hall import CHANGZHOU, CZ_TABLE, DEFINITION, MINDEN

INVITES = {invite.id: invite for invite in invites(DEFINITION)}


def test_there_is_one_link_per_role_hall_source_and_speaker() -> None:
    assert Counter(invite.role.value for invite in invites(DEFINITION)) == {
        "attendee": 1,
        "speaker": 2,
        "operator": 4,
        "on_site": 2,
        "wall": 2,
        "confidence": 2,
        "signatory": 4,
        "protocol_officer": 1,
        "director": 1,
        "moderator": 1,
        "organiser": 1,
    }


def test_ids_are_readable_and_differ() -> None:
    assert len(INVITES) == len(invites(DEFINITION))
    assert {"attendee", "speaker-minden", "wall-frankfurt", "operator-changzhou-camera-1", "organiser"} <= set(INVITES)


def test_an_operator_s_link_is_for_one_source_of_a_hall() -> None:
    invite = INVITES["operator-changzhou-table"]
    assert (invite.role, invite.venue, invite.source) == (Role.OPERATOR, CHANGZHOU, CZ_TABLE)
    assert invite.person is None


def test_a_speaker_s_link_is_personal() -> None:
    invite = INVITES["speaker-minden"]
    assert (invite.person, invite.source, invite.venue) == ("minden", MINDEN, None)
    assert invite.name == "Mayor of Minden"


def test_a_guest_whom_the_definition_names_has_a_personal_link() -> None:
    guest = PersonDefinition(PersonId("li-na"), Words(en="Li Na"), role=Role.ATTENDEE)
    named = invites(replace(DEFINITION, people=(*DEFINITION.people, guest)))
    link = next(invite for invite in named if invite.id == "attendee-li-na")
    assert (link.role, link.person, link.name) == (Role.ATTENDEE, "li-na", "Li Na")


def test_a_table_has_a_tablet_for_each_party_that_one_project_has_there() -> None:
    assert [seats(DEFINITION, venue) for venue in DEFINITION.venues] == [
        ("changzhou-1", "changzhou-2", "changzhou-3"),
        ("frankfurt-1",),
    ]
    link = INVITES["pad-changzhou-2"]
    assert (link.role, link.venue, link.person) == (Role.SIGNATORY, CHANGZHOU, pad_person("changzhou-2"))
    assert (seat_of(link.id), seat_of("organiser")) == ("changzhou-2", None)


def test_a_conference_without_tablets_has_nobody_who_leads_a_ceremony() -> None:
    bare = invites(replace(DEFINITION, projects=()))
    assert not {Role.SIGNATORY, Role.PROTOCOL_OFFICER} & {invite.role for invite in bare}


def test_a_venue_may_have_more_tablets_than_its_projects_need() -> None:
    changzhou, frankfurt = DEFINITION.venues
    more = replace(DEFINITION, venues=(changzhou, replace(frankfurt, pads=3)))
    assert len(seats(more, more.venues[1])) == 3
