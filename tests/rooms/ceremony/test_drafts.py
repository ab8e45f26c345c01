"""Acts as they are written: what an organiser may draft, name, lay before the parties, and where these sit."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rooms.ceremony import commands as c
from rooms.ceremony import words as w
from rooms.ceremony.model import signatory
from rooms.definition import Instrument, ProjectKind, Words
from rooms.kernel import Actor, LanguageTag, PersonId, ProjectId, Refused, Role, VenueId
from tests.rooms.ceremony.evening import (
    COMMITMENT,
    CZ1,
    CZ2,
    CZ3,
    DIGEST,
    FIRST,
    FR1,
    MEMORANDUM,
    OFFICER,
    Evening,
    pad,
)
from tests.rooms.hall import CHANGZHOU, FRANKFURT, OPERATOR, ORGANISER

HALLS = (w.PartyWords(CHANGZHOU, Words(en="A")), w.PartyWords(FRANKFURT, Words(en="B")))


def new_act(**changes: object) -> c.Draft:
    fields: dict[str, object] = {
        "act": "new",
        "kind": ProjectKind.SIGNING,
        "item": "projects",
        "title": Words(en=" New  act "),
        "parties": HALLS,
    }
    return c.Draft(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_definition_s_projects_are_drafts_from_the_start() -> None:
    view = Evening().view()
    assert list(view["acts"]) == ["memorandum", *(f"project-{n}" for n in range(1, 11))]
    assert view["acts"]["memorandum"]["parties"][3]["names"]["zh"] == "德国商业银行"
    assert view["acts"]["project-1"]["parties"][0]["names"]["de"] == "noch zu benennen"
    assert view["board"] == {
        "signed": 0,
        "of": 11,
        "items": {"memorandum": {"signed": 0, "of": 1}, "projects": {"signed": 0, "of": 10}},
        "sectors": [],
    }


def test_an_organiser_drafts_an_act_and_changes_it_until_it_is_locked() -> None:
    evening = Evening()
    evening.do(new_act(), ORGANISER)
    assert evening.view()["acts"]["new"]["title"]["en"] == "New act"
    assert evening.do(new_act(title=Words(en="New act")), ORGANISER) == []
    evening.do(new_act(title=Words(en="Other"), instrument=Instrument.QES, sector=Words(en="Energy")), ORGANISER)
    assert evening.view()["board"]["sectors"][0]["sector"]["en"] == "Energy"
    evening.do(c.Lock(ProjectId("new")), OFFICER)
    assert evening.refused(new_act(), ORGANISER) == "act-moved"
    evening.do(c.Unlock(ProjectId("new")), OFFICER)
    assert evening.refused(new_act(), ORGANISER) == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"item": "lunch"}, "item-unknown"),
        ({"title": Words(en=" \u200d ")}, "text-empty"),
        ({"parties": (w.PartyWords(VenueId("bonn"), Words(en="A")), HALLS[1])}, "venue-unknown"),
        ({"parties": (HALLS[1], HALLS[1])}, "pads-too-few"),
        ({"parties": (*HALLS, HALLS[0]), "kind": ProjectKind.UNVEILING}, "unveiling-needs-two"),
    ],
)
def test_a_draft_that_could_not_be_held_is_refused(changes: dict[str, object], code: str) -> None:
    assert Evening().refused(new_act(**changes), ORGANISER) == code


def test_a_signatory_s_name_comes_from_the_vault_and_stays_with_the_party() -> None:
    evening = Evening()
    evening.do(c.NameSignatory(MEMORANDUM, 0, commitment=COMMITMENT), ORGANISER)
    person = signatory(evening.conference.definition.id, MEMORANDUM, 0)
    assert person == "signatory-jiangsu-2022-memorandum-0"
    assert evening.view(names={person: "Li Na"})["acts"][MEMORANDUM]["parties"][0]["name"] == "Li Na"
    assert "name" not in evening.view()["acts"][MEMORANDUM]["parties"][0], "erased"
    assert evening.refused(c.NameSignatory(FIRST, 2), ORGANISER) == "party-unknown"
    assert evening.refused(c.NameSignatory(FIRST, 0), ORGANISER) == "busy", "the vault has no name"
    known = evening.act(FIRST).parties
    evening.do(c.NameSignatory(FIRST, 0, commitment=COMMITMENT), ORGANISER)
    evening.do(c.NameSignatory(FIRST, 1, commitment=COMMITMENT), ORGANISER)
    parties = (w.PartyWords(known[0].venue, Words(en="Another")), known[1])
    evening.do(new_act(act=FIRST, parties=parties), ORGANISER)
    assert evening.act(FIRST).named == {1}
    again = replace(parties[0], names=Words(en="Another", zh="Another", de="Another", fr="Another"))
    evening.do(c.NameSignatory(FIRST, 0, commitment=COMMITMENT), ORGANISER)
    evening.do(new_act(act=FIRST, parties=(again, known[1])), ORGANISER)
    assert evening.act(FIRST).named == {0, 1}, "the same name, written in each language"


def test_who_signed_for_a_party_that_is_no_more_is_still_one_of_its_signers() -> None:
    evening = Evening().signed(parties=[0, 3])
    for command in (c.Hold(MEMORANDUM), c.Retake(MEMORANDUM), c.Unlock(MEMORANDUM)):
        evening.do(command, OFFICER)
    evening.do(new_act(act=MEMORANDUM, item="memorandum"), ORGANISER)
    assert len(evening.act().parties) == 2
    assert evening.act().signers == {0, 1, 3}


def test_the_document_that_is_signed_is_the_one_that_was_locked() -> None:
    evening = Evening()
    evening.do(c.Attach(FIRST, LanguageTag("de"), DIGEST, 3, 1000), ORGANISER)
    evening.signing(FIRST)
    old = evening.signature(0, FIRST, documents={LanguageTag("de"): w.Digest("00" * 32)})
    assert evening.refused(old, pad(CZ2)) == "document-changed"
    assert evening.refused(c.Detach(FIRST, LanguageTag("de")), ORGANISER) == "act-moved"
    assert evening.view()["acts"][FIRST]["documents"] == {"de": {"digest": DIGEST, "pages": 3}}
    evening.sign(0, FIRST)


def test_parties_sit_by_precedence_and_the_officer_may_move_them() -> None:
    evening = Evening().seated()
    assert evening.act().seats == (CZ2, CZ3, CZ1, FR1)
    assert evening.seated(FIRST).act(FIRST).seats == (CZ2, FR1)
    evening.do(c.SeatParties(MEMORANDUM, (CZ1, CZ2, CZ3, FR1)), OFFICER)
    assert evening.act().seats == (CZ1, CZ2, CZ3, FR1)
    for wrong in ((CZ1, CZ2, CZ3), (CZ1, CZ1, CZ3, FR1), (CZ1, CZ2, FR1, CZ3)):
        assert evening.refused(c.SeatParties(MEMORANDUM, wrong), OFFICER) == "seats-wrong"


def test_a_hall_s_operator_says_ready_for_that_hall_only() -> None:
    evening = Evening().seated()
    evening.do(c.SetReady(MEMORANDUM, FRANKFURT, on=True), OPERATOR)
    assert evening.refused(c.SetReady(MEMORANDUM, CHANGZHOU, on=True), OPERATOR) == "venue-not-yours"
    assert evening.step() == "seated"
    evening.do(c.SetReady(MEMORANDUM, CHANGZHOU, on=True), OFFICER)
    assert evening.step() == "ready"
    assert evening.desk()["ready"] == {MEMORANDUM: {CHANGZHOU: True, FRANKFURT: True}}
    evening.do(c.SetReady(MEMORANDUM, FRANKFURT, on=False), OPERATOR)
    assert evening.step() == "seated"


def test_a_tablet_knows_what_lies_before_it() -> None:
    evening = Evening()
    assert evening.mine(CZ2) == {"seat": CZ2}
    evening.seated_with_pads()
    assert evening.mine(CZ3) == {"seat": CZ3, "act": MEMORANDUM, "party": 1, "device": "tablet"}
    evening.seated(FIRST)
    assert evening.mine(FR1)["act"] == MEMORANDUM, "the earlier act first"
    evening.do(c.Void(MEMORANDUM, "Rain"), OFFICER)
    assert evening.mine(FR1)["act"] == FIRST


def test_nobody_speaks_for_a_seat_without_its_link() -> None:
    with pytest.raises(Refused, match="seat-not-yours"):
        Evening().do(c.StandBy(0, 1), Actor(PersonId("x"), Role.SIGNATORY))
