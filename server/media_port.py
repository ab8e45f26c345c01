"""What the web process' core asks of the media side, and what it is told in return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rooms.audience import Audience
from rooms.kernel import Actor, ConferenceId, InviteId, Json, PersonId, RoomId, SourceId
from server.lines import Measured


class MediaListener(Protocol):
    """The core's side of the port. Called on the event loop; returns at once."""

    def media_changed(self, conference: ConferenceId, *, urgent: bool) -> None:
        """`media_view` or `slots` of the conference differ now. Urgent: live, slate or showing changed."""

    def media_epoch(self, epoch: str, conference: ConferenceId | None = None) -> None:
        """Another relay process answers (for one conference, or for all): its pages are told to rejoin."""

    def media_ended(
        self, conference: ConferenceId, invite: InviteId, person: PersonId, session: str, reason: str
    ) -> None:
        """One media session ended (`replaced`, `lost` ...): the pages of its owner are told."""


class MediaPort(Protocol):
    """The media side as the core sees it. Every method but `start` and `close` returns at once."""

    async def start(self, listener: MediaListener) -> None:
        """Connect to the relay in the background, and tell the listener from now on."""

    async def close(self) -> None:
        """Leave the relay as it is: its sessions go on."""

    def epoch(self, conference: ConferenceId | None = None) -> str | None:
        """The relay process that has the conference's media, or that is beside us; None while none answers."""

    def media_view(self, conference: ConferenceId, room: RoomId, audience: Audience) -> Mapping[str, Json]:
        """The `media` object of the audience's view."""

    def slots(self, conference: ConferenceId, room: RoomId, audience: Audience) -> Mapping[SourceId, int]:
        """The slot index of each Source on the audience's screen: picture `v<n>`, sound `a<n>`."""

    def health(self) -> Mapping[str, Any]:
        """The `relay` object of the organiser's health: {"state": "ok"|"lost", "sessions"?: n, ...}."""

    def measured(self) -> Measured:
        """What every publication and subscription measured in the last second; nothing while the relay is away."""

    def viewport(self, actor: Actor, session: str, heights: Mapping[str, int]) -> None:
        """Displayed heights in px per picture slot of one of the actor's sessions; others are ignored."""

    def end_sessions_of(self, conference: ConferenceId, invite: InviteId) -> None:
        """End every session that entered by the invite (its link was revoked or renewed)."""
