"""Makes the records of sealed acts: follows the journal, as erasure does.

The journal says that an act is sealed; its record is built of the journal's facts, printed, sealed and stored,
and only then does the node tell the journal the file's hash. Killed in between it begins again at the next start;
where several processes seal the same act, the journal takes one record, and the others go.
A person who is erased takes the node's own copies of their records along.

On the shelf an act's record is `act.CONFERENCE.ACT.SHA-256`, a ceremony's `item.CONFERENCE.ITEM.KEY`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Final, NamedTuple

import msgspec
import structlog

from rooms.ceremony.commands import KeepRecord
from rooms.ceremony.events import Sealed
from rooms.ceremony.model import Act, signatory
from rooms.ceremony.table import Step
from rooms.ceremony.words import Digest as ActDigest
from rooms.features.ceremony import Ceremony
from rooms.features.people import People
from rooms.journal import NODE, Entry, Envelope
from rooms.kernel import CommandId, ConferenceId, ItemId, PersonId, ProjectId, Refused, RoomId
from server.held import Held
from server.journal import Journal
from server.personal import Personal
from server.records.canonical import Digest
from server.records.chain import Fact
from server.records.checkpoint import Signer
from server.records.facts import facts
from server.records.jobs import Job, JobFailed, Jobs
from server.records.keys import Seal
from server.records.record import Frame, Kept, act_record, ceremony_record, commitments, record_digest
from server.shelf import Shelf
from server.storage import Unwritable

CHUNK: Final = 1000
"""Entries read at once."""
PAUSES_S: Final = (1.0, 5.0, 20.0, 60.0)
"""Between tries while the disk, or the seal's key, is not to be had; the last one repeats."""
STAMP_TRIES: Final = 3
"""So often a record waits for its time stamp, half a minute in all: once its file is kept and taken home, no stamp can
be put in that would not make it another file than the journal and the ceremony's record name."""
LEFT_S: Final = 20
"""A seal takes a second or two; an owner that has not sealed by then has no press, no key or no rights."""

log = structlog.get_logger()
Record = dict[str, Any]


class Place(NamedTuple):
    """An act in its conference and room."""

    conference: ConferenceId
    room: RoomId
    act: ProjectId


class Means(msgspec.Struct, frozen=True):
    """What records are made with and where they go."""

    journal: Journal
    vault: Personal
    jobs: Jobs
    signer: Signer
    seal: Seal
    shelf: Shelf


