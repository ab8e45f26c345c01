"""The media of conferences that several processes serve: each one's lives on the relay beside its owner.

The owner steers that relay and tells the others what it shows; they show the same, and hand WHIP and WHEP
requests on to it (forwarding.py). When another process becomes the owner, its relay is another epoch: pages
and encoders rejoin there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from rooms.audience import Audience
from rooms.kernel import Actor, ConferenceId, InviteId, Json, PersonId, RoomId, SourceId
from server.director import Director, audience_name
from server.lines import Measured
from server.media_port import MediaListener
from server.media_view import media_view
from server.shared.line import Line
from server.shared.member import Member
from server.shared.messages import Ended, Media, Message, Viewed
from server.slots import recovered


class SharedMedia:
    """The MediaPort of a process among others: the director where we own, what the owner told elsewhere."""

    def __init__(
        self,
        director: Director,
        members: Mapping[ConferenceId, Member],
        line: Line,
        relay_changed: Callable[[], None],
    ) -> None:
        """`relay_changed()` when our relay may have come or gone."""
        self._director, self._members, self._line = director, members, line
        self._relay_changed = relay_changed
        self._listener: MediaListener | None = None
        self._told: dict[ConferenceId, Media] = {}
        self._due: set[ConferenceId] = set()

    async def start(self, listener: MediaListener) -> None:
        self._listener = listener
        for id, member in self._members.items():
            member.on_turn(lambda id=id: self._turned(id))  # type: ignore[misc]
        await self._director.start(self)

    async def close(self) -> None:
        self._listener = None
        await self._director.close()

    # What the core asks

    def epoch(self, conference: ConferenceId | None = None) -> str | None:
        if conference is None or self._members[conference].owns:
            return self._director.epoch()
        return self._told[conference].epoch if conference in self._told else None

    def media_view(self, conference: ConferenceId, room: RoomId, audience: Audience) -> Mapping[str, Json]:
        if self._members[conference].owns:
            return self._director.media_view(conference, room, audience)
        told = self._told.get(conference, Media(self._line.node, conference))
        sources = [source.id for source in self._members[conference].conference.sources()]
        showing = told.showing.get(audience_name(conference, room, audience), {})
        connected = told.epoch is not None
        return media_view(conference, audience, sources, told.publications, showing, connected=connected)

    def slots(self, conference: ConferenceId, room: RoomId, audience: Audience) -> Mapping[SourceId, int]:
        if self._members[conference].owns or conference not in self._told:
            return self._director.slots(conference, room, audience)
        return recovered(conference, self._told[conference].showing.get(audience_name(conference, room, audience), {}))

    def health(self) -> Mapping[str, Any]:
        return self._director.health()

    def measured(self) -> Measured:
        return self._director.measured()

    def viewport(self, actor: Actor, session: str, heights: Mapping[str, int]) -> None:
        self._director.viewport(actor, session, heights)
        self._line.say(Viewed(self._line.node, actor, session, dict(heights)))

    def end_sessions_of(self, conference: ConferenceId, invite: InviteId) -> None:
        self._director.end_sessions_of(conference, invite)

    def is_idle(self, conference: ConferenceId) -> bool:
        """Whether nobody publishes or plays anything of it on our relay."""
        return self._director.is_idle(conference)

    # What our relay says

    def media_changed(self, conference: ConferenceId, *, urgent: bool) -> None:
        self._relay_changed()
        if self._members[conference].owns:
            self.tell(conference)
            if self._listener is not None:
                self._listener.media_changed(conference, urgent=urgent)

    def media_epoch(self, epoch: str, conference: ConferenceId | None = None) -> None:
        for id, member in self._members.items():
            if member.owns and self._listener is not None:
                self._listener.media_epoch(epoch, id)
                self.tell(id)

    def media_ended(
        self, conference: ConferenceId, invite: InviteId, person: PersonId, session: str, reason: str
    ) -> None:
        self._line.say(Ended(self._line.node, conference, invite, person, session, reason))
        if self._listener is not None:
            self._listener.media_ended(conference, invite, person, session, reason)

    # What the processes say to each other

    def tell(self, conference: ConferenceId) -> None:
        """Tell the others what our relay shows of a conference that is ours; changes of one turn travel together."""
        if conference not in self._due and self._members[conference].owns:
            self._due.add(conference)
            asyncio.get_running_loop().call_soon(self._tell, conference)

    def hear(self, message: Message) -> None:
        """What another process says of media."""
        if getattr(message, "node", None) == self._line.node or self._listener is None:
            return
        match message:
            case Media(conference=conference) if conference in self._members:
                self._take(message)
            case Viewed(actor=actor, session=session, heights=heights):
                self._director.viewport(actor, session, heights)
            case Ended(conference=conference, invite=invite, person=person, session=session, reason=reason):
                self._listener.media_ended(conference, invite, person, session, reason)
            case _:
                pass

    def _tell(self, conference: ConferenceId) -> None:
        self._due.discard(conference)
        if not self._members[conference].owns:
            return  # passed on meanwhile: pages would rejoin at our relay, and at the new owner's a moment later
        publications, showing = self._director.shown(conference)
        self._line.say(Media(self._line.node, conference, self._director.epoch(), publications, showing))

    def _take(self, told: Media) -> None:
        """The owner's relay, as it is now; another epoch makes our pages rejoin."""
        assert self._listener is not None
        conference, before = told.conference, self._told.get(told.conference)
        if self._members[conference].owns:
            return
        self._told[conference] = told
        if told.epoch and (before is None or before.epoch != told.epoch):
            self._director.leave(conference)
            self._listener.media_epoch(told.epoch, conference)
        if before != told:
            self._listener.media_changed(conference, urgent=True)

    def _turned(self, conference: ConferenceId) -> None:
        """We own the conference from now on, or no longer."""
        if self._listener is None or not self._members[conference].owns:
            return
        epoch = self._director.epoch()
        if epoch:
            self._listener.media_epoch(epoch, conference)
        self.tell(conference)
        self._listener.media_changed(conference, urgent=True)
