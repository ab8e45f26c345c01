"""Whatever is changed, lost, swapped or cut in a record is found, and named."""

from __future__ import annotations

import copy
import io
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from server.records.canonical import canonical
from server.records.certificate import certificate
from server.records.checkpoint import Signer
from server.records.record import Frame, act_record, personal, record_digest
from server.records.verdict import Checked, Status, overall, said
from server.records.verify import verify
from tests.server.records.conftest import Made
from tests.server.records.staged import FRAME, GERMAN_PDF, PROJECT, REASON, SIGNER, VOIDED, Stage

Records = Mapping[str, Made]
VERIFY = Path(__file__).parents[3] / "scripts" / "verify"
MEMORANDUM, CEREMONY = "jiangsu-2022-memorandum", "jiangsu-2022-ceremony-projects"
DELETE = object()


@pytest.fixture
def value(records: Records) -> dict[str, Any]:
    """A memorandum's record that a test may wound."""
    return copy.deepcopy(records[MEMORANDUM].value)


def judged(value: object, name: str = "record.json") -> Checked:
    [checked] = verify([(name, canonical(value))])
    return checked


def damage(checked: Checked) -> str:
    """The first damage in words."""
    assert checked.status == Status.DAMAGED, list(said([checked]))
    return next(line for line in checked.lines if line.startswith("DAMAGED"))


def signed_anew(value: dict[str, Any]) -> dict[str, Any]:
    """As the node itself would sign it: what is left to find is what the record tells."""
    return {**value, "signature": SIGNER.sign("record", value)}


def test_a_whole_set_is_whole_and_says_what_was_checked(records: Records) -> None:
    checked = verify([(f"{name}.pdf", made.pdf) for name, made in records.items()])
    assert overall(checked) == Status.WHOLE, list(said(checked))
    text = "\n".join(said(checked))
    for words in (
        "each follows the one before it",
        "9 of 9 commitments",
        "the seal covers",
        "of all its 2 acts that were sealed",
    ):
        assert words in text


def test_a_record_by_itself_is_whole_too(value: dict[str, Any]) -> None:
    assert judged(value).status == Status.WHOLE


def test_every_flipped_entry_is_named(value: dict[str, Any]) -> None:
    for number, entry in enumerate(value["chain"]["entries"], 1):
        wounded = copy.deepcopy(value)
        wounded["chain"]["entries"][number - 1]["fact"]["at_ms"] += 1
        assert f"changed: entry {number} " in damage(judged(wounded)), entry
        wounded = copy.deepcopy(value)
        wounded["chain"]["entries"][number - 1]["digest"] = "00" * 32
        assert f"changed: entry {number} " in damage(judged(wounded)), entry


def test_every_deleted_swapped_and_cut_entry_is_named(value: dict[str, Any]) -> None:
    entries = value["chain"]["entries"]
    for at in range(len(entries) - 1):
        for wound, wounded in (
            ("lost", entries[:at] + entries[at + 1 :]),
            ("swapped", [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]),
            ("cut", entries[:at]),
        ):
            given = {**value, "chain": {**value["chain"], "entries": wounded}}
            assert f"{wound}: entry {at + 1} " in damage(judged(given))


def test_a_chain_cut_with_its_count_is_cut_by_the_checkpoint(value: dict[str, Any]) -> None:
    chain = value["chain"]
    chain |= {"entries": chain["entries"][:-2], "count": chain["count"] - 2, "head": chain["entries"][-3]["link"]}
    assert f"cut: entry {chain['count'] + 1} of" in damage(judged(value))


def test_a_story_that_the_entries_do_not_tell_is_named_even_if_it_was_signed(value: dict[str, Any]) -> None:
    value["act"]["parties"][1]["names"]["de"] = "Jemand"
    assert "memorandum.parties[1].names.de" in damage(judged(signed_anew(value)))


def test_a_fact_that_is_not_told_any_more_is_noticed(value: dict[str, Any]) -> None:
    del value["chain"]["entries"][12]["fact"]
    assert "changed" in damage(judged(signed_anew(value)))


@pytest.mark.parametrize("part", ["conference", "venues", "note"])
def test_what_stands_beside_the_entries_is_signed(value: dict[str, Any], part: str) -> None:
    value[part] = {**value[part], "title": {"en": "Another"}}
    assert "something beside the entries" in damage(judged(value))


