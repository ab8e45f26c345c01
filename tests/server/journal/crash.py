"""Writers killed at random points, and what the journal then has of what they acknowledged.

`python -m tests.server.journal.crash [KILLS] [--early] [--redis] [--unfenced]` prints one JSON line.
With `--redis` the journal is the shared one: now and then Redis itself is killed and started again on its
data, and now and then a writer only sleeps while the next one takes over, and wakes as a stale one.
Controls, which have to find losses: `--early` acknowledges before the commit, `--unfenced` takes what
anybody writes.
A kill leaves the kernel's pages alone, so the file is in memory where that can be had: the kills
come in the program then, and not in a wait for the disk. `test_power.py` cuts the power.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from rooms.features.links import LinkRevoked
from rooms.journal import Entry, decode
from rooms.kernel import Actor, CommandId, ConferenceId, InviteId, PersonId, Role
from scripts.benches.redis_process import MEMORY, RedisProcess
from scripts.benches.unfenced import UNFENCED
from server.journal import Fenced, Journal
from server.journal import redis as shared
from server.journal.redis import RedisJournal
from server.journal.sqlite import SqliteJournal
from server.shared.store import RedisStore

C: Final = ConferenceId("c")
ANNA: Final = Actor(PersonId("anna"), Role.ATTENDEE)
BATCH: Final = 3
REDIS_SHARE: Final = 10
"""Of so many trials one kills Redis too."""
STALE_SHARE: Final = 5
"""Of so many trials one leaves a stale writer behind, which wakes after the next one began."""

Opened = Callable[[], Journal]


def entry(seq: int, command: str) -> Entry:
    return Entry(seq, 1, 0, ANNA, None, CommandId(command), (LinkRevoked(InviteId(command)),))


async def write(opened: Opened, pending: Sequence[str], trial: int, line: int, early: bool) -> None:
    """Until killed or fenced: `? id` before an intent is sent, `! id seq` once it is acknowledged."""
    journal = opened()
    epoch = await journal.open(C)
    seq = len(await journal.replay(C, 0, sys.maxsize))
    number = 0
    while True:
        ids = list(pending[:BATCH]) or [f"{trial}-{number + n}" for n in range(BATCH)]
        pending, number = pending[BATCH:], number + BATCH
        say(line, "".join(f"? {id}\n" for id in ids))
        known = await journal.answers(C, [(ANNA.person, CommandId(id)) for id in ids])
        say(line, "".join(f"! {id} {at}\n" for (_, id), at in known.items()))
        batch = [entry(seq + n, id) for n, id in enumerate((id for id in ids if (ANNA.person, id) not in known), 1)]
        told = "".join(f"! {each.command_id} {each.seq}\n" for each in batch)
        if early:
            say(line, told)
        await journal.append(C, seq, epoch, batch)
        if not early:
            say(line, told)
        seq += len(batch)


def say(line: int, text: str) -> None:
    if text:
        os.write(line, text.encode())


class Writer:
    """A writer's process, and what it says. Forked: the program is loaded once for all of them."""

    def __init__(self, work: Callable[[int], Awaitable[None]]) -> None:
        heard, line = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(heard)
            try:
                with suppress(Fenced):
                    asyncio.run(work(line))  # type: ignore[arg-type]
            finally:
                os._exit(1)
        os.close(line)
        self.lines = os.fdopen(heard)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def end(self) -> list[str]:
        """SIGKILL; what it still had said."""
        self.signal(signal.SIGKILL)
        with self.lines:
            rest = list(self.lines)
        os.waitpid(self.pid, 0)
        return rest


class Trials:
    """What the clients know: which intents they sent, and the seq of each that was acknowledged."""

    def __init__(self, opened: Opened, server: RedisProcess | None, seed: int, early: bool) -> None:
        self.acknowledged: dict[str, int] = {}
        self.twice_answered = 0
        self._opened, self._server = opened, server
        self._random = random.Random(seed)
        self._early = early
        self._pending: list[str] = []
        self._stale: Writer | None = None

    def kill_one(self, trial: int) -> None:
        """One writer's life, and at its end perhaps Redis'."""
        writer = Writer(lambda line: write(self._opened, self._pending, trial, line, self._early))
        for number in range(self._random.randrange(1, 60)):
            self._hear(writer.lines.readline())
            if number == 5:
                self._wake()
        sum(range(self._random.randrange(100_000)))  # the writer goes on meanwhile: the kill comes anywhere
        self._wake()
        if self._server and trial % STALE_SHARE == 0:
            writer.signal(signal.SIGSTOP)
            self._stale = writer
            return
        for said in writer.end():
            self._hear(said)
        if self._server and trial % REDIS_SHARE == 1:
            self._server.kill()
            asyncio.run(self._server.start())

    def _wake(self) -> None:
        """The stale writer goes on where it fell asleep; with the fence it can only end."""
        if self._stale is None:
            return
        stale, self._stale = self._stale, None
        stale.signal(signal.SIGCONT)
        for _ in range(self._random.randrange(1, 20)):
            self._hear(stale.lines.readline())
        for said in stale.end():
            self._hear(said)

    def _hear(self, heard: str) -> None:
        match heard.split():
            case ["?", id] if id not in self._pending and id not in self.acknowledged:
                self._pending.append(id)
            case ["!", id, seq]:
                self.twice_answered += self.acknowledged.setdefault(id, int(seq)) != int(seq)
                if id in self._pending:
                    self._pending.remove(id)

    async def found(self) -> dict[str, int]:
        """The journal compared with the acknowledgements."""
        self._wake()
        entries = [decode(body)[0] for body in await self._opened().replay(C, 0, 10**9)]
        held = {each.command_id: place for place, each in enumerate(entries, 1)}
        counted = Counter(each.command_id for each in entries)
        return {
            "acknowledged": len(self.acknowledged),
            "missing": sum(held.get(CommandId(id)) != seq for id, seq in self.acknowledged.items()),
            "twice": sum(times > 1 for times in counted.values()) + self.twice_answered,
            "misplaced": sum(each.seq != place for place, each in enumerate(entries, 1)),
        }


def main(arguments: Sequence[str]) -> None:
    early = "--early" in arguments
    kills = next((int(word) for word in arguments if word.isdecimal()), 50)
    seed = random.SystemRandom().randrange(2**32)
    if "--unfenced" in arguments:
        shared.APPEND = UNFENCED  # type: ignore[misc]
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        server = RedisProcess(Path(folder) / "redis") if "--redis" in arguments else None
        if server:
            asyncio.run(server.start())
        try:
            trials = Trials(_opened(server, Path(folder) / "journal.db"), server, seed, early)
            for trial in range(kills):
                trials.kill_one(trial)
            print(json.dumps({"kills": kills, "seed": seed, **asyncio.run(trials.found())}))
        finally:
            if server:
                server.stop()


def _opened(server: RedisProcess | None, path: Path) -> Opened:
    return lambda: RedisJournal(RedisStore(server.url)) if server else SqliteJournal(path)


if __name__ == "__main__":
    main(sys.argv[1:])
