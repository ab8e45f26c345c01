from rooms.features.links import Renew, Revoke
from rooms.kernel import Role
from server.identity import Identity
from server.links import PAGES, qr, rows
from tests.rooms.hall import ORGANISER, given, opened

ORIGIN = "https://stage.example.org"


def test_every_invite_has_a_row_with_its_page() -> None:
    conference, identity = opened(), Identity(bytes(32))
    listed = list(rows(ORIGIN, conference, identity))
    assert [row.id for row in listed] == [invite.id for invite in conference.invites()]
    assert {row.role for row in listed} == set(PAGES)
    for row in listed:
        page = PAGES[row.role]
        assert row.url == f"{ORIGIN}/jiangsu-2022/{page}#{row.token}"


def test_those_who_publish_have_an_encoder_s_address() -> None:
    for row in rows(ORIGIN, opened(), Identity(bytes(32))):
        publishes = row.role in (Role.OPERATOR, Role.SPEAKER)
        assert row.whip == (f"{ORIGIN}/whip/jiangsu-2022.stage" if publishes else None)
        assert row.whep == f"{ORIGIN}/whep/jiangsu-2022.stage"


def test_a_renewed_link_is_another_one_and_a_revoked_one_says_so() -> None:
    identity = Identity(bytes(32))
    first = {row.id: row for row in rows(ORIGIN, opened(), identity)}
    wall, attendee = "wall-frankfurt", "attendee"
    after = given((Renew(first[wall].id), ORGANISER), (Revoke(first[attendee].id), ORGANISER))
    then = {row.id: row for row in rows(ORIGIN, after, identity)}
    assert then[wall].token != first[wall].token
    assert then[attendee].revoked
    assert not then[wall].revoked


def test_a_qr_code_is_a_picture_without_script_or_style() -> None:
    drawn = qr(f"{ORIGIN}/jiangsu-2022/#xx4LGuuJTLv-8yXWOMi9gw")
    assert drawn.startswith("<svg ")
    assert "viewBox" in drawn
    assert "style" not in drawn
    assert "script" not in drawn
