"""One conference as it is held: its host, its views, its open pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rooms.audience import Audience, Desk
from rooms.features.links import LinkRenewed, LinkRevoked, Links
from rooms.journal import Entry
from rooms.kernel import ConferenceId, InviteId, Json, Names, Role, RoomId
from server.clock import Clock
from server.fanout import Channel, Fanout, Loop, View
from server.host import Host
from server.identity import Identity
from server.media_port import MediaPort
from server.outbox import Outbox, event_frame
from server.presence import Page, Presence
from server.sounding import Sounding

URGENT: Final = "stage."
"""Events of this feature are what people in two halls wait for: they take the urgent lane."""


class Hall:
    """What the pages of one conference see, and who has one open."""

    def __init__(
        self,
        host: Host,
        identity: Identity,
        names: Names,
        media: MediaPort,
        clock: Clock,
        health: Callable[[], Mapping[str, Json]],
        loop: Loop,
    ) -> None:
        self.host = host
        self._identity = identity
        self._names = names
        self._media = media
        self._clock = clock
        self._health = health
        self._presence = Presence()
        self._sounding = Sounding()
        self._pages: dict[Page, tuple[Outbox, Channel]] = {}
        self._fanout = Fanout(self.view, lambda: host.settled, loop)
        self._learn_links()
        host.listen(self._happened)

    @property
    def id(self) -> ConferenceId:
        return self.host.id

    @property
    def room(self) -> RoomId:
        """Where people enter: the first room."""
        return self.host.conference.rooms()[0]

    @property
    def open_pages(self) -> int:
        return len(self._pages)

    def view(self, audience: Audience) -> View:
        """The whole view of an audience, as in the contract: the journal's part with media, people and health."""
        view = self.host.conference.view(audience, self.room, self._names, int(self._clock.now_ms()))
        view["stage"] = _with_slots(view["stage"], self._media.slots(self.id, self.room, audience))
        view["media"] = self._media.media_view(self.id, self.room, audience)
        view["people"] = self._presence.view(audience, self._names)
        if isinstance(audience, Desk) and audience.role == Role.ORGANISER:
            view["health"] = self._health()
        return view

    def come(self, page: Page, outbox: Outbox, audience: Audience) -> None:
        """A page opened its socket: it gets the whole view, then changes."""
        channel = self._fanout.channel(audience)
        self._pages[page] = outbox, channel
        self._presence.come(page)
        channel.join(outbox)
        self._tell_sounding()
        self._fanout.changed()

    def go(self, page: Page) -> None:
        outbox, channel = self._pages.pop(page)
        channel.leave(outbox)
        self._presence.go(page)
        self._tell_sounding()
        self._fanout.changed()

    def again(self, page: Page) -> None:
        """The page lost count: send the whole view."""
        outbox, channel = self._pages[page]
        channel.join(outbox)

    def changed(self, *, urgent: bool = False) -> None:
        """Something beside the journal changed: media, presence."""
        self._fanout.changed(urgent=urgent)

    def tell(self, name: str, body: Mapping[str, Json], invite: InviteId | None = None, person: str = "") -> None:
        """An event to every page, or to those of an invite, or of one person of it."""
        frame = event_frame(name, body)
        for page, (outbox, _) in self._pages.items():
            if invite in (None, page.actor.invite) and person in ("", page.actor.person):
                outbox.write(frame)

    def end(self, invite: InviteId, reason: str) -> None:
        """Close the pages and the media that came by the invite."""
        self._media.end_sessions_of(self.id, invite)
        self.tell("bye", {"reason": reason}, invite)
        for page, (outbox, _) in list(self._pages.items()):
            if page.actor.invite == invite:
                outbox.close()

    def close(self) -> None:
        self._fanout.close()

    def _tell_sounding(self) -> None:
        """Each wall page that begins or ceases to be its venue's loudspeaker learns so at once."""
        for page, on in self._sounding.among(self._pages):
            if page in self._pages:
                self._pages[page][0].write(event_frame("sound", {"on": on}))

    def _happened(self, entries: Sequence[Entry]) -> None:
        events = [event for entry in entries for event in entry.events]
        self._fanout.changed(urgent=any(str(event.__struct_config__.tag).startswith(URGENT) for event in events))
        for event in events:
            if isinstance(event, LinkRevoked | LinkRenewed):
                self._learn_links()
                self.end(event.invite, "revoked")

    def _learn_links(self) -> None:
        conference = self.host.conference
        links = conference.feature(Links)
        self._identity.learn(self.id, [(invite, links.standing(invite.id)) for invite in conference.invites()])


def _with_slots(stage: Any, slots: Mapping[Any, int]) -> Mapping[str, Json]:
    """The stage with each source's slot, where it has one."""
    sound = {
        language: [_slotted(pick, "a", slots) for pick in picks] for language, picks in stage.get("sound", {}).items()
    }
    return {**stage, "tiles": [_slotted(tile, "v", slots) for tile in stage.get("tiles", ())], "sound": sound}


def _slotted(item: Mapping[str, Json], kind: str, slots: Mapping[Any, int]) -> Mapping[str, Json]:
    index = slots.get(item["source"])
    return item if index is None else {**item, "slot": f"{kind}{index}"}
