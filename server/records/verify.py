"""Verifies records from their files alone, and says in words what was checked and what was damaged first."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from server.records.attachment import Attached, attachments
from server.records.canonical import Broken, Unreadable, read
from server.records.chain import Fault, Wound, fault, root
from server.records.checkpoint import verified
from server.records.difference import first_difference
from server.records.record import FORMAT, PERSONAL, acts, commitments, own_facts, record_digest
from server.records.shape import Opened, Personal, Record, readable_entries, shaped
from server.records.story import told
from server.records.together import compare
from server.records.verdict import Checked, Status

if TYPE_CHECKING:
    from server.records.seal import SealState

FILE_MAX: Final = 64 * 1024 * 1024
"""bytes of one file that are looked at."""
RECORD, OPENINGS = "record.json", "personal.json"


def verify(files: Sequence[tuple[str, bytes]], key: str = "", seal: str = "") -> list[Checked]:
    """Each file, then what they say of one another.

    `key`: the Ed25519 key that must have signed; `seal`: the SHA-256 of the certificate that must have sealed the
    PDFs (both hexadecimal).
    """
    checked = [file(name, data) for name, data in files]
    for each in checked:
        if each.record is not None and key and each.record.checkpoint.key != key.lower():
            each.damaged(f"it is signed by {each.record.checkpoint.key}, not by the key that you gave")
        if each.seal and seal and each.seal != seal.lower():
            each.damaged(f"it is sealed with the certificate {each.seal}, not with the one that you gave")
    compare(checked)
    return checked


def file(name: str, data: bytes) -> Checked:
    """One file by itself."""
    checked = Checked(name, sha256=hashlib.sha256(data).hexdigest(), lines=[])
    if len(data) > FILE_MAX:
        checked.foreign(f"it is longer than {FILE_MAX} bytes")
    elif b"%PDF-" in data[:1024]:
        _pdf(checked, data)
    else:
        _json(checked, data)
    return checked


def _pdf(checked: Checked, data: bytes) -> None:
    try:
        attached = attachments(data)
    except ValueError as broken:
        attached = {}
        why = str(broken)
    else:
        why = "its record is not attached any more"
    if RECORD not in attached:
        if FORMAT.encode() in data:
            checked.damaged(f"record.json is cut or lost: the file {why}")
        else:
            checked.foreign("it holds no record of a ceremony")
        return
    _json(checked, attached[RECORD].data, attached[RECORD].whole)
    if not checked.value:
        return
    _personal(checked, attached.get(OPENINGS))
    _seal(checked, data)


def _seal(checked: Checked, data: bytes) -> None:
    from server.records import seal  # pyHanko takes a second to load, and JSON alone needs none of it

    found = seal.state(data)
    match found.coverage:
        case seal.Coverage.NONE:
            checked.damaged("lost: the PDF bears no seal")
        case seal.Coverage.CHANGED:
            checked.damaged("changed: the PDF is not as it was sealed; its attached record is judged above")
        case seal.Coverage.ADDED_TO:
            checked.damaged("changed: something was added to the PDF after it was sealed")
        case seal.Coverage.WHOLE:
            _sealed(checked, found)
        case never:
            assert_never(never)


def _sealed(checked: Checked, found: SealState) -> None:
    checked.seal = found.certificate
    checked.well(f"the seal covers the whole file; sealed by {found.by}")
    checked.note(f"certificate of the seal, SHA-256 {found.certificate}: compare it with the one you were told")
    stamp = found.stamp
    if stamp is None:
        checked.note("no authority stamped the time of the seal")
    elif stamp.is_whole:
        checked.note(
            f"stamped {stamp.time} by {stamp.by}, whom nothing here vouches for: "
            f"compare the SHA-256 of that certificate, {stamp.certificate}"
        )
    else:
        checked.damaged("changed: the time stamp is not of this seal")


def _json(checked: Checked, data: bytes, whole: bool = True) -> None:
    """A record in JSON: its shape, chain, checkpoint, story, signature, in this order until something is wrong."""
    try:
        value = read(data)
    except Unreadable as odd:
        _unreadable(checked, data, odd)
        return
    if not isinstance(value, dict) or value.get("format") not in (FORMAT, PERSONAL):
        if FORMAT.encode() in data and isinstance(value, dict) and "chain" in value:
            checked.damaged("the record's format was changed")
        else:
            checked.foreign("it is no record of a ceremony")
        return
    if value["format"] == PERSONAL:
        checked.foreign("it holds openings only: give the sealed PDF that it was attached to")
        return
    found = shaped(value)
    if isinstance(found, Fault):
        checked.damaged(_worded(found))
        return
    checked.record, checked.value = found, value
    if not whole:
        checked.damaged("record.json was changed inside the PDF")
    for check in (_chain, _checkpoint, _story, _signature):
        if not check(checked, found):
            return


def _unreadable(checked: Checked, data: bytes, why: Unreadable) -> None:
    """Bytes that are no JSON: ours when they look so, and then the first entry that can't be read is named."""
    text = data.decode("utf-8", "replace")
    if FORMAT not in text and '"entries":[' not in text:
        checked.foreign(f"it is no record of a ceremony: {why}")
        return
    if not isinstance(why, Broken):
        checked.damaged(f"changed: the record can't be read ({why})")
        return
    checked.damaged(_worded(Fault(Wound.CUT, n := readable_entries(text) + 1, f"entry {n} can't be read ({why})")))


