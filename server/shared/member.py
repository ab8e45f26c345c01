"""A conference held by several processes: one of them owns it and decides, the others follow and ask.

Whoever holds the lease opens a host, which takes the next epoch of the journal; a former owner that
still writes is fenced by it. A command is asked again, under its own id, until an owner that is sure of
its lease has answered, so that it takes effect once whatever dies meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis

from rooms.conference import Conference
from rooms.definition import Definition
from rooms.features.people import Enter
from rooms.journal import Envelope
from rooms.kernel import Actor, CommandId, ConferenceId, Refused
from server.ending import ended
from server.host import Host, Listener
from server.journal import Fenced, Journal
from server.metrics import Metrics
from server.settings import Unusable
from server.shared.holding import Holding
from server.shared.lease import LOOK_S, NOBODY, SURE_S, Lease, Turn
from server.shared.line import Line
from server.shared.messages import Answered, Asked, NodeId, Vacant, packed, unpacked
from server.shared.store import RedisStore
from server.storage import Reason, Unwritable

START_S: Final = 20.0
PATIENCE_S: Final = 10.0
"""For so long a command waits for somebody who could be asked; then the page is told `busy` and sends it again."""
AGAIN_S: Final = 0.1
"""Who waits for an owner asks again when there is another one, and after this in any case."""
CATCH_UP_S: Final = 2.0
SUCCESSION_S: Final = 3.0
"""Within this a dead owner is followed by another one."""
PACE_S: Final = 0.02
"""However much happens, the lease is not looked at more often."""

_UNREAD: Final = frozenset({Reason.AWAY, Reason.STRANGER})
"""While it is so nobody can look up what was done."""
log = structlog.get_logger()


class _Moved(Exception):
    """Nobody was asked: who could be is not the owner, or not sure of it."""


class _Unsure(_Moved):
    """Somebody was asked, and did not say: it may be done."""


class Member:
    """One process' part in one conference."""

    def __init__(
        self,
        definition: Definition,
        host: Callable[[Definition], Host],
        journal: Journal,
        store: RedisStore,
        blocking: Redis,
        lease: Lease,
        line: Line,
        metrics: Metrics,
        returns: Callable[[NodeId], bool] = lambda node: False,
        yields: Callable[[], bool] = lambda: False,
    ) -> None:
        """`host` makes a writer; `blocking` is a client for reads that wait; `returns(node)`: whether a standby of
        that process takes its place when it dies, and its lease up again;
        `yields()`: whether to leave what is nobody's to another process, which is better placed."""
        self.id: ConferenceId = definition.id
        self.behind = 0
        self._store, self._lease, self._line, self._metrics = store, lease, line, metrics
        self._returns, self._yields = returns, yields
        self._holding = Holding(definition, host, journal, blocking, metrics, self._diverged)
        self._turn: Turn | None = None
        self._sure_until_s = 0.0
        self.telling = self._holding.telling
        self._turned: list[Callable[[], None]] = []
        self._heir = NOBODY
        self._turning = asyncio.Event()
        self._news = asyncio.Event()
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def node(self) -> NodeId:
        """This process."""
        return self._lease.node

    @property
    def owner(self) -> NodeId | None:
        """Who decides, as far as is known here."""
        return self._turn.holder if self._turn else None

    @property
    def owns(self) -> bool:
        return self._holding.host is not None

    @property
    def settled(self) -> bool:
        host = self._holding.host
        return host is None or host.settled

    @property
    def conference(self) -> Conference:
        """The state now: our own as the owner, else as it was read along."""
        return self._holding.conference

    def listen(self, listener: Listener) -> None:
        self.telling.listen(listener)

    async def open(self) -> None:
        """Own or follow, from now on. Raises Unusable."""
        self._line.on_connect(self.look_soon)
        self._task = asyncio.create_task(self._keep_turn(), name=f"member {self.id}")
        try:
            await asyncio.wait_for(self._ready.wait(), START_S)
        except TimeoutError:
            raise Unusable(f"no web process founded {self.id} within {START_S:.0f} s: see their logs") from None

    async def close(self) -> None:
        """Leave; the lease goes to whoever is quickest."""
        await ended(self._task)
        if self.owns:
            await self._end_host()
            with contextlib.suppress(Unwritable):
                await self._lease.leave(self.id)
            await self._line.tell(Vacant(self.id))
        await self._holding.close()

    def on_turn(self, listener: Callable[[], None]) -> None:
        """Call when this process has become the owner, or a follower."""
        self._turned.append(listener)

    def pass_on(self, heir: NodeId) -> None:
        """Let another process own the conference, if it is ours: that one is better placed."""
        self._heir = heir
        self.look_soon()

    async def another_owner(self, former: NodeId) -> bool:
        """Until there is another owner than that one; False when there is none for SUCCESSION_S."""
        self.look_soon()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SUCCESSION_S):
                while self.owner in (None, NOBODY, former):
                    await self._turning.wait()
                return True
        return False

    def look_soon(self) -> None:
        """The lease may be free, or Redis writes again: look now."""
        self._news.set()

    async def handle(self, envelope: Envelope, actor: Actor) -> int:
        """The seq after which the command is in force, and which this process has seen. Raises Refused.

        What may be done already is not refused because nobody can say so now: it is asked for until somebody can.
        """
        late_s, unsure = asyncio.get_running_loop().time() + PATIENCE_S, False
        while True:
            self._check_takes(unsure=unsure)
            try:
                if self._store.refusing in _UNREAD:
                    raise _Moved
                seq = await (self._decide(envelope, actor) if self.owns else self._ask(envelope, actor))
            except _Moved as moved:
                unsure = unsure or isinstance(moved, _Unsure)
            except Refused as refusal:
                if not unsure or _is_known(refusal):
                    raise
            else:
                await self._see(seq)
                return seq
            if not unsure and asyncio.get_running_loop().time() >= late_s:
                raise Refused("busy")
            await self._turned_again()

    def _check_takes(self, *, unsure: bool) -> None:
        """Raises Refused while Redis takes nothing, unless it may be done. What is lost nobody will ever know."""
        refusing = self._store.refusing
        if refusing and (not unsure or refusing is Reason.LOST):
            raise Refused(refusing)

    async def enter(self, actor: Actor, intent: CommandId) -> int:
        """The person comes in by a link. Raises Refused."""
        return await self.handle(Envelope(intent, Enter()), actor)

    async def answer(self, asked: Asked) -> None:
        """Another process asks for a command."""
        try:
            answered = Answered(asked.number, await self._decide(unpacked(asked.body), asked.actor))
        except _Moved:
            answered = Answered(asked.number)
        except Refused as refusal:
            answered = Answered(asked.number, None, refusal.code, dict(refusal.params))
        await self._line.tell(answered, asked.sender)

    async def _decide(self, envelope: Envelope, actor: Actor) -> int:
        """As the owner: what the journal took holds whatever became of the lease. Raises Refused; _Moved, or
        _Unsure when another one may have decided meanwhile."""
        host = self._holding.host
        if host is None or not self._holding.decides(host):
            raise _Moved
        try:
            decided = await host.decide(envelope, actor)
        except Refused as refusal:
            if refusal.code in _UNREAD:
                raise
            await self._be_sure(host)
            raise
        if not decided.written:
            await self._be_sure(host)
        return decided.seq

    async def _be_sure(self, host: Host) -> None:
        """Until it is known that nobody else had decided anything by now: what leaves no entry needs the newest state.

        A lease that is renewed later, under the same epoch, shows it too: who is slow must not decide anew for ever.
        Raises _Unsure.
        """
        loop = asyncio.get_running_loop()
        decided_s = loop.time()
        while not (self._holding.decides(host) and decided_s < self._sure_until_s):
            if not self._holding.decides(host) or self._store.refusing or loop.time() > decided_s + SUCCESSION_S:
                raise _Unsure
            await self._turned_again()

    async def _ask(self, envelope: Envelope, actor: Actor) -> int:
        if self.owner in (None, "", self.node) or not self._line.up.is_set():
            raise _Moved
        assert self.owner is not None
        asked = Asked(self.node, 0, self.id, packed(envelope), actor)
        answered = await self._line.ask(self.owner, asked)
        if answered is not None and answered.refused:
            raise Refused(answered.refused, **answered.params)
        if answered is None or answered.seq is None:
            raise _Unsure
        return answered.seq

    async def _turned_again(self) -> None:
        """Until another process owns the conference, or we are sure again; not for long."""
        self.look_soon()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._turning.wait(), AGAIN_S)

    async def _see(self, seq: int) -> None:
        """Until the entry was read here too: who acts finds the effect in what is asked next."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                while self.conference.seq < seq:
                    await self.telling.progress()

    async def _keep_turn(self) -> None:
        said = ""
        while True:
            self._news.clear()
            try:
                await self._look()
                said = ""
            except (Unwritable, Unusable, Fenced) as failed:
                if str(failed) != said:
                    log.warning("turn not known", conference=self.id, reason=str(failed))
                said = str(failed)
            except Exception:
                log.exception("turn broke", conference=self.id)
            await asyncio.sleep(PACE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), LOOK_S)

    async def _look(self) -> None:
        """Take or renew the lease, and become what it makes of us. Raises Unwritable, Unusable."""
        asked_s, last = asyncio.get_running_loop().time(), self.telling.last
        turn = await self._passed_on(await self._take())
        is_other = self._turn is None or (turn.epoch, turn.holder) != (self._turn.epoch, self.owner)
        if last is not None and is_other and not await self.telling.stands(last):
            raise self._store.lost(f"{self.id} has another entry {last.seq} than before")
        if last is not None and turn.seq < last.seq:
            raise self._store.lost(f"{self.id} ends at seq {turn.seq} and ended at {last.seq} before")
        owned, former, was_sure = self.owns, self.owner, asked_s < self._sure_until_s
        self._turn, self.behind = turn, turn.seq - (last.seq if last else self._seq())
        if turn.holder != former:
            self._line.moved(self.id)
        if turn.holder != self.node:
            if not self._holding.follows:
                self._sure_until_s = 0.0
                await self._holding.follow(self.node, self.owner)
        else:
            if self._holding.host is None or not self._writes(self._holding.host, turn):
                self._sure_until_s = 0.0
                await self._holding.own(self.node)
                self.look_soon()
            self._sure_until_s = asked_s + SURE_S
        if turn.holder != former or (self.owns and not was_sure):
            self._turning.set()
            self._turning = asyncio.Event()
        if self.owns != owned:
            for turned in self._turned:
                turned()
        self._metrics.owner.labels(self.id).set(self.owns)
        self._metrics.behind.labels(self.id).set(max(0, self.behind))
        if self._holding.begun:
            self._ready.set()

    async def _take(self) -> Turn:
        """Renew what is ours; take what is nobody's, unless another one is to have it. Raises Unwritable."""
        if self.owner != self.node and self._yields():
            return await self._lease.look(self.id)
        return await self._lease.take(self.id, by_line=self._trusts_lines())

    def _writes(self, host: Host, turn: Turn) -> bool:
        """Whether it is the newest writer, or will be once anything can be written."""
        is_late = not host.epoch and self._store.refusing is not None
        return self._holding.decides(host) and (host.epoch == turn.epoch or is_late)

    async def _passed_on(self, turn: Turn) -> Turn:
        """The turn after its heir, if there is one, got what is ours."""
        heir, self._heir = self._heir, NOBODY
        if heir == NOBODY or turn.holder != self.node:
            return turn
        await self._end_host()
        await self._lease.leave(self.id, heir)
        await self._line.tell(Vacant(self.id))
        return replace(turn, holder=heir)

    def _trusts_lines(self) -> bool:
        """Whether an owner whose line is down is dead for good: it has no standby, and Redis itself was not away."""
        return self._line.up_s > SURE_S and not self._returns(self.owner or NOBODY)

    async def _end_host(self) -> None:
        self._sure_until_s = 0.0
        await self._holding.end_host()

    def _diverged(self, why: str) -> None:
        self._store.lost(why)

    def _seq(self) -> int:
        return self.conference.seq if self._holding.begun else 0


def _is_known(refusal: Refused) -> bool:
    """Whether who refuses a repetition has looked up what became of the first try: not where too many waited."""
    return refusal.code not in _UNREAD and "waiting" not in refusal.params
