"""What the relay remembers of a session, and of who holds a source."""

from __future__ import annotations

import asyncio
from typing import Final

from media.handshake import Handshake
from media.model import PublicationState, SessionId, SessionSpec, SourceName, TrackState
from media.negotiation import Negotiated
from media.plane import InboundTrack

SILENT_S: Final = 2.0
"""A publication silent for so long is replaced by a newcomer without asking: an encoder that reconnects."""
LIFE_S: Final = 0.5
"""The plane says that a source fell silent so long after its last packet."""


class Session:
    """A session that is not over."""

    def __init__(self, spec: SessionSpec, negotiated: Negotiated, born_s: float) -> None:
        self.spec = spec
        self.negotiated = negotiated
        self.born_s = born_s
        self.handshake: Handshake | None = None
        self.task: asyncio.Task[None] | None = None

    def is_unconnected_since(self, moment_s: float) -> bool:
        return self.born_s <= moment_s and (self.task is None or not self.task.done())

    def stop(self) -> None:
        if self.handshake is not None:
            self.handshake.stop()
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()


class Tenant:
    """The session that holds a source, and since when it is silent (None: it is live)."""

    def __init__(self, session: SessionId, negotiated: Negotiated, now_s: float) -> None:
        self.session = session
        self._publication = negotiated.session.publication
        self._tracks = negotiated.session.inbound
        self._silent_since_s: float | None = now_s

    def lives(self, live: bool, now_s: float) -> None:
        self._silent_since_s = None if live else now_s - LIFE_S

    def is_alive(self, now_s: float) -> bool:
        return self._silent_since_s is None or now_s - self._silent_since_s < SILENT_S

    def publication(self, source: SourceName) -> PublicationState:
        """As it is known before it was counted."""
        assert self._publication is not None
        tracks = tuple(map(_uncounted, self._tracks))
        return PublicationState(self._publication, source, self.session, tracks, None, None)


def _uncounted(track: InboundTrack) -> TrackState:
    return TrackState(track.kind, track.payloads[0].codec, False, (), 0, 0, 0.0)
