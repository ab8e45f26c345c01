"""A chain says which of its entries was changed, lost, swapped or cut, and that it is whole when it is."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from server.records.canonical import Digest
from server.records.chain import Entry, Fault, Wound, chained, digest, fault, linked, root

START = root("jiangsu-2022", "stage")
FACTS = [
    {"seq": 5 + n, "place": 0, "at_ms": 1000 * n, "role": "protocol_officer", "event": {"type": "ceremony.x", "n": n}}
    for n in range(6)
]
WHOLE = list(chained(START, FACTS))
HEAD = WHOLE[-1].link


def checked(entries: Sequence[Entry]) -> Fault | None:
    return fault(START, entries, len(WHOLE), HEAD)


def named(entries: Sequence[Entry]) -> tuple[Wound, int]:
    found = checked(entries)
    assert found is not None
    assert str(found.entry) in found.words
    return found.wound, found.entry


def renumbered(entries: Sequence[Entry]) -> list[Entry]:
    return [replace(entry, n=n) for n, entry in enumerate(entries, 1)]


def relinked(facts: Sequence[dict[str, object]]) -> list[Entry]:
    return list(chained(START, facts))


def test_a_whole_chain_has_no_fault() -> None:
    assert checked(WHOLE) is None


def test_the_chain_is_whole_without_the_facts_of_other_acts() -> None:
    assert checked([replace(entry, fact=None) for entry in WHOLE]) is None


def test_every_changed_fact_is_named() -> None:
    for at, entry in enumerate(WHOLE):
        wounded = [*WHOLE]
        wounded[at] = replace(entry, fact={**FACTS[at], "at_ms": 1})
        assert named(wounded) == (Wound.CHANGED, at + 1)


def test_a_fact_changed_with_its_digest_is_named_by_its_link() -> None:
    for at in range(len(WHOLE)):
        fact = {**FACTS[at], "at_ms": 1}
        wounded = [*WHOLE]
        wounded[at] = replace(wounded[at], fact=fact, digest=digest(fact))
        assert named(wounded) == (Wound.CHANGED, at + 1)


def test_every_lost_entry_is_named() -> None:
    for at in range(len(WHOLE) - 1):
        assert named(WHOLE[:at] + WHOLE[at + 1 :]) == (Wound.LOST, at + 1)


def test_a_loss_that_was_covered_up_by_new_numbers_is_named_where_it_was() -> None:
    for at in range(len(WHOLE) - 1):
        assert named(renumbered(WHOLE[:at] + WHOLE[at + 1 :])) == (Wound.CHANGED, at + 1)


def test_every_swap_is_named_by_its_first_entry() -> None:
    for at in range(len(WHOLE) - 1):
        wounded = [*WHOLE]
        wounded[at], wounded[at + 1] = wounded[at + 1], wounded[at]
        assert named(wounded) == (Wound.SWAPPED, at + 1)


def test_every_cut_is_named() -> None:
    for left in range(len(WHOLE)):
        assert named(WHOLE[:left]) == (Wound.CUT, left + 1)


def test_a_chain_made_anew_does_not_end_in_the_head() -> None:
    assert named(relinked([{**FACTS[0], "at_ms": 1}, *FACTS[1:]]))[0] == Wound.CHANGED


def test_a_chain_made_anew_with_a_swap_is_seen_by_the_journals_order() -> None:
    entries = relinked([FACTS[1], FACTS[0], *FACTS[2:]])
    found = fault(START, entries, len(entries), entries[-1].link)
    assert found is not None
    assert (found.wound, found.entry) == (Wound.SWAPPED, 2)


def test_chains_of_two_rooms_share_no_link() -> None:
    assert root("jiangsu-2022", "stage") != root("jiangsu-2022", "dialogue")
    assert linked(START, Digest("00" * 32)) != linked(root("a", "b"), Digest("00" * 32))
