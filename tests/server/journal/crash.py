"""Writers killed at random points, and what the journal then has of what they acknowledged.

`python -m tests.server.journal.crash [KILLS] [--early]` prints one JSON line. With `--early` the
writers acknowledge before the commit: a control, which has to find losses.
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
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rooms.features.links import LinkRevoked
from rooms.journal import Entry, decode
from rooms.kernel import Actor, CommandId, ConferenceId, InviteId, PersonId, Role
from server.journal.sqlite import SqliteJournal, connect, read_entries

C: Final = ConferenceId("c")
ANNA: Final = Actor(PersonId("anna"), Role.ATTENDEE)
BATCH: Final = 3


def entry(seq: int, command: str) -> Entry:
    return Entry(seq, 1, 0, ANNA, None, CommandId(command), (LinkRevoked(InviteId(command)),))


async def write(path: Path, pending: Sequence[str], trial: int, line: int, early: bool) -> None:
    """Until killed: `? id` before an intent is sent, `! id seq` once it is acknowledged."""
    journal = SqliteJournal(path)
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


class Trials:
    """What the clients know: which intents they sent, and the seq of each that was acknowledged."""

    def __init__(self, path: Path, seed: int, early: bool) -> None:
        self.acknowledged: dict[str, int] = {}
        self.twice_answered = 0
        self._path = path
        self._random = random.Random(seed)
        self._early = early
        self._pending: list[str] = []

    def kill_one(self, trial: int) -> None:
        """One writer's life. Forked: the program is loaded once for all of them."""
        heard, line = os.pipe()
        if (pid := os.fork()) == 0:
            os.close(heard)
            try:
                asyncio.run(write(self._path, self._pending, trial, line, self._early))
            finally:
                os._exit(1)
        os.close(line)
        with os.fdopen(heard) as lines:
            for _ in range(self._random.randrange(1, 60)):
                self._hear(lines.readline())
            sum(range(self._random.randrange(100_000)))  # the writer goes on meanwhile: the kill comes anywhere
            os.kill(pid, signal.SIGKILL)
            for heard_line in lines:
                self._hear(heard_line)
        os.waitpid(pid, 0)

    def _hear(self, heard: str) -> None:
        match heard.split():
            case ["?", id] if id not in self._pending:
                self._pending.append(id)
            case ["!", id, seq]:
                self.twice_answered += self.acknowledged.setdefault(id, int(seq)) != int(seq)
                if id in self._pending:
                    self._pending.remove(id)

    def found(self) -> dict[str, int]:
        """The journal compared with the acknowledgements."""
        connection = connect(self._path)
        entries = [decode(body)[0] for body in read_entries(connection, C, 0, sys.maxsize)]
        connection.close()
        assert [each.seq for each in entries] == list(range(1, len(entries) + 1)), "no gap and no repeat of a seq"
        held = {each.command_id: each.seq for each in entries}
        counted = Counter(each.command_id for each in entries)
        return {
            "acknowledged": len(self.acknowledged),
            "missing": sum(held.get(CommandId(id)) != seq for id, seq in self.acknowledged.items()),
            "twice": sum(times > 1 for times in counted.values()) + self.twice_answered,
        }


def main(arguments: Sequence[str]) -> None:
    early = "--early" in arguments
    kills = next((int(word) for word in arguments if word.isdecimal()), 50)
    seed = random.SystemRandom().randrange(2**32)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        trials = Trials(Path(folder) / "journal.db", seed, early)
        for trial in range(kills):
            trials.kill_one(trial)
        print(json.dumps({"kills": kills, "seed": seed, **trials.found()}))


if __name__ == "__main__":
    main(sys.argv[1:])