def _worded(found: Fault) -> str:
    return f"{found.wound.value}: {found.words}"


def _chain(checked: Checked, record: Record) -> bool:
    """Every entry follows the one before it, and none is missing up to the checkpoint's count."""
    chain, point = record.chain, record.checkpoint
    count, head = (point.count, point.head) if point.is_true else (chain.count, chain.head)
    found = fault(root(record.conference.id, record.room), chain.entries, count, head)
    if found:
        checked.damaged(f"{_worded(found)}{_told_by(record, found.entry)}")
        return False
    shown = sum(entry.fact is not None for entry in chain.entries)
    checked.well(f"the chain: {count} entries, each follows the one before it; {shown} of them are told here")
    return True


def _told_by(record: Record, n: int) -> str:
    """What the entry says that it is, for the eye."""
    entry = next((each for each in record.chain.entries if each.n == n), None)
    if entry is None or entry.fact is None:
        return ""
    event = entry.fact.get("event")
    if not isinstance(event, dict):
        return ""
    about = [f"{name} {event[name]}" for name in ("act", "take", "party") if name in event]
    return f" [{event.get('type')}{''.join(', ' + each for each in about)}]"


def _checkpoint(checked: Checked, record: Record) -> bool:
    point = record.checkpoint
    chain = record.chain
    if not point.is_true:
        checked.damaged("changed: the checkpoint does not bear its key's signature")
        return False
    stated = (point.conference, point.room, point.count, point.head)
    if stated != (record.conference.id, record.room, chain.count, chain.head) or chain.root != root(
        record.conference.id, record.room
    ):
        checked.damaged("swapped: the checkpoint belongs to another chain")
        return False
    checked.well("the checkpoint: signed over the chain's head (Ed25519)")
    checked.note(f"key of the checkpoint {point.key}: compare it with the one you were told")
    return True


def _story(checked: Checked, record: Record) -> bool:
    """What the record tells of each act is what its entries tell."""
    for act in acts(checked.value):
        stated = {name: value for name, value in act.items() if name not in ("record", "file")}
        own = own_facts(record.chain.entries, str(act.get("act")))
        try:
            where = first_difference(told(str(act.get("act")), own), stated)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError) as odd:
            checked.damaged(f"changed: the entries of {act.get('act')} tell nothing that can be told ({odd})")
            return False
        if where is not None:
            checked.damaged(f"changed: what the record tells of {act.get('act')}{where} is not what its entries tell")
            return False
    checked.well("what the record tells is what its entries tell")
    return True


def _signature(checked: Checked, record: Record) -> bool:
    if not verified("record", checked.value, record.checkpoint.key):
        checked.damaged(
            "changed: the record does not bear its key's signature; something beside the entries was changed"
        )
        return False
    checked.well(f"the whole record: signed (Ed25519); SHA-256 {record_digest(checked.value)}")
    return True


def _personal(checked: Checked, attached: Attached | None) -> None:
    """Every opening that is there opens a commitment of this record."""
    held = list(commitments(checked.value)) if checked.status == Status.WHOLE else []
    if checked.status != Status.WHOLE:
        return
    try:
        personal = msgspec.convert(read(attached.data), Personal) if attached and attached.whole else None
    except (Unreadable, msgspec.ValidationError):
        personal = None
    if personal is None:
        checked.damaged("personal.json can't be read, or is lost")
        return
    if personal.record != record_digest(checked.value):
        checked.damaged("swapped: personal.json belongs to another record")
        return
    for number, each in enumerate(personal.openings, 1):
        if not _opens(each) or each.commitment not in held:
            checked.damaged(f"changed: opening {number} of personal.json does not open what it names")
            return
    opened = {each.commitment for each in personal.openings}
    checked.well(f"{len(opened & set(held))} of {len(set(held))} commitments are opened, each by its value")
    if set(held) - opened:
        checked.note(f"{len(set(held) - opened)} commitments stay closed: their persons were erased")


def _opens(each: Opened) -> bool:
    try:
        return each.opening.commitment == each.commitment
    except (Unreadable, msgspec.ValidationError):
        return False
