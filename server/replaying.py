"""A conference's state as a journal has it: the newest snapshot that this program understands, and what came after."""

from __future__ import annotations

from typing import Final

import msgspec
import structlog

from rooms.conference import Conference
from rooms.journal import Entry, decode, newer
from rooms.kernel import ConferenceId, UnknownEvent
from server.journal import Journal
from server.settings import Unusable

REPLAY_CHUNK: Final = 1000

log = structlog.get_logger()


class Replayed(msgspec.Struct, frozen=True):
    """The state, and the seq of the snapshot that it was made from (0: of none)."""

    conference: Conference
    saved_seq: int


async def replayed(journal: Journal, id: ConferenceId, known: Replayed | None = None) -> Replayed | None:
    """The state now, made from `known` if it is given; None before the founding entry. Raises Unwritable, Unusable."""
    restored = known or await _restored(journal, id)
    conference, saved_seq = (restored.conference, restored.saved_seq) if restored else (None, 0)
    while chunk := await journal.replay(id, conference.seq if conference else 0, REPLAY_CHUNK):
        entries = [decoded(id, body) for body in chunk]
        if conference is None:
            conference = Conference.replayed(entries)
        else:
            for entry in entries:
                conference.apply(entry)
    return None if conference is None else Replayed(conference, saved_seq)


async def _restored(journal: Journal, id: ConferenceId) -> Replayed | None:
    saved = await journal.saved(id)
    if saved is None:
        return None
    try:
        return Replayed(Conference.restored(saved.state), saved.seq)
    except ValueError as reason:
        log.info("snapshot left aside, replaying", conference=id, reason=str(reason))
        return None


def decoded(id: ConferenceId, body: bytes) -> Entry:
    """An entry. Raises Unusable when only a newer program understands it: deciding without it would be wrong."""
    entry, warnings = decode(body)
    for found in [newer(event) for event in entry.events if isinstance(event, UnknownEvent)]:
        if found:
            what = f"the journal of {id} has {found[0]} of version {found[1]}, this program knows {found[2]}"
            raise Unusable(f"{what}: start the newer program")
    for warning in warnings:
        log.warning("unknown event", conference=id, seq=entry.seq, reason=warning)
    return entry
