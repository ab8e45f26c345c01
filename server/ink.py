"""Strokes in flight: from a tablet to every page of the room, while they are drawn.

What comes is merged for a few ms and encoded once. Nothing is stored: an acknowledged
signature's strokes are in the vault, and what a page lacks it gets again. Each message
names the index of its first point (`from`), so that a repetition changes nothing; the one with
the hand's first point says `cleared`, so that no page adds it to what the hand drew before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Final, NamedTuple, assert_never

import msgspec
from msgspec import Meta

from rooms.ceremony.words import POINTS_MAX, STROKES_MAX, Id, Party, Point, Take
from rooms.kernel import Json, ProjectId, RoomId
from server.fanout import Loop, Timer
from server.outbox import Outbox, event_frame

MERGE_S: Final = 0.03
"""Well below the promised 50 ms: the tablet's own batches and the line come on top."""
SIGNATURES_MAX: Final = 64
"""Signatures in memory; the oldest give way."""
_Room = Annotated[RoomId, Meta(pattern=r"^[a-z0-9-]{1,40}\Z")]


class Stroke(msgspec.Struct, frozen=True, tag="ceremony.stroke", rename={"start": "from"}):
    """More points of one stroke; `start` is the index of the first one in it."""

    room: _Room
    act: Id
    take: Take
    party: Party
    stroke: Annotated[int, Meta(ge=0, lt=STROKES_MAX)]
    points: Annotated[tuple[Point, ...], Meta(min_length=1, max_length=POINTS_MAX)]
    start: Annotated[int, Meta(ge=0, lt=POINTS_MAX)] = 0


class Cleared(msgspec.Struct, frozen=True, tag="ceremony.cleared"):
    """The party begins again."""

    room: _Room
    act: Id
    take: Take
    party: Party


class Given(msgspec.Struct, frozen=True, tag="ceremony.given"):
    """The signature as it took effect, whole: what was drawn before and is not of it goes."""

    room: _Room
    act: Id
    take: Take
    party: Party
    strokes: tuple[tuple[Point, ...], ...]


Drawn = Stroke | Cleared | Given
"""What a hand did, at this process or at another one."""


class Hand(NamedTuple):
    """Whose strokes."""

    act: ProjectId
    take: int
    party: int


class Ink:
    """The strokes so far of one conference. `readers` are those who get them, `allowed` says whether a pad is open."""

    def __init__(self, loop: Loop, readers: Callable[[], Iterable[Outbox]]) -> None:
        self._loop = loop
        self._readers = readers
        self._drawn: dict[Hand, list[list[Point]]] = {}
        self._sent: dict[Hand, list[int]] = {}
        self._behind: set[Outbox] = set()
        self._flushed_s = -MERGE_S
        self._timer: Timer | None = None

    def draw(self, hand: Hand, stroke: int, start: int, points: Sequence[Point]) -> None:
        """Take points in; what is known already is skipped, what would leave a gap waits for its repetition."""
        strokes = self._strokes(hand)
        if stroke > len(strokes) or sum(map(len, strokes)) + len(points) > POINTS_MAX:
            return
        if stroke == len(strokes):
            strokes.append([])
        known = strokes[stroke]
        if start <= len(known) and len(points) > len(known) - start:
            known.extend(points[len(known) - start :])
            self._soon()

    def take(self, drawn: Drawn) -> None:
        """What a tablet said, here or at another process."""
        hand = Hand(drawn.act, drawn.take, drawn.party)
        match drawn:
            case Stroke():
                self.draw(hand, drawn.stroke, drawn.start, drawn.points)
            case Cleared():
                self.clear(hand)
            case Given():
                self.whole(hand, drawn.strokes)
            case never:
                assert_never(never)

    def whole(self, hand: Hand, strokes: Sequence[Sequence[Point]]) -> None:
        """The signature as it was given: what pages lack of it is sent. A clear that got lost is made up for."""
        if not _begins(self._drawn.get(hand, ()), strokes):
            self.clear(hand)
        for number, points in enumerate(strokes):
            self.draw(hand, number, 0, points)

    def clear(self, hand: Hand) -> None:
        """The party begins again, in order with the strokes."""
        self.flush()
        self.forget(hand)
        self._write([event_frame("ink", {**hand._asdict(), "cleared": True})])

    def forget(self, hand: Hand) -> None:
        self._drawn.pop(hand, None)
        self._sent.pop(hand, None)

    def hands(self) -> Iterable[Hand]:
        return tuple(self._drawn)

    def welcome(self, reader: Outbox) -> None:
        """A page that comes gets the strokes so far."""
        for frame in self._all():
            reader.write(frame)

    def leave(self, reader: Outbox) -> None:
        self._behind.discard(reader)

    def flush(self) -> None:
        """Send what is new. Who is behind is passed over, and gets it all once the line is free."""
        self.close()
        self._flushed_s = self._loop.time()
        frames = [frame for hand, strokes in self._drawn.items() for frame in self._new(hand, strokes)]
        self._write(frames)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _strokes(self, hand: Hand) -> list[list[Point]]:
        if hand not in self._drawn and len(self._drawn) >= SIGNATURES_MAX:
            self.forget(next(iter(self._drawn)))
        return self._drawn.setdefault(hand, [])

    def _soon(self) -> None:
        if self._timer is None:
            wait_s = max(0.0, self._flushed_s + MERGE_S - self._loop.time())
            self._timer = self._loop.call_later(wait_s, self.flush)

    def _new(self, hand: Hand, strokes: Sequence[Sequence[Point]]) -> Iterator[bytes]:
        sent = self._sent.setdefault(hand, [])
        sent.extend([0] * (len(strokes) - len(sent)))
        for number, points in enumerate(strokes):
            if sent[number] < len(points):
                yield _frame(hand, number, sent[number], points[sent[number] :])
                sent[number] = len(points)

    def _all(self) -> list[bytes]:
        return [
            _frame(hand, number, 0, points)
            for hand, strokes in self._drawn.items()
            for number, points in enumerate(strokes)
        ]

    def _write(self, frames: Sequence[bytes]) -> None:
        whole: list[bytes] | None = None
        for reader in self._readers():
            if reader.is_behind:
                self._behind.add(reader)
            elif reader in self._behind:
                self._behind.discard(reader)
                whole = whole or self._all()
                _write_all(reader, [*whole, *frames])
            else:
                _write_all(reader, frames)


def _write_all(reader: Outbox, frames: Iterable[bytes]) -> None:
    for frame in frames:
        reader.write(frame)


def _begins(known: Sequence[Sequence[Point]], strokes: Sequence[Sequence[Point]]) -> bool:
    """Whether all that is known of a hand is of these strokes."""
    return len(known) <= len(strokes) and all(
        list(map(tuple, drawn)) == list(map(tuple, points[: len(drawn)]))
        for drawn, points in zip(known, strokes, strict=False)
    )


def _frame(hand: Hand, stroke: int, start: int, points: Sequence[Point]) -> bytes:
    told: Mapping[str, Json] = {**hand._asdict(), "stroke": stroke, "from": start, "points": points}
    return event_frame("ink", {**told, "cleared": True} if (stroke, start) == (0, 0) else told)
