from __future__ import annotations

import pytest

from rooms.audience import Attendee, Desk
from rooms.features.links import LinkRenewed, LinkRevoked, Links, Renew, Revoke, Standing
from rooms.kernel import InviteId, Refused, Role
from tests.rooms.hall import DIRECTOR, ORGANISER, do, given, opened

WALL = InviteId("wall-frankfurt")


def test_at_first_every_link_is_good() -> None:
    links = opened().feature(Links)
    assert links.standing(WALL) == Standing(generation=1, revoked=False)


def test_a_revoked_link_is_dead() -> None:
    conference = opened()
    assert do(conference, Revoke(WALL), ORGANISER, room=None) == [LinkRevoked(WALL)]
    assert do(conference, Revoke(WALL), ORGANISER, room=None) == []
    assert conference.feature(Links).standing(WALL) == Standing(1, revoked=True)


def test_a_renewed_link_is_of_the_next_generation_and_good_again() -> None:
    conference = given((Revoke(WALL), ORGANISER))
    assert do(conference, Renew(WALL), ORGANISER) == [LinkRenewed(WALL, 2)]
    assert do(conference, Renew(WALL), ORGANISER) == [LinkRenewed(WALL, 3)]
    assert conference.feature(Links).standing(WALL) == Standing(3, revoked=False)


def test_the_organiser_keeps_a_way_in() -> None:
    with pytest.raises(Refused, match="organiser-link-needed"):
        do(opened(), Revoke(InviteId("organiser")), ORGANISER)
    assert do(opened(), Renew(InviteId("organiser")), ORGANISER)


@pytest.mark.parametrize("command", [Revoke(InviteId("wall-bonn")), Renew(InviteId("wall-bonn"))])
def test_an_unknown_invite_is_refused(command: Revoke | Renew) -> None:
    with pytest.raises(Refused, match="invite-unknown"):
        do(opened(), command, ORGANISER)


def test_only_the_organiser_revokes() -> None:
    with pytest.raises(Refused, match="role-not-admitted"):
        do(opened(), Revoke(WALL), DIRECTOR)


def test_only_the_organiser_sees_the_rows() -> None:
    links = given((Revoke(WALL), ORGANISER)).feature(Links)
    rows = links.view(Desk(Role.ORGANISER), {}, 0)
    assert rows[WALL] == {
        "role": "wall",
        "venue": "frankfurt",
        "name": "Frankfurt",
        "revoked": True,
        "generation": 1,
    }
    assert rows["attendee"] == {"role": "attendee", "revoked": False, "generation": 1}
    assert links.view(Desk(Role.DIRECTOR), {}, 0) == {}
    assert links.view(Attendee(), {}, 0) == {}


def test_a_snapshot_brings_everything_back() -> None:
    conference = given((Revoke(WALL), ORGANISER), (Renew(InviteId("attendee")), ORGANISER))
    links = conference.feature(Links)
    again = Links(conference.definition, None)
    again.restore(links.snapshot())
    assert again.view(Desk(Role.ORGANISER), {}, 0) == links.view(Desk(Role.ORGANISER), {}, 0)
