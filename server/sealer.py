"""Makes the records of sealed acts: follows the journal, as erasure does.

The journal says that an act is sealed; its record is built of the journal's facts, printed, sealed and stored,
and only then does the node tell the journal the file's hash. Killed in between it begins again at the next start.
A person who is erased takes the node's own copies of their records along.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import structlog

from rooms.ceremony.commands import KeepRecord
from rooms.ceremony.events import Sealed
from rooms.ceremony.model import Act, signatory
from rooms.ceremony.table import Step
from rooms.ceremony.words import Digest as ActDigest
from rooms.features.ceremony import Ceremony
from rooms.features.people import People, PersonErased
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
from server.storage import Unwritable, store

CHUNK: Final = 1000
"""Entries read at once."""
PAUSES_S: Final = (1.0, 5.0, 20.0, 60.0)
"""Between tries while the disk, or the seal's key, is not to be had; the last one repeats."""

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
    folder: Path


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
        self._tidy()
        self._sweep()

    async def close(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def file(self, place: Place) -> Path:
        """The act's sealed PDF. Raises Refused: `record-unknown` as long as there is none, `-erased`, `-missing`."""
        act = self._act(place)
        if act is None or act.record is None:
            raise Refused("record-unknown")
        path = self._path(act.record)
        if not path.exists():
            erased = self._hosts[place.conference].conference.feature(People).erased()
            raise Refused("record-missing" if erased.isdisjoint(_signatories(place, act)) else "record-erased")
        return path

    async def record(self, place: Place) -> Record:
        """The act's record as JSON, made anew from the journal: without any person's data. Raises Refused."""
        act = self._act(place)
        if act is None or act.step != Step.SEALED:
            raise Refused("record-unknown")
        return await self._built(place.conference, place.room, lambda frame, told: act_record(frame, told, place.act))

    async def ceremony(self, conference: ConferenceId, room: RoomId, item: ItemId) -> Path:
        """The sealed record of all acts of an item, made when it is first asked for. Raises Refused."""
        done = self._done(conference, room, item)
        path = self._means.folder / f"{conference}.{item}.{_key(done)}.pdf"
        async with self._turn:
            if not path.exists():
                record = await self._built(
                    conference, room, lambda frame, told: ceremony_record(frame, told, item, _kept(frame, told, done))
                )
                await asyncio.to_thread(store, path, await self._printed(record))
        return path

    def _done(self, conference: ConferenceId, room: RoomId, item: ItemId) -> Mapping[ProjectId, ActDigest]:
        """The item's sealed acts with their files' digests. Raises Refused while one is still to be done."""
        acts = [act for act in self._ceremony(conference, room).book.acts() if act.drafted.item == item]
        if any(act.step != Step.VOID and act.record is None for act in acts) or not any(act.record for act in acts):
            raise Refused("record-unknown")
        return {act.id: act.record for act in acts if act.record is not None}

    def _happened(self, host: Held, entries: Sequence[Entry]) -> None:
        for entry in entries:
            for event in entry.events:
                match event:
                    case Sealed(act) if entry.room is not None:
                        self._begin(Place(host.id, entry.room, act))
                    case PersonErased(person):
                        self._forget(host, person)
                    case _:
                        pass

    def _sweep(self) -> None:
        """What a former process left undone."""
        for host in self._hosts.values():
            for person in host.conference.feature(People).erased():
                self._forget(host, person)
            for room, act in _acts(host):
                if act.step == Step.SEALED and act.record is None:
                    self._begin(Place(host.id, room, act.id))

    def _tidy(self) -> None:
        """Files that the journal does not know were being made when a former process ended."""
        known = {str(act.record) for host in self._hosts.values() for _, act in _acts(host)}
        for path in self._means.folder.glob("*"):
            if path.suffix == ".new" or (len(path.stem) == 64 and path.stem not in known):
                path.unlink(missing_ok=True)

    def _forget(self, host: Held, person: PersonId) -> None:
        """Remove the node's copies of the records of every act that the person signed."""
        for room, act in _acts(host):
            if person in _signatories(Place(host.id, room, act.id), act):
                if act.record:
                    self._path(act.record).unlink(missing_ok=True)
                for path in self._means.folder.glob(f"{host.id}.{act.drafted.item}.*.pdf"):
                    path.unlink(missing_ok=True)

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
        """Try until the journal has the record."""
        for pause_s in chain(PAUSES_S, repeat(PAUSES_S[-1])):
            try:
                async with self._turn:
                    await self._keep(place)
            except (Refused, Unwritable, JobFailed, OSError) as failed:
                log.warning("no record yet", act=place.act, reason=str(failed))
                await self._pause(pause_s)
            else:
                return

    async def _keep(self, place: Place) -> None:
        record = await self.record(place)
        pdf = await self._printed(record)
        digest = ActDigest(hashlib.sha256(pdf).hexdigest())
        await asyncio.to_thread(store, self._path(digest), pdf)
        intent = CommandId(secrets.token_hex(16))
        await self._hosts[place.conference].handle(Envelope(intent, KeepRecord(place.act, digest), place.room), NODE)
        act = self._act(place)
        if act is None or act.record != digest:  # another process was first
            self._path(digest).unlink(missing_ok=True)
        for person in self._hosts[place.conference].conference.feature(People).erased():
            self._forget(self._hosts[place.conference], person)
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

    async def _printed(self, record: Record) -> bytes:
        """The sealed PDF, with what can be opened of the record's commitments at the time."""
        openings = await self._means.vault.openings(commitments(record))
        order = {"record": record, "openings": openings, "seal": self._means.seal}
        return await self._means.jobs.run(Job.SEAL, msgspec.json.encode(order))

    def _path(self, digest: str) -> Path:
        return self._means.folder / f"{digest}.pdf"

    def _ceremony(self, conference: ConferenceId, room: RoomId) -> Ceremony:
        """Raises Refused for a room that is not here."""
        with contextlib.suppress(KeyError):
            return self._hosts[conference].conference.feature(Ceremony, room)
        raise Refused("record-unknown")

    def _act(self, place: Place) -> Act | None:
        return self._ceremony(place.conference, place.room).act(place.act)


def _signatories(place: Place, act: Act) -> frozenset[PersonId]:
    return frozenset(signatory(place.conference, act.id, party) for party in range(len(act.parties)))


def _acts(host: Held) -> Iterator[tuple[RoomId, Act]]:
    for room in host.conference.rooms():
        for act in host.conference.feature(Ceremony, room).book.acts():
            yield room, act


def _kept(frame: Frame, told: Sequence[Fact], done: Mapping[ProjectId, ActDigest]) -> dict[ProjectId, Kept]:
    return {act: Kept(record_digest(act_record(frame, told, act)), Digest(file)) for act, file in done.items()}


def _key(done: Mapping[ProjectId, ActDigest]) -> str:
    """Which files a ceremony's record names: another set is another record."""
    return hashlib.sha256(msgspec.json.encode(sorted(done.items()))).hexdigest()[:32]
