"""What a process has told of a conference: each entry once, in order, whoever of owner and follower read it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from rooms.journal import Entry
from rooms.kernel import CommandId, ConferenceId
from server.host import Listener
from server.journal import Journal
from server.metrics import Metrics
from server.replaying import decoded

log = structlog.get_logger()


class Telling:
    """Tells listeners. `last` is the newest entry that they know of; `out_of_turn` counts our own faults."""

    def __init__(self, id: ConferenceId, journal: Journal, metrics: Metrics) -> None:
        self.last: Entry | None = None
        self.out_of_turn = 0
        self._id, self._journal = id, journal
        self._counter = metrics.out_of_turn.labels(id)
        self._listeners: list[Listener] = []
        self._progress = asyncio.Event()

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    async def progress(self) -> None:
        """Until something is told."""
        await self._progress.wait()

    async def missed(self, told_seq: Callable[[], int]) -> list[Entry]:
        """Entries up to `told_seq()` that nobody was told of; whoever is to tell from there may go on meanwhile.

        Before the first one was told, nobody has seen anything. Raises Unwritable, Unusable.
        """
        after_seq, missed = self.last.seq if self.last else told_seq() - 1, list[Entry]()
        while (fresh := told_seq() - after_seq) > 0:
            missed += [decoded(self._id, body) for body in await self._journal.replay(self._id, after_seq, fresh)]
            after_seq += fresh
        return missed

    async def stands(self, told: Entry) -> bool:
        """Whether the journal has this entry and no other in its place: who writes now has to go on from it.

        Raises Unwritable.
        """
        bodies = await self._journal.replay(self._id, told.seq - 1, 1)
        return not bodies or _mark(decoded(self._id, bodies[0])) == _mark(told)

    def catch_up(self, missed: Sequence[Entry]) -> None:
        """Tell what was missed; at the start only remember where it ends."""
        if self.last is None:
            self.last = missed[-1]
        else:
            self.tell(missed)

    def tell(self, entries: Sequence[Entry]) -> None:
        """Owners and followers follow each other, and each begins where the last one ended.

        What comes out of turn all the same is a fault of ours: it is counted, and no listener sees a repeat.
        """
        fresh = [entry for entry in entries if self._is_fresh(entry)]
        if not fresh:
            return
        for listener in self._listeners:
            listener(fresh)
        self._progress.set()
        self._progress = asyncio.Event()

    def _is_fresh(self, entry: Entry) -> bool:
        expected_seq = self.last.seq + 1 if self.last else entry.seq
        if entry.seq != expected_seq:
            self.out_of_turn += 1
            self._counter.inc()
            log.error("told out of turn", conference=self._id, seq=entry.seq, expected=expected_seq)
        if entry.seq < expected_seq:
            return False
        self.last = entry
        return True


def _mark(entry: Entry) -> tuple[int, int, CommandId]:
    """What no two entries share."""
    return entry.epoch, entry.at_ms, entry.command_id
