"""A record holds what happened, in the same bytes each time, and no person's data."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from rooms.kernel import RoomId
from server.records.canonical import canonical
from server.records.facts import facts
from server.records.record import act_record, commitments, personal
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


def test_another_program_can_verify_a_record_from_the_page_that_describes_it(
    stage: Stage, record: dict[str, Any]
) -> None:
    """Written from docs/ceremony.md with hashlib, json and cryptography only."""

    def jcs(value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    def sha(purpose: str, *parts: bytes) -> bytes:
        return hashlib.sha256(f"twinhall/ceremony/{purpose}/v1\0".encode() + b"".join(parts)).digest()

    def signed(purpose: str, value: dict[str, Any]) -> bytes:
        unsigned = {name: part for name, part in value.items() if name != "signature"}
        return f"twinhall/ceremony/{purpose}/v1\0".encode() + jcs(unsigned)

    given = json.loads(base64.b64decode(base64.b64encode(canonical(record))))
    before = sha("root", jcs({"conference": given["conference"]["id"], "room": given["room"]}))
    assert before.hex() == given["chain"]["root"]
    for n, entry in enumerate(given["chain"]["entries"], 1):
        assert entry["n"] == n
        if "fact" in entry:
            assert sha("entry", jcs(entry["fact"])).hex() == entry["digest"]
        before = sha("link", before, bytes.fromhex(entry["digest"]))
        assert before.hex() == entry["link"]
    point = given["checkpoint"]
    assert (point["count"], point["head"]) == (len(given["chain"]["entries"]), before.hex())
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(point["key"]))
    key.verify(bytes.fromhex(point["signature"]), signed("checkpoint", point))
    key.verify(bytes.fromhex(given["signature"]), signed("record", given))

    opened = json.loads(canonical(personal(record, stage.openings)))["openings"]
    assert len(opened) == len(stage.openings)
    for each in opened:
        kind = hashlib.sha256(each["kind"].encode()).digest()
        made = sha("commitment", bytes.fromhex(each["salt"]), kind, jcs(each["value"]))
        assert made.hex() == each["commitment"]


def test_a_record_is_not_changed_by_reading_it(stage: Stage, record: dict[str, Any]) -> None:
    before = copy.deepcopy(record)
    personal(record, stage.openings)
    list(commitments(record))
    assert before == record
