"""Every kind of act, and every way it may go, has a record that verifies and a certificate that can be printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from rooms.ceremony import commands as c
from rooms.ceremony import words as w
from rooms.definition import ProjectKind, Words
from rooms.features.ceremony import Ceremony
from rooms.journal import Entry, encode
from rooms.kernel import Actor, Command, CommandId, Event, PersonId, ProjectId, Role
from server.records.canonical import canonical
from server.records.certificate import certificate
from server.records.checkpoint import Signer
from server.records.facts import facts
from server.records.press import printed
from server.records.record import Frame, act_record
from server.records.verdict import Status, said
from server.records.verify import verify
from tests.rooms.ceremony.evening import CLOTH, CZ1, MEMORANDUM, OFFICER, START, Evening, more, pad, two
from tests.rooms.hall import FRANKFURT, ORGANISER, STAGE
from tests.server.records import another_program

DEFINITION = more(two(CLOTH, ProjectKind.UNVEILING), two(START, ProjectKind.INITIATIVE))


class Journalled(Evening):
    """An evening whose journal is kept as bytes."""

    def __init__(self) -> None:
        super().__init__(DEFINITION)
        self.bodies: list[bytes] = []

    def do(self, command: Command, actor: Actor) -> Sequence[Event]:
        seq = self.conference.seq + 1
        events = super().do(command, actor)
        if self.conference.seq == seq:
            entry = Entry(seq, 1, self.now_ms, actor, STAGE, CommandId(""), tuple(events))
            self.bodies.append(encode(entry))
        return events

    def sealed(self, id: ProjectId) -> dict[str, Any]:
        self.do(c.Seal(id), OFFICER)
        assert self.conference.feature(Ceremony, STAGE).act(id) is not None
        return act_record(Frame(DEFINITION, STAGE, Signer(bytes(32))), list(facts(self.bodies, STAGE)), id)


def signed_in_a_second_take(evening: Journalled, holds: int = 0) -> ProjectId:
    evening.signed(parties=[0, 1])
    for _ in range(holds):
        evening.do(c.Hold(MEMORANDUM), OFFICER)
        evening.do(c.Resume(MEMORANDUM), OFFICER)
    evening.do(c.Hold(MEMORANDUM), OFFICER)
    evening.do(c.Retake(MEMORANDUM), OFFICER)
    evening.do(evening.arm(), OFFICER)
    evening.do(c.Go(MEMORANDUM), OFFICER)
    evening.now_ms += w.LEAD_MS
    for party in range(4):
        evening.sign(party)
    evening.do(c.Exchange(MEMORANDUM), OFFICER)
    evening.do(c.Unveil(MEMORANDUM), OFFICER)
    return MEMORANDUM


def signed_on_paper(evening: Journalled) -> ProjectId:
    evening.seated().do(c.FallBack(MEMORANDUM), OFFICER)
    evening.do(c.Exchange(MEMORANDUM), OFFICER)
    evening.do(c.Unveil(MEMORANDUM), OFFICER)
    return MEMORANDUM


def unveiled_by_two_hands(evening: Journalled) -> ProjectId:
    evening.signing(CLOTH)
    evening.press(0)
    evening.now_ms += 120
    evening.press(1)
    return CLOTH


def begun_with_members(evening: Journalled) -> ProjectId:
    evening.signed(START)
    park = Actor(PersonId("exhi"), Role.EXHIBITOR)
    evening.do(c.Unveil(START), OFFICER)
    evening.do(c.Join(START, Words(en="Park", zh="园区")), park)
    evening.do(c.Admit(START, w.MemberId("m1"), on=True), OFFICER)
    return START


@pytest.mark.parametrize(
    ("play", "outcome"),
    [
        (signed_in_a_second_take, "done"),
        (signed_on_paper, "paper"),
        (unveiled_by_two_hands, "done"),
        (begun_with_members, "done"),
    ],
)
def test_the_record_of_each_kind_verifies_and_can_be_printed(
    play: Callable[[Journalled], ProjectId], outcome: str
) -> None:
    evening = Journalled()
    record = evening.sealed(play(evening))
    assert record["act"]["outcome"] == outcome
    assert {"item", "round", "kind", "title"} <= record["act"].keys()
    [checked] = verify([("record.json", canonical(record))])
    assert checked.status == Status.WHOLE, list(said([checked]))
    another_program.verify(json.loads(canonical(record)))
    assert printed(record, {}).startswith(b"%PDF-")
    page = certificate(record, {})["pages"][2]
    assert page["language"] == "en"
    assert all(page[part] for part in ("kind", "title", "outcome", "parties"))


def test_members_and_hands_are_on_the_page() -> None:
    evening = Journalled()
    begun = certificate(evening.sealed(begun_with_members(evening)), {})["pages"]
    assert [page["members"] for page in begun[:2]] == [["园区"], ["Park"]]
    evening = Journalled()
    _, hands, *_ = certificate(evening.sealed(unveiled_by_two_hands(evening)), {})["pages"][2]["together"]
    assert hands == "The hands lie within 0.120 s of one another, certain to ± 40 ms."


def test_the_last_incidents_are_on_the_page_whatever_happened_before() -> None:
    evening = Journalled()
    for device in (*(f"tablet-{number}" for number in range(19)), "tablet"):
        evening.do(c.StandBy(0.0, 20.0, over=True), pad(CZ1, device))
    record = evening.sealed(signed_in_a_second_take(evening, holds=7))
    assert len(record["act"]["incidents"]) > 20 + 2 * 7 + 2, "the record has them all"
    pages = certificate(record, {})["pages"]
    assert [page["incidents"][0] for page in pages] == [
        "更早的 4 项仅见于 record.json",
        "Frühere, nur in record.json: 4",
        "Earlier ones, in record.json only: 4",
        "Plus anciens, dans record.json seulement : 4",
    ]
    said = [line.split(" ", 1)[1] for line in pages[2]["incidents"][1:]]
    assert said == [*["held", "resumed"] * 5, "held", "begun anew"]


def test_an_unveiling_says_when_each_hall_saw_it_and_how_far_apart_they_were() -> None:
    evening = Journalled()
    evening.do(c.SetDisplayDelay(FRANKFURT, 200), OFFICER)
    evening.now_ms = 1_657_177_440_000
    opened = evening.now_ms + w.LEAD_MS
    record = evening.sealed(unveiled_by_two_hands(evening))
    pages = certificate(record, {})["pages"]
    assert record["act"]["reveal_ms"] == {
        "changzhou": opened + 120,
        "frankfurt": opened + 200,
        "remote": opened + 120,
    }
    halls, apart = pages[2]["together"][-2:]
    assert "Changzhou 2022-07-07 15:04:03.120 (UTC+08:00); Frankfurt 2022-07-07 09:04:03.200 (UTC+02:00)" in halls
    assert halls.endswith("Everywhere else 2022-07-07 07:04:03.120 (UTC+00:00).")
    assert [page["together"][-1] for page in pages] == [
        "各会场揭幕相差 0.080 秒。",
        "Die Säle sahen es im Abstand von 0.080 s.",
        "The halls saw it 0.080 s apart.",
        "Les salles l\u2019ont vu à 0.080 s d\u2019intervalle.",
    ]
    assert apart == pages[2]["together"][-1]


def test_a_name_that_was_given_is_committed_to_by_its_party() -> None:
    evening = Journalled()
    evening.do(c.NameSignatory(MEMORANDUM, 1, "", w.Digest("ef" * 32)), ORGANISER)
    record = evening.sealed(signed_on_paper(evening))
    assert record["act"]["parties"][1]["signatory"] == "ef" * 32


@pytest.mark.parametrize("drafted_before", [False, True])
def test_a_signatory_goes_with_the_party_whose_name_goes(drafted_before: bool) -> None:
    """Also of an act that only the definition drafts: no fact says what its parties were called."""
    evening = Journalled()
    known = evening.act().parties
    alpha = replace(known[0], names=Words(en="Alpha")) if drafted_before else known[0]
    if drafted_before:
        evening.do(redrafted(evening, (alpha, *known[1:])), ORGANISER)
    for party in (0, 1):
        evening.do(c.NameSignatory(MEMORANDUM, party, "", w.Digest(f"e{party}" * 32)), ORGANISER)
    evening.do(c.Lock(MEMORANDUM), OFFICER)
    evening.do(c.SeatParties(MEMORANDUM), OFFICER)
    evening.do(c.Unlock(MEMORANDUM), OFFICER)
    gamma = replace(alpha, names=Words(en="Gamma"))
    evening.do(redrafted(evening, (gamma, replace(known[1], title=Words(en="Mayor")), *known[2:])), ORGANISER)
    evening.do(c.Lock(MEMORANDUM), OFFICER)
    evening.do(c.FallBack(MEMORANDUM), OFFICER)
    evening.do(c.Exchange(MEMORANDUM), OFFICER)
    evening.do(c.Unveil(MEMORANDUM), OFFICER)
    parties = evening.sealed(MEMORANDUM)["act"]["parties"]
    assert [party.get("signatory") for party in parties] == [None, "e1" * 32, None, None]
    assert evening.act().named == {1}
    assert not any("seat" in party for party in parties), "nobody was seated after the act was unlocked"


def redrafted(evening: Journalled, parties: tuple[w.PartyWords, ...]) -> c.Draft:
    drafted = evening.act().drafted
    return c.Draft(drafted.act, drafted.kind, drafted.item, drafted.title, parties, drafted.round)
