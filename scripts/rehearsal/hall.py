"""A hall's camera and desk: publishes a film by WHIP, and can drop its line without a word."""

from __future__ import annotations

import asyncio

import aiohttp

from scripts.rehearsal.loops import Film, LoopTrack, tracks
from scripts.rehearsal.whip import Session, peer


class Hall:
    """One publisher of one Source."""

    def __init__(self, http: aiohttp.ClientSession, source: str, url: str, token: str, film: Film) -> None:
        self.source = source
        self.film = film
        self._http, self._url, self._token = http, url, token
        self._session: Session | None = None
        self.picture: LoopTrack | None = None
        self.sound: LoopTrack | None = None

    async def publish(self) -> None:
        """Connect and play. Raises whip.NotAccepted, TimeoutError."""
        connection = peer()
        self.picture, self.sound = tracks(self.film, asyncio.get_running_loop().time() + 0.2)
        connection.addTrack(self.sound)
        connection.addTrack(self.picture)
        self._session = Session(self._http, self._url, self._token, connection)
        await self._session.start()

    @property
    def frames_sent(self) -> int:
        return self.picture.sent if self.picture else 0

    def age_ms(self, number: int, now_s: float) -> float | None:
        """How long ago frame `number` of the film left the camera."""
        sent_at = self.picture.sent_at.get(number) if self.picture else None
        return None if sent_at is None else 1000 * (now_s - sent_at)

    def drop(self) -> None:
        """The line drops: nothing is sent any more, nothing is said."""
        for track in (self.picture, self.sound):
            if track:
                track.mute()

    def resume(self) -> None:
        """The line is back."""
        for track in (self.picture, self.sound):
            if track:
                track.unmute()

    async def stop(self) -> None:
        if self._session:
            await self._session.stop()
