from pathlib import Path

import jwt
import pytest

from rooms.features.links import Standing
from rooms.invites import Invite
from rooms.kernel import ConferenceId, InviteId, PersonId, Refused, Role, SourceId, VenueId
from server.identity import Identity, Link, cookie_name, node_key
from server.settings import Unusable

C = ConferenceId("c")
GROUP = Invite(InviteId("attendee"), Role.ATTENDEE)
PERSONAL = Invite(InviteId("speaker-li"), Role.SPEAKER, VenueId("v"), SourceId("speaker/li"), PersonId("li"), "Li")
KEY = bytes(range(32))


def identity(standing: Standing | None = None, key: bytes = KEY) -> Identity:
    made = Identity(key)
    made.learn(C, [(GROUP, standing or Standing()), (PERSONAL, Standing())])
    return made


def link(of: Identity, invite: Invite = GROUP, generation: int = 1) -> Link:
    return of.link(of.token(C, invite.id, generation))


def test_a_link_is_the_same_after_a_restart_and_another_on_another_node() -> None:
    assert identity().token(C, GROUP.id, 1) == identity().token(C, GROUP.id, 1)
    assert identity().token(C, GROUP.id, 1) != identity(key=bytes(32)).token(C, GROUP.id, 1)
    assert len(identity().token(C, GROUP.id, 1)) == 22, "128 bits in base64url"


def test_every_invite_generation_and_conference_has_a_token_of_its_own() -> None:
    made = identity()
    tokens = {
        made.token(ConferenceId(conference), InviteId(invite), generation)
        for conference in ("a", "ab")
        for invite in ("x", "bx")
        for generation in (1, 11)
    }
    assert len(tokens) == 8


@pytest.mark.parametrize("token", ["", "x" * 22, "\udcff", "é" * 22, "A" * 5000])
def test_an_unknown_token_opens_nothing(token: str) -> None:
    with pytest.raises(Refused, match="link-unknown"):
        identity().link(token)


def test_a_revoked_link_and_one_of_an_older_generation_are_dead() -> None:
    revoked = identity(Standing(1, revoked=True))
    with pytest.raises(Refused, match="link-revoked"):
        link(revoked)
    renewed = identity(Standing(3))
    assert link(renewed, generation=3).generation == 3
    with pytest.raises(Refused, match="link-revoked"):
        link(renewed, generation=2)
    with pytest.raises(Refused, match="link-unknown"):
        link(renewed, generation=4)


def test_a_browser_that_comes_back_is_the_same_person() -> None:
    made = identity()
    session = made.seat(link(made), None)
    assert made.seat(link(made), made.signed(session)) == session
    assert made.actor(link(made), made.signed(session)).person == session.person
    assert made.seat(link(made), None).person != session.person


def test_a_personal_link_is_one_person_on_all_devices() -> None:
    made = identity()
    seats = [made.seat(link(made, PERSONAL), None) for _ in range(2)]
    assert {seat.person for seat in seats} == {"li"}
    assert seats[0].device != seats[1].device


def test_a_cookie_of_another_link_key_or_generation_is_nobody() -> None:
    made = identity()
    session = made.seat(link(made), None)
    assert not made.entered(link(made, PERSONAL), made.signed(session))
    assert not made.entered(link(made), identity(key=bytes(32)).signed(session))
    renewed = identity(Standing(2))
    assert not renewed.entered(link(renewed, generation=2), made.signed(session))
    assert not made.entered(link(made), "garbage")


def test_an_unsigned_cookie_is_nobody() -> None:
    made = identity()
    forged = jwt.encode(
        {"conference": C, "invite": "attendee", "generation": 1, "person": "x", "device": "y"}, None, "none"
    )
    assert not made.entered(link(made), forged)


def test_without_a_cookie_a_link_acts_as_one_nameless_person() -> None:
    made = identity()
    first, second = made.actor(link(made), None), made.actor(link(made), None)
    assert first == second
    assert (first.role, first.invite) == (Role.ATTENDEE, "attendee")


def test_each_link_has_a_cookie_of_its_own_that_browsers_accept() -> None:
    made = identity()
    assert cookie_name(link(made), secure=False) == "twinhall-c.attendee"
    assert cookie_name(link(made, PERSONAL), secure=True) == "__Host-twinhall-c.speaker-li"


def test_the_node_s_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "node.key"
    key = node_key(path)
    assert node_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    path.write_bytes(b"short")
    with pytest.raises(Unusable, match="damaged"):
        node_key(path)
