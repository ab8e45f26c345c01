"""The processes of one node: who lives, who is where, and what they say to each other."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, assert_never

import structlog

from rooms.kernel import ConferenceId, Json, PersonId
from server.clock import Clock
from server.director import Director
from server.ending import ended
from server.hall import Hall, News
from server.ink import Cleared, Given, Stroke
from server.metrics import Metrics
from server.presence import Page
from server.shared.apart import Apart
from server.shared.lease import NOBODY
from server.shared.line import BEAT_S, SILENT_S, Line
from server.shared.media import SharedMedia
from server.shared.member import Member
from server.shared.messages import (
    CONFERENCE_LOAD,
    Answered,
    Asked,
    Beat,
    Ended,
    Here,
    Inked,
    Media,
    Message,
    Named,
    NodeId,
    Seen,
    Standing,
    Vacant,
    Viewed,
)
from server.shared.store import RedisStore
from server.shared.vault import SharedVault
from server.storage import Unwritable

ALONE_S: Final = 1.0
"""A relay's standby takes over within this time; a process whose relay stays away passes its conferences on."""
AGAIN_BEATS: Final = 4
"""Who is here is said when it changes, and every so many beats for those who missed it."""

log = structlog.get_logger()


class Company:
    """This process among the others. Give `hear` to the line; `meet` once there are halls."""

    def __init__(
        self,
        store: RedisStore,
        vault: SharedVault,
        members: Sequence[Member],
        clock: Clock,
        metrics: Metrics,
        address: str,
        fingerprint: Callable[[], bytes],
        apart: Apart,
        end: Callable[[], None],
        *,
        standby: bool,
    ) -> None:
        """`address`: where the others reach our HTTP; `fingerprint()`: of the certificate that we show there;
        `apart`: how far our clock is from the others'; `end()` makes this process end, for another has its name;
        `standby`: whether another one waits to take our place."""
        self._vault, self._clock, self._metrics = vault, clock, metrics
        self._members = {member.id: member for member in members}
        self._address, self._fingerprint, self._apart, self._standby = address, fingerprint, apart, standby
        self._end = end
        self._media: SharedMedia | None = None
        self._is_alone = False
        self._waiting_for_relay: asyncio.TimerHandle | None = None
        self._halls: Mapping[ConferenceId, Hall] = {}
        self._others: dict[NodeId, tuple[float, Beat]] = {}
        self._said: dict[ConferenceId, tuple[Seen, ...]] = {}
        self._started_ms = int(clock.now_ms())
        self._tasks: set[asyncio.Task[None]] = set()
        store.listen(self._look_soon)

    def media(self, director: Director, line: Line) -> SharedMedia:
        """The media of this process among the others'."""
        self._media = SharedMedia(director, self._members, line, self._relay_changed)
        return self._media

    def meet(self, line: Line, halls: Mapping[ConferenceId, Hall]) -> None:
        """Tell the others of the halls' pages, and the halls of theirs, from now on."""
        self._halls = halls
        for hall in halls.values():
            hall.pass_on = functools.partial(self._pass_on, line, hall)
        self._spawn(self._beat_on(line))
        self._spawn(self._apart.keep())

    def _pass_on(self, line: Line, hall: Hall, news: News) -> None:
        """Tablets' strokes and signs of life are for the pages of all processes."""
        match news:
            case (seat, pad):
                line.say(Standing(line.node, hall.id, seat, pad))
            case Stroke() | Cleared() | Given():
                line.say(Inked(line.node, hall.id, news))
            case never:
                assert_never(never)

    def elsewhere(self, conference: ConferenceId) -> Beat | None:
        """The other process that owns the conference, without an address if it is not heard; None when we do."""
        member = self._members.get(conference)
        if member is None or member.owns:
            return None
        owner = member.owner or NOBODY
        return self._others[owner][1] if owner in self._others else Beat(owner, 0, 0, 0)

    async def another(self, conference: ConferenceId, former: NodeId) -> bool:
        """Until the conference has another owner than that one, us perhaps; False when that takes too long."""
        return await self._members[conference].another_owner(former)

    def returns(self, node: NodeId) -> bool:
        """Whether a standby takes the place of that process when it dies."""
        return node in self._others and self._others[node][1].standby

    def yields(self) -> bool:
        """Whether our clock is off, and another process with a relay has a better one."""
        return self._apart.is_off and bool(self._heirs())

    def _heirs(self) -> list[Beat]:
        """Who may own conferences, as well as any."""
        return [beat for _, beat in self._others.values() if beat.relay and not beat.off]

    async def close(self) -> None:
        if self._waiting_for_relay is not None:
            self._waiting_for_relay.cancel()
        await ended(*self._tasks)

    def processes(self) -> int:
        """How many processes live, this one among them."""
        return 1 + len(self._others)

    def view(self, conference: ConferenceId) -> Sequence[Mapping[str, Json]]:
        """The processes as the organiser sees them, this one first."""
        member = self._members[conference]
        others = [beat for _, (_, beat) in sorted(self._others.items())]
        return [
            {
                "node": beat.node,
                "pid": beat.pid,
                "started_ms": beat.started_ms,
                "pages": beat.sockets,
                "behind": beat.lag.get(conference, 0),
                "relay": bool(beat.relay),
                "sessions": beat.sessions,
                "packets_per_s": beat.packets_per_s,
                "clock": {"offset_ms": beat.offset_ms, "bound_ms": beat.bound_ms, "off": beat.off},
                "owner": beat.node == member.owner,
                "here": beat.node == member.node,
            }
            for beat in (self._own(member.node), *others)
        ]

    def hear(self, message: Message) -> None:
        """What another process, or this one, said."""
        match message:
            case Asked(conference=conference):
                if conference in self._members:
                    self._spawn(self._members[conference].answer(message))
            case Beat(node=node):
                self._live(node, message)
            case Here(node=node, conference=conference, pages=pages):
                if conference in self._halls and node != self._members[conference].node:
                    now_s = asyncio.get_running_loop().time()
                    theirs = [Page(seen.actor, seen.visible, now_s - seen.age_s) for seen in pages]
                    self._halls[conference].elsewhere(node, theirs)
            case Inked(node=node, conference=conference, drawn=drawn):
                if conference in self._halls and node != self._members[conference].node:
                    self._halls[conference].ink.take(drawn)
            case Standing(node=node, conference=conference, seat=seat, pad=pad):
                if conference in self._halls and node != self._members[conference].node:
                    self._halls[conference].pads.stood_by(seat, pad)
                    self._halls[conference].changed()
            case Named(person=person):
                self._spawn(self._learn(person))
            case Vacant(conference=conference):
                if conference in self._members:
                    self._members[conference].look_soon()
            case Media() | Viewed() | Ended():
                if self._media is not None:
                    self._media.hear(message)
            case Answered():
                raise AssertionError("the line keeps answers for those who asked")
            case never:
                assert_never(never)

    def _live(self, node: NodeId, beat: Beat) -> None:
        if any(node == member.node for member in self._members.values()):
            self._check_name(beat)
            return
        before = self._others.get(node)
        self._others[node] = asyncio.get_running_loop().time(), beat
        if before is None:
            log.info("another process", node=node)
        if before is None or before[1] != beat:
            self._changed()

    def _check_name(self, beat: Beat) -> None:
        """Two of one name, that came up while a line was down, would fence each other for ever: the later one ends,
        and is refused at its next start."""
        if (self._started_ms, os.getpid(), self._address) > (beat.started_ms, beat.pid, beat.address):
            mend = "give this one another host name, or another --port"
            log.error("another process has our name, as on a copied machine: this one ends", node=beat.node, mend=mend)
            self._end()

    async def _learn(self, person: PersonId) -> None:
        try:
            await self._vault.learn(person)
        except Unwritable as failed:
            log.warning("a name is not known here yet", reason=str(failed))
        for hall in self._halls.values():
            hall.changed()

    async def _beat_on(self, line: Line) -> None:
        beats = 0
        while True:
            try:
                self._beat(line, everything=beats % AGAIN_BEATS == 0)
                self._bury()
            except Exception:
                log.exception("a beat broke")  # and the next one is made: who is silent is taken for dead
            beats += 1
            await asyncio.sleep(BEAT_S)

    def _beat(self, line: Line, *, everything: bool) -> None:
        line.say(self._own(line.node))
        self._share()
        now_s = asyncio.get_running_loop().time()
        for id, hall in self._halls.items():
            pages = tuple(Seen(page.actor, page.visible, round(now_s - page.since_s)) for page in hall.here())
            bare = tuple(Seen(page.actor, page.visible, 0) for page in hall.here())
            if everything and self._media is not None:
                self._media.tell(id)
            if everything or self._said.get(id) != bare:
                self._said[id] = bare
                line.say(Here(line.node, id, pages))

    def _own(self, node: NodeId) -> Beat:
        relay, reading = self._media.health() if self._media else {}, self._apart.reading
        return Beat(
            node,
            os.getpid(),
            self._started_ms,
            self._open_pages(),
            self._address,
            self._fingerprint(),
            relay.get("epoch", ""),
            relay.get("sessions", 0),
            relay.get("packets_per_s", 0),
            sum(member.owns for member in self._members.values()),
            self._standby,
            None if reading is None else round(reading.offset_ms, 1),
            None if reading is None else round(reading.bound_ms, 1),
            self._apart.is_off,
            {id: max(0, member.behind) for id, member in self._members.items()},
        )

    def _relay_changed(self) -> None:
        """Our relay may have come or gone: what is done about it is done in time, not with the next beat."""
        waiting = self._waiting_for_relay
        if self._media is None or self._media.epoch() is not None:
            self._is_alone, self._waiting_for_relay = False, None
            if waiting is not None:
                waiting.cancel()
        elif waiting is None:
            self._waiting_for_relay = asyncio.get_running_loop().call_later(ALONE_S, self._be_alone)

    def _be_alone(self) -> None:
        self._is_alone = True
        self._share()

    def _share(self) -> None:
        """Pass conferences on: all when only others have a relay, or a clock that is right; an idle one when another's
        load stays the smaller."""
        self._relay_changed()
        served = self._heirs()
        if self._media is None or not served:
            return
        heir = min(served, key=lambda beat: beat.load)
        owned = [member for member in self._members.values() if member.owns]
        if self._media.epoch() is not None and not self._apart.is_off:
            has_more = self._own(NOBODY).load >= heir.load + 2 * CONFERENCE_LOAD
            owned = [member for member in owned if has_more and self._media.is_idle(member.id)][:1]
        elif not self._is_alone and not self._apart.is_off:
            return
        for member in owned:
            member.pass_on(heir.node)

    def _bury(self) -> None:
        """Forget processes that fell silent, and their pages."""
        late_s = asyncio.get_running_loop().time() - SILENT_S
        for node in [node for node, (at_s, _) in self._others.items() if at_s < late_s]:
            del self._others[node]
            log.warning("a process is gone", node=node)
            for hall in self._halls.values():
                hall.elsewhere(node, ())
            self._changed()
        self._metrics.processes.set(self.processes())

    def _changed(self) -> None:
        for hall in self._halls.values():
            hall.changed()

    def _open_pages(self) -> int:
        return sum(hall.open_pages for hall in self._halls.values())

    def _look_soon(self) -> None:
        for member in self._members.values():
            member.look_soon()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (broke := task.exception()):
            log.error("a part of the company broke", exc_info=broke)
