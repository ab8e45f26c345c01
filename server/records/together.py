"""What several files say of one another: one chain, one key, nothing lost, nothing swapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from server.records.record import acts, record_digest
from server.records.shape import Record, Told
from server.records.verdict import Checked, Status


def compare(checked: Sequence[Checked]) -> None:
    """Judge the files by one another."""
    _documents(checked)
    _together(checked)


def _documents(checked: Sequence[Checked]) -> None:
    """A file that is none of ours may be a document that was signed."""
    signed = {
        document["sha256"]: f"{language} of {act['act']}"
        for each in checked
        if each.record is not None and each.status == Status.WHOLE
        for act in acts(each.value)
        for language, document in act["documents"].items()
    }
    for each in checked:
        if each.status == Status.NOT_OURS and each.sha256 in signed:
            each.status, each.lines = Status.WHOLE, []
            each.well(f"the very document that was signed: {signed[each.sha256]}")


def _together(checked: Sequence[Checked]) -> None:
    """Records of one room tell one chain; a ceremony names its acts' records; a file is what its name says."""
    records = [each for each in checked if each.record is not None]
    for each in records:
        _listed(each, records)
    for number, each in enumerate(records):
        for other in records[:number]:
            _one_chain(other, each)
    for each in records:
        _named(each, records)


def _one_chain(first: Checked, second: Checked) -> None:
    assert first.record is not None
    assert second.record is not None
    one, two = first.record, second.record
    if (one.conference.id, one.room) != (two.conference.id, two.room) or max(first.status, second.status):
        return
    if one.checkpoint.key != two.checkpoint.key:
        second.damaged(f"swapped: it is signed by another key than {first.name}")
        return
    for mine, theirs in zip(two.chain.entries, one.chain.entries, strict=False):
        if mine.digest != theirs.digest:
            second.damaged(f"changed: entry {mine.n} is another one in {first.name}")
            return
    if first.seal and second.seal and first.seal != second.seal:
        second.damaged(f"swapped: it bears another seal than {first.name}; --seal tells which of both is the node's")
        return
    second.well(f"its chain and that of {first.name} are one")


def _listed(ceremony: Checked, records: Sequence[Checked]) -> None:
    """A ceremony given together with records of its acts names what is missing, and what was swapped."""
    assert ceremony.record is not None
    if ceremony.record.ceremony is None or ceremony.status != Status.WHOLE:
        return
    listed = [each for each in ceremony.record.ceremony.acts if each.record is not None]
    given = {each.act: list(_of(ceremony.record, each, records)) for each in listed}
    if not any(given.values()):
        return
    for each in listed:
        if not given[each.act]:
            ceremony.damaged(f"lost: the record of {each.act} is not among the files")
            return
        for found in given[each.act]:
            _as_listed(ceremony, each, found)
    ceremony.well(f"the records of all its {len(listed)} acts that were sealed are there")


def _of(ceremony: Record, act: Told, records: Sequence[Checked]) -> Iterator[Checked]:
    """The records of one act of a ceremony."""
    for each in records:
        own = each.record
        if own is not None and own.act is not None and own.act.act == act.act and own.conference == ceremony.conference:
            yield each


def _as_listed(ceremony: Checked, act: Told, found: Checked) -> None:
    """An act's record is the one that the ceremony names; and so is its file, pages and seal, if it is the PDF."""
    if found.status != Status.WHOLE:
        return
    if record_digest(found.value) != act.record:
        found.damaged(f"swapped: {ceremony.name} names another record of {act.act}")
    elif found.seal and found.sha256 != act.file:
        found.damaged(f"changed: {ceremony.name} names another file of {act.act}: other pages, or another seal")


def _named(checked: Checked, records: Sequence[Checked]) -> None:
    """A file that bears the name of another record was swapped with it."""
    assert checked.record is not None
    stem = PurePath(checked.name).name.partition(".")[0]
    others = {each.record.name for each in records if each.record is not None} | {
        f"{checked.record.conference.id}-{act}" for act in _acts_named(records)
    }
    if stem != checked.record.name and stem in others:
        checked.damaged(f"swapped: it holds {checked.record.name}, not what its name says")


def _acts_named(records: Sequence[Checked]) -> Iterator[str]:
    for each in records:
        if each.record is not None and each.record.ceremony is not None:
            yield from (act.act for act in each.record.ceremony.acts)
