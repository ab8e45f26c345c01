"""The journal: decisions people may dispute, append-only, one writer per conference, entry id = seq."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NewType, Protocol

import msgspec

from rooms.journal import Entry
from rooms.kernel import CommandId, ConferenceId, PersonId
from server.storage import Reason

Epoch = NewType("Epoch", int)
"""Counts the writers of a conference; the highest one writes, older ones are fenced off."""

Intent = tuple[PersonId, CommandId]
"""What makes a command itself: a repeat has the same one and gets the same answer."""


class Saved(msgspec.Struct, frozen=True):
    """A snapshot: the conference's state after `seq`, as its own JSON."""

    seq: int
    state: bytes


class Fenced(Exception):
    """Another writer has the conference, or wrote at this seq: nothing was written."""


class Journal(Protocol):
    """Durable before it returns. Whatever can't be durable raises `server.storage.Unwritable`."""

    @property
    def refusing(self) -> Reason | None:
        """Why nothing can be written now; it ends by itself."""

    def listen(self, listener: Callable[[], None]) -> None:
        """Call when `refusing` has changed."""

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Call no longer."""

    async def conferences(self) -> Sequence[ConferenceId]:
        """All that it has entries of, also those that nobody holds now. Raises Unwritable."""

    async def open(self, conference: ConferenceId) -> Epoch:
        """Become the conference's one writer."""

    async def append(self, conference: ConferenceId, expected_seq: int, epoch: Epoch, batch: Sequence[Entry]) -> None:
        """Write the entries `expected_seq` + 1 and on, all or none.

        Raises Unwritable, Fenced.
        """

    async def answers(self, conference: ConferenceId, intents: Sequence[Intent]) -> Mapping[Intent, int]:
        """The seq of each intent that was written before."""

    async def replay(self, conference: ConferenceId, after_seq: int, limit: int) -> Sequence[bytes]:
        """At most `limit` entries after `after_seq`, in order, for `rooms.journal.decode`."""

    async def save(self, conference: ConferenceId, snapshot: Saved) -> None:
        """Keep the newest snapshot. Raises Unwritable."""

    async def saved(self, conference: ConferenceId) -> Saved | None: ...

    async def close(self) -> None: ...
