"""The web process's side of the control socket: keeps what web wants, mirrors what the relay does.

Nothing here decides. Web says what it wants by `put`, `drop`, `route`, `configure`
and `slates`; changes of one turn of the event loop travel as one difference, a whole
frame after each connect and whenever the relay asks for one. The relay may be away at
any time: wishes are kept and sent when it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from media import control
from media.control import Observed
from media.model import (
    AudienceName,
    PublicationState,
    Route,
    SessionId,
    SessionPhase,
    SessionSpec,
    SessionState,
    SlateSpec,
    SlotId,
    SourceName,
    SourceSpec,
    Traffic,
)
from media.wishes import Wishes

RETRY_FIRST_S = 0.005
RETRY_MOST_S = 0.25
"""A standby serves some 20 ms after a kill: asking more seldom would waste it, and asking costs 50 us."""
ENDINGS_KEPT = 256
"""sessions; only those that end between a `put` and its `negotiated` are asked for."""

log = structlog.get_logger("relay client")


class RelayClient:
    """One connection to the relay of this node.

    `sessions`, `publications`, `showing` and its `candidates` are what the relay observed last (kept
    while it is away; `connected` says so). Call `start` when routes, sources and slates are set: the first
    connect adopts the sessions that the relay still holds from an earlier web process, if
    `adopt(spec)` says so, and ends the others.
    """

    def __init__(
        self,
        path: Path,
        on_observed: Callable[[Observed], None],
        on_link: Callable[[bool], None] = lambda connected: None,
        on_epoch: Callable[[str], None] = lambda epoch: None,
        adopt: Callable[[SessionSpec], bool] = lambda spec: True,
    ) -> None:
        """`on_observed(frame)` after each frame was merged; `on_link(connected)` when the link comes or
        goes; `on_epoch(epoch)` when another relay process answers than before, or the first: media sessions of
        older ones are gone."""
        self.epoch = ""
        self.connected = False
        self.sessions: dict[SessionId, SessionState] = {}
        self.publications: dict[SourceName, PublicationState] = {}
        self.showing: dict[AudienceName, dict[SlotId, SourceName]] = {}
        self.candidates: tuple[str, ...] = ()
        self.traffic: Traffic | None = None
        self._path = path
        self._on_observed, self._on_link, self._on_epoch, self._adopt = on_observed, on_link, on_epoch, adopt
        self._wishes = Wishes()
        self._waiting: dict[SessionId, asyncio.Future[SessionState]] = {}
        self._ended: dict[SessionId, SessionState] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._adopted = False
        self._due = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._stay_connected(), name="relay client")

    async def close(self) -> None:
        """Leave the relay as it is: sessions and routes stay in force there."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for answer in self._waiting.values():
            answer.cancel()

    def wants(self, session: SessionId) -> SessionSpec | None:
        """The session as web wants it, None when it does not."""
        return self._wishes.sessions.get(session)

    def put(self, spec: SessionSpec) -> None:
        """Want this session, or want it so from now on (restart, heights)."""
        self._wishes.put(spec)
        self._send_soon()

    def drop(self, session: SessionId) -> None:
        """Want this session no more; unknown ones are dropped already."""
        spec = self.wants(session)
        self._wishes.drop(session)
        if spec is not None:
            self._answer(SessionState(spec, SessionPhase.ENDED, reason="closed"))
        self._send_soon()

    def route(self, audience: AudienceName, routes: Sequence[Route]) -> None:
        """Replace an audience's routes; none at all forget the audience."""
        self._wishes.route(audience, tuple(routes))
        self._send_soon()

    def configure(self, sources: Sequence[SourceSpec]) -> None:
        """Replace the settings of all sources."""
        self._wishes.configure(tuple(sources))
        self._send_soon()

    def slates(self, slates: Sequence[SlateSpec]) -> None:
        """Replace all slates."""
        self._wishes.slate(tuple(slates))
        self._send_soon()

    async def negotiated(self, session: SessionId, timeout_s: float) -> SessionState:
        """The relay's word on a session that was put: `answer` is set, or `refused`, or it ENDED.

        Raises TimeoutError, also while the relay is away.
        """
        state = self.sessions.get(session) or self._ended.get(session)
        if state is not None and _is_answered(state):
            return state
        answer = self._waiting.setdefault(session, asyncio.get_running_loop().create_future())
        try:
            return await asyncio.wait_for(asyncio.shield(answer), timeout_s)
        finally:
            if self._waiting.get(session) is answer:
                del self._waiting[session]

    async def _stay_connected(self) -> None:
        wait_s = RETRY_FIRST_S
        while True:
            began_s = time.monotonic()
            try:
                await self._converse(*await asyncio.open_unix_connection(str(self._path)))
            except (OSError, EOFError):
                log.debug("relay away")
            except Exception:
                log.exception("link to the relay broke")
            if time.monotonic() - began_s > RETRY_MOST_S:
                wait_s = RETRY_FIRST_S
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_MOST_S)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first whole Observed to its end."""
        try:
            while True:
                frame = await control.read(reader)
                if not isinstance(frame, Observed):
                    raise ValueError("the relay observes; it wants nothing")
                self._take(frame, writer)
        finally:
            self._writer = None
            writer.close()
            if self.connected:
                self.connected = False
                self._on_link(False)

    def _take(self, frame: Observed, writer: asyncio.StreamWriter) -> None:
        if frame.epoch != self.epoch:
            self._forget_epoch(frame.epoch)
        self._merge(frame)
        if self._writer is None or frame.revision < 0:
            self._settle(frame)
            self._writer = writer
            control.write(writer, self._wishes.whole())
        if not self.connected:
            self.connected = True
            self._on_link(True)
        self._on_observed(frame)

    def _merge(self, frame: Observed) -> None:
        if frame.whole:
            self.sessions, self.publications, self.showing = {}, {}, {}
            self.candidates = frame.candidates
        for source in frame.dark:
            self.publications.pop(source, None)
        self.traffic = frame.traffic
        self.publications.update(frame.publications)
        self.showing.update(frame.showing)
        for session, state in frame.sessions.items():
            self._merge_session(session, state)

    def _merge_session(self, session: SessionId, state: SessionState) -> None:
        if _is_answered(state):
            self._wishes.answered(session)
            self._answer(state)
        if state.phase is SessionPhase.ENDED:
            self.sessions.pop(session, None)
            self._wishes.drop(session)
            self._send_soon()
        else:
            self.sessions[session] = state

    def _answer(self, state: SessionState) -> None:
        """Wake whoever waits for this session, and keep an ending for who asks a moment later."""
        if state.phase is SessionPhase.ENDED:
            self._ended[state.spec.id] = state
            if len(self._ended) > ENDINGS_KEPT:
                del self._ended[next(iter(self._ended))]
        if (waiting := self._waiting.pop(state.spec.id, None)) is not None and not waiting.done():
            waiting.set_result(state)

    def _settle(self, frame: Observed) -> None:
        """After the first connect of this process: what an earlier one left becomes ours, or goes."""
        if frame.whole and not self._adopted:
            self._adopted = True
            for state in frame.sessions.values():
                if state.phase is not SessionPhase.ENDED and self._adopt(state.spec):
                    self._wishes.sessions.setdefault(state.spec.id, state.spec)

    def _forget_epoch(self, epoch: str) -> None:
        """Another relay process: it knows only those sessions whose offer can be sent again."""
        self.epoch = epoch
        self.sessions, self.publications, self.showing = {}, {}, {}
        self._wishes.forget_answered()
        self._on_epoch(epoch)

    def _send_soon(self) -> None:
        if self._writer is not None and not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._due = False
        if self._writer is None or (difference := self._wishes.difference()) is None:
            return
        control.write(self._writer, difference)
        if self._writer.transport.get_write_buffer_size() > control.FRAME_MAX:
            self._writer.transport.abort()


def _is_answered(state: SessionState) -> bool:
    return bool(state.answer or state.refused) or state.phase is not SessionPhase.NEW
