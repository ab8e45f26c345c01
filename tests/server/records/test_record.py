"""A record holds what happened, in the same bytes each time, and no person's data."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from rooms.kernel import RoomId
from server.records.canonical import canonical
from server.records.facts import facts
from server.records.record import act_record, commitments, personal
from tests.server.records import another_program
from tests.server.records.conftest import Made
from tests.server.records.staged import FRAME, GERMAN, MEMORANDUM, PROJECT, Stage, own


@pytest.fixture(scope="module")
def record(stage: Stage) -> dict[str, Any]:
    return act_record(FRAME, stage.facts, MEMORANDUM)


def test_the_same_facts_make_the_same_bytes_whatever_happened_afterwards(stage: Stage, record: dict[str, Any]) -> None:
    sealed = next(n for n, fact in enumerate(stage.facts) if fact["event"]["type"] == "ceremony.sealed")
    assert canonical(act_record(FRAME, stage.facts[: sealed + 1], MEMORANDUM)) == canonical(record)


def test_an_act_that_nobody_sealed_has_no_record(stage: Stage) -> None:
    with pytest.raises(KeyError):
        act_record(FRAME, stage.facts[:5], MEMORANDUM)


def test_parties_documents_takes_and_incidents_are_told(record: dict[str, Any]) -> None:
    act = record["act"]
    assert [party["names"]["zh"] for party in act["parties"]][::3] == ["常州市人民政府", "德国商业银行"]
    assert act["parties"][3]["seat"] == "frankfurt-1"
    assert act["documents"] == {"de": {"sha256": GERMAN, "bytes": 90_000, "pages": 4}}
    assert [(take["outcome"], len(take["signatures"])) for take in act["takes"]] == [("set aside", 1), ("done", 4)]
    assert [cue["event"] for cue in act["incidents"]] == ["held", "retaken"]
    assert act["cues"][-1]["utc"] == "2022-07-07T07:04:36.000Z"
    assert act["outcome"] == "done"


def test_no_name_no_stroke_and_no_person_s_id_is_in_a_record(stage: Stage, record: dict[str, Any]) -> None:
    text = canonical(record).decode()
    assert "Müller" not in text
    assert '"person"' not in text
    assert "aspect" not in text
    assert set(commitments(record)) <= stage.openings.keys()
    assert len(list(commitments(record))) == 9


def test_what_happened_in_other_acts_stays_a_digest(stage: Stage) -> None:
    record = act_record(FRAME, stage.facts, PROJECT)
    assert {entry["fact"]["event"].get("act") for entry in own(record)} == {PROJECT, None}
    assert len(list(own(record))) < len(record["chain"]["entries"])


def test_another_room_and_other_features_are_not_in_the_chain(stage: Stage) -> None:
    assert list(facts(stage.bodies, RoomId("dialogue"))) == []
    assert all(fact["event"]["type"].startswith("ceremony.") for fact in stage.facts)


def test_another_program_verifies_an_act_and_a_ceremony(records: Mapping[str, Made], stage: Stage) -> None:
    """Void acts, former takes and openings too; other kinds of acts are in test_kinds."""
    for made in records.values():
        openings = {digest: stage.openings[digest] for digest in commitments(made.value)}
        given, opened = (json.loads(canonical(each)) for each in (made.value, personal(made.value, openings)))
        another_program.verify(given, opened)
        opened["openings"][0]["value"] = "Somebody"
        with pytest.raises(AssertionError):
            another_program.verify(given, opened)


def test_a_record_is_not_changed_by_reading_it(stage: Stage, record: dict[str, Any]) -> None:
    before = copy.deepcopy(record)
    personal(record, stage.openings)
    list(commitments(record))
    assert before == record
