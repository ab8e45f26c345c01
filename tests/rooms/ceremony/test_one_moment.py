"""From arming to the seal: pads open by time, each party signs once, and what may come between."""

from __future__ import annotations

from rooms.ceremony import commands as c
from rooms.ceremony import words as w
from rooms.ceremony.rules import AWAKE_MS
from rooms.features.ceremony import Ceremony
from rooms.kernel import DeviceId
from tests.rooms.ceremony.evening import CZ1, CZ2, CZ3, DIGEST, FIRST, MEMORANDUM, NODE, OFFICER, SECOND, Evening, pad
from tests.rooms.hall import STAGE


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
    assert ceremony.to_seal() == ()
    assert evening.view()["acts"][MEMORANDUM]["record"] == DIGEST
    assert evening.do(c.KeepRecord(MEMORANDUM, DIGEST), NODE) == []
