"""The ceremony among the features: what it takes of the stage, what is shown and counted, and what is kept."""

from __future__ import annotations

from pathlib import Path

from rooms import conferences
from rooms.audience import Attendee, Wall
from rooms.ceremony import commands as c
from rooms.conference import Conference
from rooms.definition import Words
from rooms.definition_text import read
from rooms.features.ceremony import Ceremony
from rooms.features.stage import Take
from rooms.journal import decode, encode
from rooms.kernel import ProjectId
from rooms.program import Layout
from tests.rooms.ceremony.evening import COMMITMENT, DIGEST, FIRST, MEMORANDUM, OFFICER, Evening, drafted
from tests.rooms.hall import CZ, CZ_TABLE, DIRECTOR, FR_TABLE, FRANKFURT, ORGANISER, STAGE

GOLDEN = Path(__file__).parents[2] / "golden" / "ceremony.jsonl"


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


def test_a_ceremony_goes_on_from_a_snapshot() -> None:
    evening = drafted()
    evening.do(c.NameSignatory(MEMORANDUM, 1, commitment=COMMITMENT), ORGANISER)
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
    records = {act.id: act.record for act in conference.feature(Ceremony, STAGE).book.acts() if act.record}
    assert records == {"memorandum": DIGEST}
