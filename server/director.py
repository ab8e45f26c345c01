"""The director: what the program says becomes routes in the relay, and what the relay sees becomes views.

Idempotent: `refresh` may be called at any time and says only what differs. The relay client sends
a whole frame after each reconnect, so drift heals by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from media.control import Observed
from media.model import (
    AudienceName,
    Codec,
    PublicationState,
    Route,
    SessionId,
    SessionSpec,
    SlateSpec,
    SlotId,
    SourceName,
    SourceSpec,
)
from rooms import audience as audiences
from rooms.audience import Attendee, Audience
from rooms.conference import Conference
from rooms.features.links import Links
from rooms.features.stage import Stage
from rooms.kernel import Actor, ConferenceId, InviteId, Json, RoomId, SourceId
from rooms.program import Screen
from server import slots
from server.lines import Measured
from server.media_port import MediaListener
from server.media_view import life, media_view, showing_view
from server.pace import Pace
from server.sessions import Owner, Relay, Sessions
from server.slots import assign, capacity, recovered, slate_name, source_name

HEIGHT_MAX_PX: Final = 4320
SLATE_CODECS: Final = (Codec.VP8, Codec.H264)
"""Every WebRTC endpoint decodes one of them (RFC 7742 section 5); each costs two seconds of a core once."""
PICTURE_SLOT: Final = re.compile(r"v[0-7]\Z")
Conferences = Callable[[], Mapping[ConferenceId, Conference]]
Publications = dict[SourceName, PublicationState]
Showing = dict[AudienceName, dict[SlotId, SourceName]]
_Place = tuple[ConferenceId, RoomId, Audience]

log = structlog.get_logger("director")


class Director:
    """The MediaPort of a node with a relay. Everything runs on one event loop."""

    def __init__(self, relay: Relay, sessions: Sessions, conferences: Conferences) -> None:
        """`relay` calls back `observed`, `linked`, `another_epoch` and `adopt` of this director."""
        self._relay = relay
        self._sessions = sessions
        self._conferences = conferences
        self._listener: MediaListener | None = None
        self._slots: dict[_Place, dict[SourceId, int]] = {}
        self._routes: dict[_Place, tuple[Route, ...]] = {}
        self._taking: set[_Place] = set()
        self._recovered: set[_Place] = set()
        self._sources: tuple[SourceSpec, ...] = ()
        self._slates: tuple[SlateSpec, ...] = ()
        self._seen: dict[ConferenceId, Json] = {}
        self._pace = Pace()

    async def start(self, listener: MediaListener) -> None:
        """Connect to the relay in the background, and tell the listener from now on."""
        self._listener = listener
        for conference in self._conferences():
            self.refresh(conference)
        self._relay.start()

    async def close(self) -> None:
        """Leave the relay as it is: its sessions go on."""
        self._listener = None
        await self._relay.close()

    # What the program wants

    def refresh(self, conference: ConferenceId) -> None:
        """Bring routes, delays and slates to what the conference's state says now."""
        known = self._conferences()[conference]
        for room in known.rooms():
            self._slots.setdefault((conference, room, Attendee()), {})
        for place in [place for place in self._slots if place[0] == conference]:
            self._route(place)
        self._dismiss(known)
        self._configure()

    def _dismiss(self, known: Conference) -> None:
        """Who publishes a Source that is there no more, as a guest who was sent back, does so no longer."""
        mine = f"{known.definition.id}:"
        there = {source_name(known.definition.id, source.id) for source in known.sources()}
        for session, source in list(self._sessions.publishing()):
            if source.startswith(mine) and source not in there:
                self._sessions.close(session)

    def attend(self, conference: ConferenceId, room: RoomId, audience: Audience) -> AudienceName:
        """Route this audience's program from now on; its name in the relay."""
        place = (conference, room, audience)
        if place not in self._slots:
            self._slots[place] = {}
            self._route(place)
        return audience_name(*place)

    def _route(self, place: _Place) -> None:
        conference, room, audience = place
        if room not in self._conferences()[conference].rooms():
            self._relay.route(audience_name(*place), ())
            return
        screen, name = self._screen(place), audience_name(*place)
        self._slots[place] = assign(self._slots[place], screen, capacity(audience))
        wanted = slots.routes(conference, audience, screen, self._slots[place])
        held = slots.held(self._routes.get(place, ()), wanted, self._relay.showing.get(name, {}))
        self._taking = self._taking | {place} if held else self._taking - {place}
        self._routes[place] = (*wanted, *held)
        self._relay.route(name, self._routes[place])

    def _screen(self, place: _Place) -> Screen:
        conference, room, audience = place
        return self._conferences()[conference].screen(room, audience)

    def _configure(self) -> None:
        conferences = self._conferences()
        sources = tuple(spec for known in conferences.values() for spec in source_specs(known))
        slates = tuple(spec for known in conferences.values() for spec in slate_specs(known))
        if sources != self._sources:
            self._sources = sources
            self._relay.configure(sources)
        if slates != self._slates:
            self._slates = slates
            self._relay.slates(slates)

    # What the core asks

    def epoch(self, conference: ConferenceId | None = None) -> str | None:
        """The relay process that answers now; None while none does."""
        return self._relay.epoch if self._relay.connected else None

    def media_view(self, conference: ConferenceId, room: RoomId, audience: Audience) -> Mapping[str, Json]:
        """The `media` object of the audience's view."""
        name = self.attend(conference, room, audience)
        sources = [source.id for source in self._conferences()[conference].sources()]
        showing = self._relay.showing.get(name, {})
        connected = self._relay.connected
        return media_view(conference, audience, sources, self._relay.publications, showing, connected=connected)

    def slots(self, conference: ConferenceId, room: RoomId, audience: Audience) -> Mapping[SourceId, int]:
        """The slot index of each Source on the audience's screen: picture `v<n>`, sound `a<n>`."""
        self.attend(conference, room, audience)
        return self._slots[conference, room, audience]

    def health(self) -> Mapping[str, Any]:
        """The `relay` object of the organiser's health."""
        if not self._relay.connected:
            return {"state": "lost"}
        return {
            "state": "ok",
            "epoch": self._relay.epoch,
            "plane": self._pace.plane,
            "packets_per_s": self._pace.packets_per_s,
            "sessions": len(self._relay.sessions),
            "publications": sum(1 for name in self._relay.publications if slots.SLATE not in name),
        }

    def measured(self) -> Measured:
        """What every publication and subscription measured in the last second."""
        if not self._relay.connected:
            return Measured()
        publications = (found for name, found in self._relay.publications.items() if slots.SLATE not in name)
        return Measured(tuple(publications), tuple(self._relay.sessions.values()), self._pace.dropped)

    def shown(self, conference: ConferenceId) -> tuple[Publications, Showing]:
        """What the relay has of a conference: its publications, and what each audience's slots show."""
        publications, showing = self._relay.publications.items(), self._relay.showing.items()
        return (
            {name: state for name, state in publications if name.startswith(f"{conference}:")},
            {name: dict(slots) for name, slots in showing if name.startswith(f"{conference}.")},
        )

    def is_idle(self, conference: ConferenceId) -> bool:
        """Whether no session of the conference is held."""
        return not self._sessions.of_conference(conference)

    def leave(self, conference: ConferenceId) -> None:
        """The conference's media is elsewhere: its sessions end here."""
        for session in self._sessions.of_conference(conference):
            self._sessions.close(session)

    def viewport(self, actor: Actor, session: str, heights: Mapping[str, int]) -> None:
        """Displayed heights in px per picture slot of one of the actor's sessions; others are ignored."""
        id = SessionId(session)
        owner = self._sessions.owner(id)
        if owner is None or (owner.person, owner.invite) != (actor.person, actor.invite):
            return
        if all(PICTURE_SLOT.match(slot) and 0 <= height <= HEIGHT_MAX_PX for slot, height in heights.items()):
            self._sessions.show(id, {SlotId(slot): height for slot, height in heights.items()})

    def end_sessions_of(self, conference: ConferenceId, invite: InviteId) -> None:
        """End every session that entered by the invite (its link was revoked or renewed)."""
        for session in self._sessions.of_invite(conference, invite):
            self._sessions.close(session)

    # What the relay says

    def observed(self, frame: Observed) -> None:
        """The relay's state changed."""
        self._pace.observe(frame)
        ended = list(self._sessions.observe(frame.sessions))
        if self._listener is None:
            return
        for session, owner, reason in ended:
            self._listener.media_ended(owner.conference, owner.invite, owner.person, session, reason)
        for place in list(self._taking):
            self._route(place)
        for conference in self._conferences():
            seen = self._summary(conference)
            urgent = self._seen.get(conference) != seen
            self._seen[conference] = seen
            if urgent or frame.publications or frame.dark:
                self._listener.media_changed(conference, urgent=urgent)

    def linked(self, connected: bool) -> None:
        """The relay answers, or it is away."""
        if self._listener is not None:
            for conference in self._conferences():
                self._listener.media_changed(conference, urgent=True)

    def another_epoch(self, epoch: str) -> None:
        """Another relay process answers: the sessions of the former one are gone."""
        self._sessions.forget_epoch()
        if self._listener is not None:
            self._listener.media_epoch(epoch)

    def adopt(self, spec: SessionSpec) -> bool:
        """Whether a session that an earlier web process opened may go on; its audience keeps its slots."""
        owner = self._sessions.adopt(spec)
        if owner is None or not self._is_welcome(owner):
            self._sessions.disown(spec.id)
            return False
        if owner.audience is not None:
            self._recover((owner.conference, owner.room, owner.audience))
        return True

    def _is_welcome(self, owner: Owner) -> bool:
        known = self._conferences().get(owner.conference)
        if known is None or owner.room not in known.rooms():
            return False
        standing = known.feature(Links).standing(owner.invite)
        return not standing.revoked and standing.generation == owner.generation

    def _recover(self, place: _Place) -> None:
        """What the relay shows keeps its slots; nobody sees a picture jump because web was away."""
        showing = self._relay.showing.get(audience_name(*place))
        if place in self._recovered or not showing:
            self.attend(*place)
            return
        self._recovered.add(place)
        self._slots[place] = recovered(place[0], showing)
        self._route(place)

    def _summary(self, conference: ConferenceId) -> Json:
        """What pages must know at once: who is live, and what every slot shows."""
        return {
            "sources": {
                source.id: life(self._relay.publications.get(source_name(conference, source.id)))
                for source in self._conferences()[conference].sources()
            },
            "showing": {
                name: showing_view(conference, shown)
                for name, shown in self._relay.showing.items()
                if name.startswith(f"{conference}.")
            },
        }


def audience_name(conference: ConferenceId, room: RoomId, audience: Audience) -> AudienceName:
    """An audience's name in the relay, where the rooms of all conferences meet."""
    return AudienceName(f"{conference}.{room}:{audiences.key(audience)}")


def codecs(conference: Conference) -> tuple[Codec, ...]:
    """What the conference lets in, in its order of preference."""
    return tuple(Codec(codec.value) for codec in conference.definition.codecs)


def source_specs(conference: Conference) -> list[SourceSpec]:
    """The sound delays of a conference's Sources; with several rooms the longest."""
    definition = conference.definition
    stages = [conference.feature(Stage, room) for room in conference.rooms()]
    return [
        SourceSpec(source_name(definition.id, source.id), max(stage.delay_ms(source.id) for stage in stages))
        for source in conference.sources()
    ]


def slate_specs(conference: Conference) -> list[SlateSpec]:
    """One slate per Source: every viewer gets the same loop, and finds the place in the own writing."""
    definition = conference.definition
    return [
        SlateSpec(
            slate_name(definition.id, source.id),
            definition.place_of(source).writings(),
            source.name.writings(),
            SLATE_CODECS,
        )
        for source in conference.sources()
    ]
