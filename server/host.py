"""One writer per conference: decide, apply, append, ack, publish.

Commands wait in one queue. Those that wait together are decided one after the
other, each against what the earlier ones made, and appended as one batch.
Until the batch is durable nothing is acknowledged or published. If it can't be
written, the state is read from the journal again: what turns out to be durable
is acknowledged, everything else refused. While not even reading works, the state
is what was durable before, kept in memory.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from rooms.conference import Conference
from rooms.definition import Definition, diff
from rooms.features.people import Enter
from rooms.journal import Entry, Envelope, decode, genesis
from rooms.kernel import Actor, CommandId, ConferenceId, Refused
from server.clock import Clock
from server.ending import ended
from server.journal import Epoch, Fenced, Intent, Journal, Saved
from server.replaying import Replayed, replayed
from server.settings import Unusable
from server.storage import Unwritable

QUEUE_MAX: Final = 1024
"""Commands that may wait; more are refused as `busy`, and the pages send them again in a moment."""
BATCH_MAX: Final = 256
SNAPSHOT_EVERY: Final = 1000
"""Entries between snapshots: a replay of so many takes far below a second."""
REMEMBERED_MAX: Final = 4096
"""Answers that left no entry (refusals, nothing to do), so that a repeat gets the same one."""

log = structlog.get_logger()


class Decided(msgspec.Struct, frozen=True):
    """The seq after which a command is in force. `written`: the journal has it under this seq; else the state had it
    already, or it changes nothing."""

    seq: int
    written: bool


Answer = Decided | Refused
Listener = Callable[[Sequence[Entry]], None]
"""Told of entries once they are durable."""


class _Waiting(msgspec.Struct):
    envelope: Envelope
    actor: Actor
    answer: asyncio.Future[Decided]

    @property
    def intent(self) -> Intent:
        return self.actor.person, self.envelope.id


class Host:
    """A conference in force. Commands in by `handle`, entries out to the listeners.

    `settled`: what the state holds is durable. `fenced`: another writer has the conference; this one is to be closed.
    `closed`: it decides no more.
    """

    def __init__(self, journal: Journal, definition: Definition, clock: Clock) -> None:
        self.id: ConferenceId = definition.id
        self.settled = True
        self.fenced = False
        self.closed = False
        self._journal = journal
        self._definition = definition
        self._clock = clock
        self._epoch = Epoch(0)
        self._saved_seq = 0
        self._durable_seq = 0
        self._told_seq = 0
        self._base = b""
        self._since: list[Entry] = []
        self._stale = False
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue(QUEUE_MAX)
        self._remembered: OrderedDict[Intent, Answer] = OrderedDict()
        self._listeners: list[Listener] = []
        self._worker: asyncio.Task[None] | None = None

    @property
    def epoch(self) -> Epoch:
        """What it writes as; 0 while it could not take its place yet."""
        return self._epoch

    @property
    def told_seq(self) -> int:
        """The last entry that listeners were told of, or that was there before they could be."""
        return self._told_seq

    @property
    def owns(self) -> bool:
        return True

    @property
    def conference(self) -> Conference:
        """The state now. Ask for it each time: a failed write replaces it."""
        return self._conference

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    async def open(self, known: Replayed | None = None) -> None:
        """Take the conference's place in the journal; the definition founds it the first time. Raises Unusable.

        `known`, a state as it was once, is brought up to date and becomes ours: nothing else is read.
        While the disk takes nothing, what the journal holds is shown, and the place is taken later.
        """
        try:
            await self._take_place()
            if known is None and not await self._journal.replay(self.id, 0, 1):
                founding = genesis(self._definition, self._epoch, self._now_ms())
                await self._journal.append(self.id, 0, self._epoch, [founding])
            await self._read(known)
            self._told_seq = self._durable_seq
        except Unwritable as failed:
            raise Unusable(f"{failed}: make space or mend the disk, then start again") from failed
        for difference in diff(self.conference.definition, self._definition):
            log.warning("definition differs, the journal's is in force", conference=self.id, path=difference.path)
        self._journal.listen(self._journal_changed)
        self._worker = asyncio.create_task(self._work(), name=f"host {self.id}")

    async def close(self) -> None:
        """Stop deciding, refuse all that waits, keep a snapshot for the next start; again if it was interrupted."""
        if self._worker is None:
            return
        if not self.closed:
            self.closed = True
            self._journal.unlisten(self._journal_changed)
        await ended(self._worker)
        self._stale = self._stale or not self.settled  # cut off in mid-append: what is durable is not known
        while not self._queue.empty():
            for waiting in self._waiting():
                _settle(waiting, Refused("busy"))
        await self._save()

    async def handle(self, envelope: Envelope, actor: Actor) -> int:
        """The seq after which the command is in force. Raises Refused."""
        return (await self.decide(envelope, actor)).seq

    async def decide(self, envelope: Envelope, actor: Actor) -> Decided:
        """As `handle`, and whether the answer is the journal's own. Raises Refused."""
        if self.closed:
            raise Refused("busy")
        waiting = _Waiting(envelope, actor, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise Refused("busy", waiting=QUEUE_MAX) from None
        return await waiting.answer

    async def enter(self, actor: Actor, intent: CommandId) -> int:
        """The person comes in by a link. Raises Refused."""
        return await self.handle(Envelope(intent, Enter()), actor)

    def _journal_changed(self) -> None:
        """The journal refuses, or writes again: the worker reads again what it could not."""
        if self._stale and not self._queue.full():
            self._queue.put_nowait(None)

    def _waiting(self) -> list[_Waiting]:
        """Everything that waits, at most a batch."""
        found: list[_Waiting] = []
        while len(found) < BATCH_MAX and not self._queue.empty():
            if (waiting := self._queue.get_nowait()) is not None:
                found.append(waiting)
        return found

    async def _work(self) -> None:
        while True:
            first = await self._queue.get()
            batch = ([first] if first else []) + self._waiting()
            try:
                await self._answer(batch)
            except asyncio.CancelledError:
                for waiting in batch:
                    _settle(waiting, Refused("busy"))
                raise
            except Exception:
                log.exception("a batch broke", conference=self.id, seq=self.conference.seq)
                self._forget()
                self.settled = True
            finally:
                for waiting in batch:
                    _settle(waiting, Refused("unexpected"))

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        """Every one of the batch gets its answer; what happened is published."""
        self.settled = False
        entries: list[Entry] = []
        try:
            entries = await self._read_again() if self._stale else []
            decided, fresh = await self._decided_durably(batch)
        except (Unwritable, Fenced) as failed:
            decided, fresh = await self._failed(batch, failed)
        self.settled = True
        for waiting in batch:
            _settle(waiting, decided[waiting.intent])
        self._publish([*entries, *fresh])
        if self.conference.seq - self._saved_seq >= SNAPSHOT_EVERY:
            await self._save()

    async def _decided_durably(self, batch: Sequence[_Waiting]) -> tuple[Mapping[Intent, Answer], list[Entry]]:
        """Answers by intent, and the entries behind them, which are durable. Raises Unwritable, Fenced."""
        answers = dict(await self._journal.answers(self.id, [waiting.intent for waiting in batch]))
        if self._journal.refusing:
            return _answered(batch, answers, self._journal.refusing), []
        decided, entries = self._decide(batch, answers)
        if entries:
            await self._journal.append(self.id, entries[0].seq - 1, self._epoch, entries)
            self._since += entries
            self._durable_seq = entries[-1].seq
        return decided, entries

    def _decide(
        self, batch: Sequence[_Waiting], answers: dict[Intent, int]
    ) -> tuple[dict[Intent, Answer], list[Entry]]:
        """Answers by intent, and the entries that must be durable before they are given."""
        decided: dict[Intent, Answer] = {intent: Decided(seq, written=True) for intent, seq in answers.items()}
        entries: list[Entry] = []
        for waiting in batch:
            if waiting.intent in decided:
                continue
            if waiting.intent in self._remembered:
                decided[waiting.intent] = self._remembered[waiting.intent]
                continue
            try:
                entry = self._decided(waiting)
            except Refused as refusal:
                if refusal.code != "busy":  # which says to come again
                    self._remember(waiting.intent, refusal)
                decided[waiting.intent] = refusal
                continue
            if entry is None:
                self._remember(waiting.intent, Decided(self.conference.seq, written=False))
            else:
                self.conference.apply(entry)
                entries.append(entry)
            decided[waiting.intent] = Decided(self.conference.seq, written=entry is not None)
        return decided, entries

    def _decided(self, waiting: _Waiting) -> Entry | None:
        """The entry that the command makes, if any. Raises Refused; a bug refuses this one command."""
        envelope, now_ms = waiting.envelope, self._now_ms()
        try:
            events = self.conference.decide(envelope.command, waiting.actor, envelope.room, now_ms)
        except Refused:
            raise
        except Exception:
            log.exception("a command broke", conference=self.id, seq=self.conference.seq)
            raise Refused("unexpected") from None
        if not events:
            return None
        seq = self.conference.seq + 1
        return Entry(seq, self._epoch, now_ms, waiting.actor, envelope.room, envelope.id, tuple(events))

    def _remember(self, intent: Intent, answer: Answer) -> None:
        self._remembered[intent] = answer
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)

    async def _failed(
        self, batch: Sequence[_Waiting], failed: Unwritable | Fenced
    ) -> tuple[Mapping[Intent, Answer], list[Entry]]:
        """The append failed: answers from what the journal holds all the same, and its entries that are new."""
        for waiting in batch:
            self._remembered.pop(waiting.intent, None)
        self.fenced = self.fenced or isinstance(failed, Fenced)
        reason = failed.reason if isinstance(failed, Unwritable) else "busy"
        log.error(reason, conference=self.id, seq=self._durable_seq, reason=str(failed))
        entries: list[Entry] = []
        try:
            entries = await self._read_again()
            answers = await self._journal.answers(self.id, [waiting.intent for waiting in batch])
        except Unwritable:
            self._forget()
            return _answered(batch, {}, reason), entries
        return _answered(batch, answers, reason), entries

    def _forget(self) -> None:
        """Back to what was durable, without the disk; it may hold more, and is read when it can be."""
        conference = Conference.restored(self._base)
        for entry in self._since:
            conference.apply(entry)
        self._conference = conference
        self._stale = True

    async def _take_place(self) -> None:
        try:
            self._epoch = await self._journal.open(self.id)
        except Unwritable as failed:
            log.error("not the writer yet", conference=self.id, reason=str(failed))
            self._stale = True

    async def _read_again(self) -> list[Entry]:
        """The state from the journal; those of its entries that were not published yet. Raises Unwritable."""
        if not self._epoch:
            self._epoch = await self._journal.open(self.id)
        await self._read()
        fresh = self._durable_seq - self._told_seq
        bodies = await self._journal.replay(self.id, self._told_seq, fresh) if fresh else []
        self._stale = False
        return [decode(body)[0] for body in bodies]

    async def _read(self, known: Replayed | None = None) -> None:
        """The state from the journal. Raises Unwritable, Unusable."""
        found = await replayed(self._journal, self.id, known)
        assert found is not None, "a conference that was opened has its founding entry"
        self._conference, self._saved_seq = found.conference, found.saved_seq or self._saved_seq
        self._durable_seq, self._base, self._since = self._conference.seq, self._conference.snapshot(), []

    async def _save(self) -> None:
        if self._stale or self.conference.seq == self._saved_seq:
            return
        snapshot = Saved(self.conference.seq, self.conference.snapshot())
        self._base, self._since = snapshot.state, []
        try:
            await self._journal.save(self.id, snapshot)
        except Unwritable as failed:
            log.warning("no snapshot", conference=self.id, seq=snapshot.seq, reason=str(failed))
        else:
            self._saved_seq = snapshot.seq

    def _publish(self, entries: Sequence[Entry]) -> None:
        """Each entry once, in order, also where it was read again."""
        fresh = []
        for entry in entries:
            if entry.seq == self._told_seq + 1:
                self._told_seq = entry.seq
                fresh.append(entry)
        for listener in self._listeners if fresh else ():
            listener(fresh)

    def _now_ms(self) -> int:
        return int(self._clock.now_ms())


def _answered(batch: Sequence[_Waiting], durable: Mapping[Intent, int], otherwise: str) -> Mapping[Intent, Answer]:
    """What is durable gets its seq; the rest is refused."""
    written = {intent: Decided(seq, written=True) for intent, seq in durable.items()}
    return {waiting.intent: written.get(waiting.intent, Refused(otherwise)) for waiting in batch}


def _settle(waiting: _Waiting, answer: Answer) -> None:
    if waiting.answer.done():
        return
    if isinstance(answer, Refused):
        waiting.answer.set_exception(answer)
    else:
        waiting.answer.set_result(answer)
