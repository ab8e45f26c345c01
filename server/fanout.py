"""One view per audience: computed once, its changes encoded once, sent to many.

After a calm a change goes at once, the next ones a quarter of a second after it, together;
takes and the like go by the urgent lane. Whoever comes late, or lost count, gets the whole view. Beside the
view each person has a small one of their own, looked at only when it concerns them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

import msgspec

from rooms.audience import Audience, key
from rooms.kernel import Json, PersonId
from server.outbox import Outbox, event_frame

COALESCE_S: Final = 0.25
"""Promised is that what changed is on its way to the pages within this."""
GATHER_S: Final = 0.22
URGENT_S: Final = 0.02
"""Below the promised 250 and 50 ms by what computing and sending may take."""

View = Mapping[str, Json]
_ABSENT: Final = object()


def merge_patch(old: View, new: View) -> dict[str, Json]:
    """The RFC 7386 patch that turns `old` into `new`; empty when they are equal. Neither holds null."""
    patch: dict[str, Json] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name, _ABSENT)
        if isinstance(before, dict) and isinstance(value, dict):
            if deeper := merge_patch(before, value):
                patch[name] = deeper
        elif before != value or type(before) is not type(value):
            patch[name] = value
    return patch


class Timer(Protocol):
    """What `call_later` of an event loop returns."""

    def cancel(self) -> None: ...
    def when(self) -> float: ...


class Loop(Protocol):
    """The part of an event loop that a fan-out needs."""

    def time(self) -> float: ...
    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


class Channel:
    """One audience's or one person's view, its number, and who reads it. `event` is its name on the socket."""

    def __init__(self, compute: Callable[[], View], event: str = "view") -> None:
        self._compute = compute
        self._event = event
        self._view: Any = {}
        self._number = 0
        self._whole: bytes | None = None
        self._readers: set[Outbox] = set()

    def join(self, reader: Outbox) -> None:
        """Send the whole view, as it was last sent to the others, and every change from now on."""
        if not self._readers:
            self._advance()
        self._readers.add(reader)
        self._whole = self._whole or event_frame(self._event, {"to": self._number, "patch": self._view})
        reader.write(self._whole)

    def leave(self, reader: Outbox) -> None:
        self._readers.discard(reader)

    @property
    def is_read(self) -> bool:
        return bool(self._readers)

    def flush(self) -> None:
        """Send what changed, if anybody reads."""
        if not self._readers:
            return
        patch = self._advance()
        if not patch:
            return
        frame = event_frame(self._event, {"from": self._number - 1, "to": self._number, "patch": patch})
        for reader in self._readers:
            reader.write(frame)

    def _advance(self) -> Mapping[str, Json]:
        view = msgspec.to_builtins(self._compute())
        if patch := merge_patch(self._view, view):
            self._number += 1
            self._view = view
            self._whole = None
        return patch


class Fanout:
    """The channels of one conference and the two lanes that flush them."""

    def __init__(
        self,
        view: Callable[[Audience], View],
        mine: Callable[[PersonId], View],
        settled: Callable[[], bool],
        wakes_s: Callable[[], float | None],
        loop: Loop,
    ) -> None:
        """`wakes_s`: in how many seconds some view changes by time alone."""
        self._view = view
        self._mine = mine
        self._settled = settled
        self._wakes_s = wakes_s
        self._loop = loop
        self._channels: dict[str, Channel] = {}
        self._own: dict[PersonId, Channel] = {}
        self._concerned: set[PersonId] = set()
        self._timer: Timer | None = None
        self._flushed_s = -GATHER_S

    def channel(self, audience: Audience) -> Channel:
        """The audience's channel, made at its first reader."""
        name = key(audience)
        if name not in self._channels:
            self._channels[name] = Channel(lambda: self._view(audience))
        return self._channels[name]

    def own(self, person: PersonId) -> Channel:
        """The person's own channel, made at its first reader."""
        if person not in self._own:
            self._own[person] = Channel(lambda: self._mine(person), "mine")
        return self._own[person]

    def leave_own(self, person: PersonId, reader: Outbox) -> None:
        """One page of the person less; nothing is kept for those who are gone."""
        self._own[person].leave(reader)
        if not self._own[person].is_read:
            del self._own[person]

    def concern(self, persons: Iterable[PersonId]) -> None:
        """Look at these persons' own views at the next flush."""
        self._concerned.update(person for person in persons if person in self._own)

    def changed(self, *, urgent: bool = False) -> None:
        """Something in some view differs now: flush soon."""
        now_s = self._loop.time()
        delay_s = URGENT_S if urgent else max(URGENT_S, self._flushed_s + GATHER_S - now_s)
        if self._timer is not None:
            if self._timer.when() <= now_s + delay_s:
                return
            self._timer.cancel()
        self._timer = self._loop.call_later(delay_s, self.flush)

    def flush(self) -> None:
        """Send every channel's changes now; a moment later while the journal is still writing some of them."""
        self.close()
        if not self._settled():
            self.changed(urgent=True)
            return
        self._flushed_s = self._loop.time()
        concerned, self._concerned = self._concerned, set()
        for channel in [*self._channels.values(), *(self._own[each] for each in concerned if each in self._own)]:
            channel.flush()
        self._wake()

    def _wake(self) -> None:
        delay_s = self._wakes_s()
        if self._timer is None and delay_s is not None:
            self._timer = self._loop.call_later(delay_s, self.flush)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