def test_another_key_is_no_key_of_ours(records: Records) -> None:
    [checked] = verify([("a.pdf", records[MEMORANDUM].pdf)], key="00" * 32)
    assert "not by the key that you gave" in damage(checked)
    [checked] = verify([("a.pdf", records[MEMORANDUM].pdf)], key=SIGNER.public)
    assert checked.status == Status.WHOLE


@pytest.mark.parametrize(
    ("path", "other"),
    [
        (("act",), None),
        (("act",), DELETE),
        (("subject",), "ceremony"),
        (("ceremony",), {"item": "projects", "title": {}, "acts": []}),
        (("conference", "id"), "\ud800"),
        (("room",), "\ud800"),
    ],
)
def test_a_record_that_lacks_what_it_is_of_is_damaged_beside_whole_ones(
    value: dict[str, Any], path: tuple[str, ...], other: object
) -> None:
    *above, name = path
    wounded = copy.deepcopy(value)
    part = wounded
    for step in above:
        part = part[step]
    if other is DELETE:
        del part[name]
    else:
        part[name] = other
    checked = verify([("bad", json.dumps(wounded).encode()), ("good", canonical(value))])
    assert "changed: the " in damage(checked[0])
    assert checked[1].status == Status.WHOLE


def test_json_that_was_cut_names_the_first_entry_that_cannot_be_read(value: dict[str, Any]) -> None:
    text = canonical(value)
    began = text.index(b'"entries"')
    for cut in range(began + 20, text.index(b'"checkpoint"'), 397):
        [checked] = verify([("record.json", text[:cut])])
        whole = text[began:cut].count(b'"n":')
        named = int(damage(checked).split("entry ")[1].split()[0])
        assert whole <= named <= whole + 1


def test_every_flipped_byte_of_a_sealed_pdf_is_damage(records: Records) -> None:
    pdf = records[MEMORANDUM].pdf
    for at in range(40, len(pdf) - 1, len(pdf) // 40):
        wounded = pdf[:at] + bytes([pdf[at] ^ 0x01]) + pdf[at + 1 :]
        assert overall(verify([("a.pdf", wounded)])) == Status.DAMAGED, at


def test_a_sealed_pdf_cut_anywhere_is_damage(records: Records) -> None:
    pdf = records[MEMORANDUM].pdf
    for left in (900, len(pdf) // 4, len(pdf) // 2, len(pdf) - 3000, len(pdf) - 1):
        [checked] = verify([("a.pdf", pdf[:left])])
        assert checked.status == Status.DAMAGED, left


def test_what_was_added_to_a_sealed_pdf_is_noticed(records: Records) -> None:
    [checked] = verify([("a.pdf", records[MEMORANDUM].pdf + b"\n% more")])
    assert "added" in damage(checked)


def test_a_pdf_whose_seal_was_taken_off_is_damaged(records: Records) -> None:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(records[MEMORANDUM].pdf)) as pdf:
        del pdf.Root["/AcroForm"]
        del pdf.pages[0]["/Annots"]
        pdf.save(written)
    [checked] = verify([("a.pdf", written.getvalue())])
    assert "no seal" in damage(checked)


def with_attached(made: Made, name: str, data: bytes) -> bytes:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(made.pdf)) as pdf:
        pdf.attachments[name] = data
        pdf.save(written)
    return written.getvalue()


def test_openings_that_open_nothing_or_belong_elsewhere_are_named(records: Records, stage: Stage) -> None:
    made = records[MEMORANDUM]
    value = personal(made.value, {digest: stage.openings[digest] for digest in list(stage.openings)[:9]})
    wounded = copy.deepcopy(value)
    wounded["openings"][2]["value"] = "Somebody"
    [checked] = verify([("a.pdf", with_attached(made, "personal.json", canonical(wounded)))])
    assert "opening 3 of personal.json" in damage(checked)
    other = {**value, "record": record_digest(records["jiangsu-2022-project-1"].value)}
    [checked] = verify([("a.pdf", with_attached(made, "personal.json", canonical(other)))])
    assert "belongs to another record" in damage(checked)


def test_a_lost_record_of_a_ceremony_is_named(records: Records) -> None:
    del (given := dict(records))["jiangsu-2022-project-1"]
    checked = verify([(f"{name}.pdf", made.pdf) for name, made in given.items()])
    assert "the record of project-1 is not among" in damage(checked[-1])


