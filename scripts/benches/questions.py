"""`scripts/bench questions`: 5,000 questions with 100,000 votes, and a thousand phones that wait for the next one.

The journal is written first; then its entries are applied, a view is made after every vote, and a whole node of
its own serves the phones, each another person: how long a published question takes to the last of them.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from rooms.audience import Attendee
from rooms.conference import Conference
from rooms.definition import Definition
from rooms.features.links import Standing
from rooms.features.qa import Questions
from rooms.invites import Invite
from rooms.journal import Entry, decode, encode, genesis
from rooms.kernel import (
    Actor,
    CommandId,
    ConferenceId,
    DeviceId,
    Event,
    InviteId,
    LanguageTag,
    PersonId,
    Role,
    RoomId,
    VenueId,
)
from rooms.questions.commands import Publish
from rooms.questions.events import QuestionAsked, QuestionPublished, QuestionVoted
from rooms.questions.words import QuestionId
from scripts.benches import Bench, Outcome, Say
from scripts.benches.crowd import CrowdProcess, Opening
from scripts.benches.socket import ENGINE, FILES_BESIDE, HOST
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from server.datafolder import DataFolder
from server.definitions import definitions
from server.identity import Identity, Session, cookie_name, node_key
from server.journal.sqlite import SqliteJournal

APPLY_MAX: Final = 60.0
"""Times a msgspec decode of the same entry."""
VIEW_MAX: Final = 2.0
"""Times the encoding of the same window."""
PUBLISH_MS: Final = 500.0
CONFERENCE: Final = ConferenceId("jiangsu-2022")
ROOM: Final = RoomId("stage")
LOOKED_AT: Final = 500
"""Votes after each of which a view is made."""
WAITING: Final = 40
"""Questions that wait for the phones, and are published one by one."""
BATCH: Final = 256
PAUSE_S: Final = 0.37
"""Between two publications: no multiple of the quarter second in which views are collected."""
TEXT: Final = "Wie können Unternehmen beider Städte bei Batterien und Ladetechnik zusammenarbeiten? 两地企业如何合作 "


class Figures(msgspec.Struct, frozen=True):
    """Medians; `publish_p95_ms`: from the moderator's key to the last phone."""

    questions: int
    votes: int
    apply_us: float
    decode_us: float
    view_ms: float
    encode_ms: float
    publish_p95_ms: float
    clients: int


