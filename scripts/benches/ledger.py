"""The clients' own logs against the journal: what was acknowledged is there, once, and everybody saw one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from rooms.features.links import LinkRenewed
from rooms.features.stage import SceneTaken, SoundSet
from rooms.journal import Entry
from scripts.benches.client import Log


class Found(msgspec.Struct, frozen=True):
    """Counts of commands, over all clients."""

    sent: int = 0
    acknowledged: int = 0
    missing: int = 0
    """Acknowledged, and not in the journal at the seq that the client was told."""
    twice: int = 0
    """Took effect twice, or was answered with two different seqs."""
    refused_yet_done: int = 0
    disordered: int = 0
    """Things seen in a view that the journal does not have, or has in another order."""

    def __add__(self, other: Found) -> Found:
        sums = {name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__}
        return Found(**sums)

    @property
    def kept(self) -> bool:
        return not (self.missing or self.twice or self.refused_yet_done or self.disordered)


def compare(logs: Sequence[Log], entries: Sequence[Entry]) -> Found:
    """All logs of one data folder against all entries of its journal."""
    seqs = {str(entry.command_id): entry.seq for entry in entries}
    acknowledged = {id: seq for log in logs for id, seq in log.acknowledged.items()}
    sent = {id for log in logs for id in log.sent}
    return Found(
        sent=len(sent),
        acknowledged=len(acknowledged),
        missing=sum(seqs.get(id) != seq for id, seq in acknowledged.items()),
        twice=_repeats(entries) + sum(log.answered_otherwise for log in logs),
        refused_yet_done=sum(id in seqs for log in logs for id in log.refused),
        disordered=sum(_disorder(log, entries) for log in logs),
    )


def _repeats(entries: Sequence[Entry]) -> int:
    """Entries of the same command, and gains (each command sets its own) that were set twice."""
    commands = Counter(entry.command_id for entry in entries if entry.command_id)
    gains = Counter(event.gain for entry in entries for event in entry.events if isinstance(event, SoundSet))
    renewals = [event for entry in entries for event in entry.events if isinstance(event, LinkRenewed)]
    renewed = Counter((event.invite, event.generation) for event in renewals)
    return sum(times - 1 for counted in (commands, gains, renewed) for times in counted.values())


def _disorder(log: Log, entries: Sequence[Entry]) -> int:
    takes = [entry.seq for entry in entries if any(isinstance(event, SceneTaken) for event in entry.events)]
    gains: dict[str, list[float]] = {}
    for entry in entries:
        for event in entry.events:
            if isinstance(event, SoundSet):
                gains.setdefault(event.source, [1.0]).append(event.gain)
    disorder = sum(not _is_within(shown, iter(gains.get(source, [1.0]))) for source, shown in log.gains.items())
    return disorder + (not _is_within(log.takes, iter(takes)))


def _is_within(shown: Iterable[float], held: Iterator[float]) -> bool:
    """Whether `shown` is a part of `held`, in its order."""
    return all(any(one == other for other in held) for one in shown)
