"""The ceremony told as evenings: what people do, and what everybody sees of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rooms import conferences
from rooms.audience import Attendee, Wall
from rooms.ceremony import commands as c
from rooms.ceremony import words as w
from rooms.ceremony.model import signatory
from rooms.ceremony.rules import AWAKE_MS
from rooms.conference import Conference
from rooms.definition import Instrument, ProjectKind, Words
from rooms.definition_text import read
from rooms.features.ceremony import Ceremony
from rooms.features.stage import Take
from rooms.journal import decode, encode
from rooms.kernel import Actor, DeviceId, LanguageTag, PersonId, ProjectId, Refused, Role, VenueId
from rooms.program import Layout
from tests.rooms.ceremony.evening import (
    CLOTH,
    COMMITMENT,
    CZ1,
    CZ2,
    CZ3,
    DIGEST,
    FIRST,
    FR1,
    MEMORANDUM,
    NODE,
    OFFICER,
    SECOND,
    START,
    Evening,
    drafted,
    pad,
)
from tests.rooms.hall import CHANGZHOU, CZ, CZ_TABLE, DIRECTOR, FR_TABLE, FRANKFURT, OPERATOR, ORGANISER, STAGE

GOLDEN = Path(__file__).parents[2] / "golden" / "ceremony.jsonl"
GUEST = Actor(PersonId("exhi"), Role.EXHIBITOR)
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


# Drafting


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
    known = evening.act(FIRST).parties
    evening.do(c.NameSignatory(FIRST, 0), ORGANISER)
    evening.do(c.NameSignatory(FIRST, 1), ORGANISER)
    parties = (w.PartyWords(known[0].venue, Words(en="Another")), known[1])
    evening.do(new_act(act=FIRST, parties=parties), ORGANISER)
    assert evening.act(FIRST).named == {1}


def test_the_document_that_is_signed_is_the_one_that_was_locked() -> None:
    evening = Evening()
    evening.do(c.Attach(FIRST, LanguageTag("de"), DIGEST, 3, 1000), ORGANISER)
    evening.signing(FIRST)
    old = evening.signature(0, FIRST, documents={LanguageTag("de"): w.Digest("00" * 32)})
    assert evening.refused(old, pad(CZ2)) == "document-changed"
    assert evening.refused(c.Detach(FIRST, LanguageTag("de")), ORGANISER) == "act-moved"
    assert evening.view()["acts"][FIRST]["documents"] == {"de": {"digest": DIGEST, "pages": 3}}
    evening.sign(0, FIRST)


# Seats


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


# One moment


def test_arming_needs_every_tablet_awake_sure_of_its_time_and_free() -> None:
    evening = Evening().ready()
    asleep = evening.arm(changes={CZ1: w.Pad(evening.now_ms - AWAKE_MS - 1, 0, 1, DeviceId("tablet"))})
    assert evening.refused(asleep, OFFICER) == "pad-asleep"
    unsure = evening.arm(changes={CZ1: w.Pad(evening.now_ms, 0, 250.1, DeviceId("tablet"))})
    assert evening.refused(unsure, OFFICER) == "pad-clock-unsure"
    other = evening.arm(changes={CZ1: w.Pad(evening.now_ms, 0, 1, DeviceId("other"))})
    assert evening.refused(other, OFFICER) == "pad-asleep"
    a_day_off = evening.arm(changes={CZ1: w.Pad(evening.now_ms, 86_400_000, 1, DeviceId("tablet"))})
    assert evening.refused(a_day_off, OFFICER) == ""
    evening.do(evening.arm(), OFFICER)
    evening.ready(FIRST)
    assert evening.refused(evening.arm(FIRST), OFFICER) == "seat-busy"


def test_pads_open_by_time_and_not_by_the_message_that_said_go() -> None:
    evening = Evening().armed()
    evening.do(c.Go(MEMORANDUM), OFFICER)
    opens_ms = evening.now_ms + w.LEAD_MS
    assert evening.view()["acts"][MEMORANDUM]["opens_ms"] == opens_ms
    assert evening.conference.wakes_ms(evening.now_ms) == opens_ms
    assert evening.step() == "armed"
    evening.now_ms = opens_ms - 1
    early = evening.signature(0)
    evening.now_ms = opens_ms - 1
    assert evening.refused(early, pad(CZ2)) == "not-open-yet"
    evening.now_ms = opens_ms
    assert evening.step() == "signing"
    assert evening.conference.wakes_ms(evening.now_ms) is None


def test_strokes_are_drawn_between_the_opening_and_now() -> None:
    evening = Evening().signing()
    opens_ms = float(evening.now_ms)

    def drawn(*times_ms: float) -> str:
        evening.now_ms = int(opens_ms) + 500
        strokes = tuple(((0.5, 0.5, 0.5, at_ms),) for at_ms in times_ms)
        return evening.refused(evening.signature(0, strokes=strokes), pad(CZ2))

    assert drawn(opens_ms - 20, opens_ms + 100) == ""
    assert drawn(opens_ms - 21, opens_ms + 100) == "clock-off"
    assert drawn(opens_ms + 86_400_000) == "clock-off"
    assert drawn(opens_ms + 100, opens_ms + 99) == "strokes-out-of-order"
    assert drawn() == "signature-empty"
    assert drawn(float("nan")) in ("clock-off", "command-unreadable")
    assert drawn(*[opens_ms] * (w.POINTS_MAX + 1)) == "signature-too-long"


def test_whoever_did_not_confirm_name_and_title_does_not_sign() -> None:
    evening = Evening().armed()
    evening.do(c.Go(MEMORANDUM), OFFICER)
    evening.now_ms += w.LEAD_MS
    assert evening.refused(evening.signature(0), pad(CZ2)) == "not-confirmed"
    evening.do(c.Confirm(MEMORANDUM, 1, 0), pad(CZ2))
    evening.sign(0)


def test_a_party_signs_once_at_its_own_seat_on_the_tablet_that_has_it() -> None:
    evening = Evening().signing()
    evening.sign(0)
    assert evening.refused(evening.signature(0), pad(CZ2)) == "signed-already"
    assert evening.refused(evening.signature(1), pad(CZ2)) == "seat-not-yours"
    assert evening.refused(evening.signature(1), pad(CZ3, "other")) == "seat-taken"
    assert evening.refused(c.StandBy(0, 1), pad(CZ3, "other")) == "seat-taken"
    evening.do(c.StandBy(0, 1, over=True), pad(CZ3, "other"))
    assert evening.mine(CZ3)["device"] == "other"
    assert evening.refused(evening.signature(1), pad(CZ3)) == "seat-taken"
    evening.do(evening.signature(1), pad(CZ3, "other"))
    assert evening.refused(evening.signature(2, take=2), pad(CZ1)) == "take-over"


def test_a_signature_may_be_cleared_until_the_last_one_is_there() -> None:
    evening = Evening().signed(parties=(0, 1))
    evening.do(c.Clear(MEMORANDUM, 1, 0), pad(CZ2))
    assert evening.do(c.Clear(MEMORANDUM, 1, 0), pad(CZ2)) == []
    assert set(evening.act().running.signed) == {1}
    for party in (0, 2, 3):
        evening.sign(party)
    assert evening.step() == "signed"
    assert evening.refused(c.Clear(MEMORANDUM, 1, 0), pad(CZ2)) == "act-moved"
    assert [signed.party for signed in evening.act().running.cleared] == [0]


def test_a_hold_closes_the_pads_and_keeps_what_is_written() -> None:
    evening = Evening().signed(parties=(0,))
    evening.do(c.Hold(MEMORANDUM), OFFICER)
    assert evening.view()["acts"][MEMORANDUM]["held"]
    assert evening.refused(evening.signature(1), pad(CZ3)) == "act-held"
    evening.do(c.Resume(MEMORANDUM), OFFICER)
    assert evening.step() == "armed"
    evening.now_ms += w.LEAD_MS
    evening.sign(1)
    assert set(evening.act().running.signed) == {0, 1}
    assert evening.refused(c.Resume(MEMORANDUM), OFFICER) == "act-not-held"


def test_a_retake_sets_signatures_aside_and_the_halls_stay_ready() -> None:
    evening = Evening().signed(parties=(0, 1))
    evening.do(c.Retake(MEMORANDUM), OFFICER)
    act = evening.act()
    assert (evening.step(), act.running.take, len(act.former[0].signatures)) == ("ready", 2, 2)
    evening.do(evening.arm(), OFFICER)
    evening.do(c.Go(MEMORANDUM), OFFICER)
    evening.now_ms += w.LEAD_MS
    for party in range(4):
        evening.sign(party)
    assert evening.step() == "signed"


def test_an_act_falls_back_to_paper_and_goes_on() -> None:
    evening = Evening().signed(parties=(0,))
    evening.do(c.FallBack(MEMORANDUM), OFFICER)
    row = evening.view()["acts"][MEMORANDUM]
    assert (row["step"], row["paper"]) == ("signed", True)
    for command in (c.Exchange(MEMORANDUM), c.Unveil(MEMORANDUM), c.Seal(MEMORANDUM)):
        evening.do(command, OFFICER)
    assert evening.step() == "sealed"


def test_a_void_act_says_why_and_counts_no_more() -> None:
    evening = Evening().signing(FIRST)
    evening.do(c.Void(FIRST, "  The train\u202e is late "), OFFICER)
    view = evening.view()
    assert view["acts"][FIRST]["voided"] == "The train is late"
    assert view["board"]["items"]["projects"] == {"signed": 0, "of": 9}
    assert evening.refused(c.Lock(FIRST), OFFICER) == "act-moved"
    assert evening.refused(c.Void(SECOND, " "), OFFICER) == "text-empty"


def test_a_sealed_act_waits_for_its_record() -> None:
    evening = Evening().unveiled()
    ceremony = evening.conference.feature(Ceremony, STAGE)
    assert evening.refused(c.KeepRecord(MEMORANDUM, DIGEST), NODE) == "act-moved"
    evening.do(c.Seal(MEMORANDUM), OFFICER)
    assert ceremony.to_seal() == (MEMORANDUM,)
    evening.do(c.KeepRecord(MEMORANDUM, DIGEST), NODE)
    assert (ceremony.to_seal(), ceremony.records()) == ((), {MEMORANDUM: DIGEST})
    assert evening.view()["acts"][MEMORANDUM]["record"] == DIGEST
    assert evening.do(c.KeepRecord(MEMORANDUM, DIGEST), NODE) == []


# The stage


def test_an_armed_act_takes_the_tables_scene_until_it_is_unveiled_and_a_later_take_stands_above() -> None:
    evening = Evening()
    evening.do(Take(Layout.FULL, (CZ,)), DIRECTOR)
    evening.armed()

    def shown() -> tuple[str, tuple[str, ...]]:
        screen = evening.conference.screen(STAGE, Attendee())
        return screen.layout.value, screen.sources

    tables = ("signing_tables", (CZ_TABLE, FR_TABLE))
    assert shown() == tables
    assert evening.conference.screen(STAGE, Attendee()).sound, "the sound of the scene below stays"
    evening.do(Take(Layout.FULL, (FR_TABLE,)), DIRECTOR)
    assert shown() == ("full", (FR_TABLE,))
    evening.do(c.Retake(MEMORANDUM), OFFICER)
    evening.do(evening.arm(), OFFICER)
    assert shown() == tables
    evening.do(c.FallBack(MEMORANDUM), OFFICER)
    evening.do(c.Exchange(MEMORANDUM), OFFICER)
    assert shown() == tables
    evening.do(c.Unveil(MEMORANDUM), OFFICER)
    assert shown() == ("full", (FR_TABLE,))


def test_arming_shows_the_act_and_the_officer_shows_another_or_the_board() -> None:
    evening = Evening().armed()
    assert evening.view(Wall(FRANKFURT))["shown"] == MEMORANDUM
    evening.do(c.Show(FIRST), OFFICER)
    assert evening.view()["shown"] == FIRST
    evening.do(c.Show(), OFFICER)
    assert "shown" not in evening.view()
    assert evening.refused(c.Show(ProjectId("nothing")), OFFICER) == "act-unknown"


# Unveiling, initiative


def test_two_hands_unveil_and_each_hall_waits_for_the_other_s_picture() -> None:
    evening = drafted()
    evening.do(c.SetDisplayDelay(FRANKFURT, 200), OFFICER)
    evening.do(c.SetDisplayDelay(CHANGZHOU, 120), OFFICER)
    assert evening.conference.feature(Ceremony, STAGE).skews({}) == {CLOTH: 80}
    evening.signing(CLOTH)
    at_ms = evening.now_ms
    evening.press(0)
    evening.now_ms += 50
    evening.press(1)
    expected = {CHANGZHOU: at_ms + 50 + 120, FRANKFURT: at_ms + 200, "remote": at_ms + 50}
    assert evening.view()["acts"][CLOTH]["reveal_ms"] == expected
    assert evening.step(CLOTH) == "unveiled"


def test_halls_that_would_see_it_too_far_apart_are_not_armed() -> None:
    evening = drafted().ready(CLOTH)
    evening.do(c.SetDisplayDelay(FRANKFURT, 301), OFFICER)
    assert evening.refused(evening.arm(CLOTH), OFFICER) == "skew-too-large"
    evening.do(c.SetTolerance(301), OFFICER)
    assert evening.refused(evening.arm(CLOTH), OFFICER) == ""


def test_an_unveiling_whose_tablet_fails_is_revealed_by_hand() -> None:
    evening = drafted().signing(CLOTH)
    evening.press(0)
    evening.do(c.Unveil(CLOTH), OFFICER)
    assert evening.view()["acts"][CLOTH]["reveal_ms"][FRANKFURT] == evening.now_ms + w.UNVEIL_LEAD_MS
    assert evening.refused(c.FallBack(CLOTH), OFFICER) == "act-moved"


def test_parks_join_an_initiative_and_are_counted_when_they_are_admitted() -> None:
    evening = drafted()
    assert evening.refused(c.Join(START, Words(en="Park")), GUEST) == "not-open-to-members"
    evening.signed(START)
    evening.do(c.Join(START, Words(en="Prak")), GUEST)
    evening.do(c.Join(START, Words(en="Park")), GUEST)
    assert "members" not in evening.view()["acts"][START]
    assert evening.desk()["acts"][START]["members"] == [
        {"names": Words(en="Park").all(), "member": "m1", "admitted": False}
    ]
    evening.do(c.Admit(START, w.MemberId("m1"), on=True), OFFICER)
    assert evening.view()["acts"][START]["members"] == [{"names": Words(en="Park").all()}]
    assert evening.refused(c.Join(START, Words(en="Other")), GUEST) == "joined-already"
    evening.do(c.Join(START, Words(en="Works")), OFFICER)
    assert len(evening.view()["acts"][START]["members"]) == 2
    evening.do(c.Unveil(START), OFFICER)
    evening.do(c.Join(START, Words(en="Late")), Actor(PersonId("late"), Role.SPEAKER))
    evening.do(c.Seal(START), OFFICER)
    assert evening.refused(c.Admit(START, w.MemberId("m3"), on=True), OFFICER) == "act-moved"


def test_the_forum_of_beijing_holds_letters_an_unveiling_an_initiative_and_projects_by_sector() -> None:
    evening = Evening(read(conferences.text("beijing-2024")))
    letters, report, initiative = (ProjectId(id) for id in ("letters", "report", "initiative"))
    evening.signed(letters)
    for command in (c.Exchange(letters), c.Unveil(letters), c.Seal(letters)):
        evening.do(command, OFFICER)
    evening.signing(report)
    evening.press(0, report)
    evening.press(1, report)
    evening.signed(initiative)
    evening.do(c.Join(initiative, Words(en="Park")), OFFICER)
    evening.signed(ProjectId("project-1"))
    assert [evening.step(act) for act in (letters, report, initiative)] == ["sealed", "unveiled", "signed"]
    board = evening.view()["board"]
    assert [(each["signed"], each["of"]) for each in board["sectors"]] == [(1, 4), (0, 4), (0, 4)]
    assert (board["signed"], board["of"]) == (4, 15)


# What is kept


def test_a_ceremony_goes_on_from_a_snapshot() -> None:
    evening = drafted()
    evening.do(c.NameSignatory(MEMORANDUM, 1), ORGANISER)
    evening.signed(parties=(0, 1))
    again = Conference.restored(evening.conference.snapshot())
    assert again.view(Attendee(), STAGE, {}, evening.now_ms) == evening.conference.view(
        Attendee(), STAGE, {}, evening.now_ms
    )
    evening.conference = again
    evening.sign(2)
    evening.sign(3)
    assert evening.step() == "signed"


def golden() -> list[bytes]:
    return GOLDEN.read_bytes().splitlines()


def test_the_golden_ceremony_is_written_as_it_was_read_and_holds_every_event() -> None:
    read = [decode(line) for line in golden()]
    assert [encode(entry) for entry, _ in read[1:]] == golden()[1:]
    assert not [warning for _, warnings in read for warning in warnings]
    assert {type(event) for entry, _ in read for event in entry.events} >= set(Ceremony.events)


def test_the_golden_ceremony_stands_where_it_stood() -> None:
    conference = Conference.replayed(decode(line)[0] for line in golden())
    acts = {str(act.id): (act.step.value, act.running.take) for act in conference.feature(Ceremony, STAGE).book.acts()}
    assert acts["memorandum"] == ("sealed", 2)
    assert acts["cloth"] == ("unveiled", 1)
    assert acts["start"] == ("signed", 1)
    assert acts["project-1"] == ("void", 1)
    assert acts["project-2"] == ("signed", 1)
    assert conference.feature(Ceremony, STAGE).records() == {"memorandum": DIGEST}


def test_nobody_speaks_for_a_seat_without_its_link() -> None:
    with pytest.raises(Refused, match="seat-not-yours"):
        Evening().do(c.StandBy(0, 1), Actor(PersonId("x"), Role.SIGNATORY))