def entries(definition: Definition, questions: int, votes: int, persons: int, epoch: int) -> Iterator[Entry]:
    """The journal: every question asked and all but the last ones published, then votes, a few favoured more."""
    yield genesis(definition, epoch, at_ms=0)
    seq = 1

    def entry(actor: Actor, *events: Event) -> Entry:
        nonlocal seq
        seq += 1
        return Entry(seq, epoch, seq * 10, actor, ROOM, CommandId(f"c{seq}"), events)

    for number in range(1, questions + 1):
        id, language = QuestionId(f"q{number}"), LanguageTag(("de", "zh", "en")[number % 3])
        yield entry(_phone(number % persons), QuestionAsked(id, f"{TEXT}{_mark(number)}", language))
        if number <= questions - WAITING:
            yield entry(_MODERATOR, QuestionPublished(id))
    open_questions = questions - WAITING
    for number in range(votes):
        person, turn = number % persons, number // persons
        chosen = 1 + (person * 31 + turn * (turn + 1) // 2) % open_questions
        yield entry(_phone(person), QuestionVoted(QuestionId(f"q{chosen}")))


_MODERATOR: Final = Actor(PersonId("moderator"), Role.MODERATOR)


def _phone(number: int) -> Actor:
    venue = (VenueId("changzhou"), VenueId("frankfurt"), None)[number % 3]
    return Actor(PersonId(f"phone-{number}"), Role.ATTENDEE, venue)


def _mark(number: int) -> str:
    """What is in one question's text only."""
    return f"<{number:06}>"


def measure_state(bodies: Sequence[bytes], say: Say) -> tuple[float, float, float, float]:
    """`apply_us`, `decode_us` of an entry, `view_ms`, `encode_ms` of a window after each vote."""
    read = [decode(body)[0] for body in bodies]
    conference = Conference.replayed(read[:1])
    decoded_s, applied_s, views_s, encoded_s = [], [], [], []
    questions = conference.feature(Questions, ROOM)
    for number, (body, each) in enumerate(zip(bodies[1:], read[1:], strict=True)):
        began_s = time.perf_counter()
        msgspec.json.decode(body)
        between_s = time.perf_counter()
        conference.apply(each)
        applied_s.append(time.perf_counter() - between_s)
        decoded_s.append(between_s - began_s)
        if number >= len(bodies) - 1 - LOOKED_AT:
            began_s = time.perf_counter()
            view = questions.view(Attendee(), {}, each.at_ms)
            between_s = time.perf_counter()
            msgspec.json.encode(view)
            encoded_s.append(time.perf_counter() - between_s)
            views_s.append(between_s - began_s)
    say(f"{len(read)} entries are applied")
    medians = [statistics.median(values) for values in (applied_s, decoded_s, views_s, encoded_s)]
    return medians[0] * 1e6, medians[1] * 1e6, medians[2] * 1e3, medians[3] * 1e3


async def write_journal(path: Path, definition: Definition, questions: int, votes: int, persons: int) -> list[bytes]:
    """The journal on disk, and its entries' bytes."""
    journal = SqliteJournal(path)
    epoch = await journal.open(definition.id)
    written = list(entries(definition, questions, votes, persons, epoch))
    for start in range(0, len(written), BATCH):
        await journal.append(definition.id, start, epoch, written[start : start + BATCH])
    await journal.close()
    return [encode(entry) for entry in written]


async def measure_publishing(node: OwnNode, questions: int, clients: int, say: Say) -> list[float]:
    """How long each waiting question takes from the moderator's key to the last phone, ms."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(node.stop)
        await node.start()
        links = await node.links()
        moderator = await stack.enter_async_context(Person(node, _link(links, "moderator"), "Mo"))
        crowd = await CrowdProcess.start()
        stack.push_async_callback(crowd.close)
        for opening in _phones(node, _link(links, "attendee").token, clients):
            await crowd.come("phones", opening, 1)
        await crowd.heard("phones", 1)
        say(f"{clients} phones are here")
        took_ms = []
        for number in range(questions - WAITING + 1, questions + 1):
            await crowd.expect("phones", _mark(number))
            began_s = time.monotonic()
            command = msgspec.to_builtins(Publish(QuestionId(f"q{number}")))
            publishing = asyncio.create_task(moderator.insist(command))
            await crowd.met("phones")
            took_ms.append(1000 * (time.monotonic() - began_s))
            assert "seq" in await publishing, await publishing
            await asyncio.sleep(PAUSE_S)
        return took_ms


def _link(links: Sequence[Link], role: str) -> Link:
    return next(link for link in links if link.role == role)


def _phones(node: OwnNode, token: str, clients: int) -> Iterator[Opening]:
    """Browsers that came in before, each another person: their cookies are signed with the node's own key."""
    identity = Identity(node_key(DataFolder(node.data).key))
    invite = Invite(InviteId("attendee"), Role.ATTENDEE)
    identity.learn(CONFERENCE, [(invite, Standing())])
    name = cookie_name(identity.link(token), secure=False)
    hello = "40" + msgspec.json.encode({"invite": invite.id, "token": token}).decode()
    opening = Opening(HOST, node.port, ENGINE, hello=hello)
    for number in range(clients):
        session = Session(CONFERENCE, invite.id, 1, _phone(number).person, DeviceId(f"d{number}"))
        yield replace(opening, headers={"Cookie": f"{name}={identity.signed(session)}"})


async def measure(questions: int, votes: int, clients: int, say: Say) -> Figures:
    with tempfile.TemporaryDirectory(prefix="twinhall-questions-") as folder:
        node = OwnNode(Path(folder), CONFERENCE)
        bodies = await write_journal(
            Path(folder) / "journal.db", definitions([CONFERENCE])[0], questions, votes, clients
        )
        say(f"{len(bodies)} entries are in the journal")
        apply_us, decode_us, view_ms, encode_ms = measure_state(bodies, say)
        took_ms = await measure_publishing(node, questions, clients, say)
    p95_ms = statistics.quantiles(took_ms, n=20)[-1]
    return Figures(
        questions,
        votes,
        round(apply_us, 2),
        round(decode_us, 2),
        round(view_ms, 4),
        round(encode_ms, 4),
        round(p95_ms, 1),
        clients,
    )


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    """Measure, and hold it against the promises."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * options.clients + FILES_BESIDE), hard))
    return judged(await measure(options.questions, options.votes, options.clients, say))


def judged(figures: Figures) -> Outcome:
    applied, viewed = figures.apply_us / figures.decode_us, figures.view_ms / figures.encode_ms
    checks = {
        f"an entry is applied in {applied:.1f} of its decode, not {APPLY_MAX}": applied > APPLY_MAX,
        f"a view takes {viewed:.2f} of its encoding, not {VIEW_MAX}": viewed > VIEW_MAX,
        f"a question took {figures.publish_p95_ms} ms to the last phone, not {PUBLISH_MS}": figures.publish_p95_ms
        > PUBLISH_MS,
    }
    return Outcome(msgspec.to_builtins(figures), tuple(words for words, broken in checks.items() if broken))


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--questions", type=int, default=5000, help="questions of the room (default: 5000)")
    options.add_argument("--votes", type=int, default=100_000, help="votes (default: 100000)")
    options.add_argument("--clients", type=int, default=1000, help="phones (default: 1000)")


BENCH: Final = Bench("a full room of questions: apply, view, and the way to the last phone", add_options, run)