class Sealer:
    """Follows all hosts; one record at a time."""

    def __init__(self, means: Means, hosts: Iterable[Held], pause: Callable[[float], Any] = asyncio.sleep) -> None:
        self._means = means
        self._hosts = {host.id: host for host in hosts}
        self._pause = pause
        self._turn = asyncio.Lock()
        self._running: dict[Place, asyncio.Task[None]] = {}
        for host in self._hosts.values():
            host.listen(functools.partial(self._happened, host))

    async def start(self) -> None:
        """Do what a former process left undone."""
        try:
            for person in {person for host in self._hosts.values() for person in _erased(host)}:
                await self.forget(person)
            await self._drop_superseded()
        except Refused as refusal:
            log.warning("records are not tidied", reason=refusal.code)
        for host in self._hosts.values():
            for room in host.conference.rooms():
                for act in host.conference.feature(Ceremony, room).to_seal():
                    self._begin(Place(host.id, room, act))

    async def close(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def file(self, place: Place) -> bytes:
        """The act's sealed PDF. Raises Refused: `record-unknown` as long as there is none, `-erased`, `-missing`."""
        act = self._act(place)
        if act is None or act.record is None:
            raise Refused("record-unknown")
        data = await self._means.shelf.get(_name(place, act.record))
        if data is None:
            is_erased = not _erased(self._hosts[place.conference]).isdisjoint(_signatories(place, act))
            raise Refused("record-erased" if is_erased else "record-missing")
        return data

    async def record(self, place: Place) -> Record:
        """The act's record as JSON, made anew from the journal: without any person's data. Raises Refused."""
        act = self._act(place)
        if act is None or act.step != Step.SEALED:
            raise Refused("record-unknown")
        return await self._built(place.conference, place.room, lambda frame, told: act_record(frame, told, place.act))

    async def ceremony(self, conference: ConferenceId, room: RoomId, item: ItemId) -> bytes:
        """The sealed record of all acts of an item, made when it is first asked for. Raises Refused, JobFailed."""
        done = self._done(conference, room, item)
        name = f"item.{conference}.{item}.{_key(done)}"
        async with self._turn:
            data = await self._means.shelf.get(name)
            if data is None:
                before = _erased(self._hosts[conference])
                record = await self._built(
                    conference, room, lambda frame, told: ceremony_record(frame, told, item, _kept(frame, told, done))
                )
                await self._means.shelf.put(name, await self._printed(record))
                for person in _erased(self._hosts[conference]) - before:
                    await self.forget(person)
                data = await self._means.shelf.get(name)  # another process may have been first
        if data is None:
            raise Refused("record-missing")
        return data

    async def forget(self, person: PersonId) -> None:
        """Erase the node's copies of the records of every act that the person signed. Raises Refused."""
        begins = tuple(
            begin
            for host in self._hosts.values()
            for room, act in _acts(host)
            if person in _signatories(Place(host.id, room, act.id), act)
            for begin in (f"act.{host.id}.{act.id}.", f"item.{host.id}.{act.drafted.item}.")
        )
        if begins:
            await self._means.shelf.erase([name for name in await self._means.shelf.names() if name.startswith(begins)])

    def _done(self, conference: ConferenceId, room: RoomId, item: ItemId) -> Mapping[ProjectId, ActDigest | None]:
        """The item's acts with their files' digests; None for one that was declared void. Raises Refused while one
        is still to be done."""
        acts = [act for act in self._ceremony(conference, room).book.acts() if act.drafted.item == item]
        if not acts or any(act.step != Step.VOID and act.record is None for act in acts):
            raise Refused("record-unknown")
        return {act.id: act.record for act in acts}

    def _happened(self, host: Held, entries: Sequence[Entry]) -> None:
        for entry in entries:
            for event in entry.events:
                match event:
                    case Sealed(act) if entry.room is not None:
                        self._begin(Place(host.id, entry.room, act))
                    case _:
                        pass

    async def _drop_superseded(self) -> None:
        """Records of acts of which the journal has another one."""
        known = {
            _name(Place(host.id, room, act.id), ""): str(act.record)
            for host in self._hosts.values()
            for room, act in _acts(host)
            if act.record
        }
        parts = [(name, *name.rpartition(".")) for name in await self._means.shelf.names()]
        others = [name for name, begin, dot, digest in parts if known.get(begin + dot, digest) != digest]
        await self._means.shelf.drop(others)

    def _begin(self, place: Place) -> None:
        if place not in self._running:
            task = asyncio.create_task(self._until_kept(place), name="seal")
            self._running[place] = task
            task.add_done_callback(lambda done: self._ended(place, done))

    def _ended(self, place: Place, done: asyncio.Task[None]) -> None:
        del self._running[place]
        if not done.cancelled() and done.exception() is not None:
            log.error("sealing broke", act=place.act, exc_info=done.exception())

    async def _until_kept(self, place: Place) -> None:
        """Try until the journal has the record. Where another process decides, it is left to that one for a while."""
        for _ in range(LEFT_S):
            if self._hosts[place.conference].owns:
                break
            await self._pause(1.0)
        for number, pause_s in enumerate(chain(PAUSES_S, repeat(PAUSES_S[-1]))):
            try:
                async with self._turn:
                    await self._keep(place, unstamped=number >= STAMP_TRIES)
            except (Refused, Unwritable, JobFailed) as failed:
                log.warning("no record yet", act=place.act, reason=str(failed))
                await self._pause(pause_s)
            else:
                return

    async def _keep(self, place: Place, *, unstamped: bool) -> None:
        act = self._act(place)
        if act is None or act.record is not None:
            return
        record = await self.record(place)
        pdf = await self._printed(record, unstamped=unstamped)
        digest = ActDigest(hashlib.sha256(pdf).hexdigest())
        await self._means.shelf.put(_name(place, digest), pdf)
        intent = CommandId(secrets.token_hex(16))
        await self._hosts[place.conference].handle(Envelope(intent, KeepRecord(place.act, digest), place.room), NODE)
        await self._drop_superseded()
        for person in _erased(self._hosts[place.conference]):
            await self.forget(person)
        log.info("a record is kept", act=place.act, digest=digest)

    async def _built(
        self, conference: ConferenceId, room: RoomId, build: Callable[[Frame, Sequence[Fact]], Record]
    ) -> Record:
        """A record made off the event loop, from the journal's stored bytes."""
        bodies: list[bytes] = []
        seq = 0
        while chunk := await self._means.journal.replay(conference, seq, CHUNK):
            bodies += [body for body in chunk if b'"ceremony.' in body]
            seq += len(chunk)
        frame = Frame(self._hosts[conference].conference.definition, room, self._means.signer)
        return await asyncio.to_thread(lambda: build(frame, list(facts(bodies, room))))

    async def _printed(self, record: Record, *, unstamped: bool = True) -> bytes:
        """The sealed PDF, with what can be opened of the record's commitments now. Raises Refused, JobFailed."""
        openings = await self._means.vault.openings(commitments(record))
        order = {"record": record, "openings": openings, "seal": self._means.seal, "unstamped": unstamped}
        return await self._means.jobs.run(Job.SEAL, msgspec.json.encode(order))

    def _ceremony(self, conference: ConferenceId, room: RoomId) -> Ceremony:
        """Raises Refused for a room that is not here."""
        with contextlib.suppress(KeyError):
            return self._hosts[conference].conference.feature(Ceremony, room)
        raise Refused("record-unknown")

    def _act(self, place: Place) -> Act | None:
        return self._ceremony(place.conference, place.room).act(place.act)


def known_files(hosts: Iterable[Held]) -> tuple[frozenset[str], frozenset[str]]:
    """The documents and the acts' records that the journals name, as shelves have them."""
    found = [(Place(host.id, room, act.id), act) for host in hosts for room, act in _acts(host)]
    documents = frozenset(str(digest) for _, act in found for digest in act.digests.values())
    return documents, frozenset(_name(place, act.record) for place, act in found if act.record)


def _name(place: Place, digest: str) -> str:
    return f"act.{place.conference}.{place.act}.{digest}"


def _erased(host: Held) -> frozenset[PersonId]:
    return frozenset(host.conference.feature(People).erased())


def _signatories(place: Place, act: Act) -> frozenset[PersonId]:
    return frozenset(signatory(place.conference, act.id, party) for party in act.signers)


def _acts(host: Held) -> Iterator[tuple[RoomId, Act]]:
    for room in host.conference.rooms():
        for act in host.conference.feature(Ceremony, room).book.acts():
            yield room, act


def _kept(
    frame: Frame, told: Sequence[Fact], done: Mapping[ProjectId, ActDigest | None]
) -> dict[ProjectId, Kept | None]:
    return {
        act: Kept(record_digest(act_record(frame, told, act)), Digest(file)) if file else None
        for act, file in done.items()
    }


def _key(done: Mapping[ProjectId, ActDigest | None]) -> str:
    """Which acts and files a ceremony's record tells of: another set is another record."""
    return hashlib.sha256(msgspec.json.encode(sorted(done.items()))).hexdigest()[:32]