def test_a_void_act_is_told_by_its_ceremony_with_its_facts_and_its_reason(records: Records) -> None:
    value = copy.deepcopy(records[CEREMONY].value)
    *sealed, void = value["ceremony"]["acts"]
    assert [each["outcome"] for each in (*sealed, void)] == ["done", "done", "void"]
    assert (void["act"], void["reason"]) == (VOIDED, REASON)
    assert len(void["takes"][0]["signatures"]) == 1
    assert value["chain"]["entries"][-1]["fact"]["event"]["reason"] == REASON, "it ends where the last one is settled"
    [line] = [each for each in certificate(value, {})["pages"][2]["acts"] if each["outcome"].endswith(REASON)]
    assert line["outcome"] == f"void: {REASON}"
    assert "2022-07-07" in line["when"]
    void["reason"] = "Nobody came"
    assert "project-2.reason" in damage(judged(signed_anew(value)))


def test_records_that_changed_their_names_are_swapped(records: Records) -> None:
    names = list(records)
    swapped = [names[1], names[0], *names[2:]]
    checked = verify([(f"{name}.pdf", records[other].pdf) for name, other in zip(names, swapped, strict=True)])
    assert "it holds jiangsu-2022-project-1" in damage(checked[0])


def test_a_file_may_bear_any_other_name(records: Records) -> None:
    assert overall(verify([("vertrag.pdf", records[MEMORANDUM].pdf)])) == Status.WHOLE


def test_two_records_that_tell_the_same_entry_otherwise_are_named(records: Records, stage: Stage) -> None:
    facts = copy.deepcopy(stage.facts)
    facts[1]["at_ms"] += 1
    theirs = act_record(FRAME, facts, PROJECT)
    checked = verify([("a", canonical(records[MEMORANDUM].value)), ("b", canonical(theirs))])
    assert checked[0].status == Status.WHOLE
    assert "changed: entry 2 is another one in a" in damage(checked[1])


def test_two_records_of_one_room_that_two_keys_signed_are_named(records: Records, stage: Stage) -> None:
    theirs = act_record(Frame(FRAME.definition, FRAME.room, Signer(bytes(32))), stage.facts, PROJECT)
    assert judged(theirs).status == Status.WHOLE
    checked = verify([("a", canonical(records[MEMORANDUM].value)), ("b", canonical(theirs))])
    assert "signed by another key than a" in damage(checked[1])


@pytest.mark.parametrize("data", [b"", b"hello", b"{}", b'{"format":"x"}', b"%PDF-1.7\n", b"[1]", b'"x"', b"\x89PNG"])
def test_what_is_no_record_is_not_ours(data: bytes) -> None:
    assert overall(verify([("x", data)])) == Status.NOT_OURS


def test_the_very_document_that_was_signed_is_recognised(value: dict[str, Any]) -> None:
    files = [("a.json", canonical(value)), ("de.pdf", GERMAN_PDF), ("other.pdf", GERMAN_PDF + b" ")]
    checked = verify(files)
    assert [each.status for each in checked] == [Status.WHOLE, Status.WHOLE, Status.NOT_OURS]
    assert "the very document that was signed: de of memorandum" in checked[1].lines[0]
    files[0] = ("a.json", canonical({**value, "room": "another"}))
    assert verify(files)[1].status == Status.NOT_OURS, "a damaged record vouches for nothing"


def test_what_a_file_holds_moves_no_cursor() -> None:
    lines = list(said([Checked("\x1b[2Jx\r\u202e", Status.NOT_OURS, ["\x07"])]))
    assert lines == ["?[2Jx??: not ours", "  ?"]


def test_the_command_says_it_all_with_its_exit_status(records: Records, tmp_path: Path) -> None:
    whole, damaged, foreign = (tmp_path / name for name in ("a.pdf", "b.json", "c.pdf"))
    whole.write_bytes(records[MEMORANDUM].pdf)
    damaged.write_bytes(canonical(records[MEMORANDUM].value).replace(b'"n":3', b'"n":4', 1))
    foreign.write_bytes(b"hello")
    away = tmp_path / "d.pdf"
    for files, status in (([whole], 0), ([away, foreign, damaged], 1), ([away, whole], 2)):
        done = subprocess.run([VERIFY, *files], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (status, ""), done.stdout + done.stderr
    assert f"{whole}: whole" in done.stdout, "a file that is not there keeps no other from its verdict"
