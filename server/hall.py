"""One conference as it is held: its host, its views, its open pages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rooms.audience import Audience, Desk, audience_of
from rooms.ceremony.words import Pad
from rooms.features import urgent
from rooms.features.ceremony import Ceremony
from rooms.features.links import LinkRenewed, LinkRevoked, Links
from rooms.features.people import Enter
from rooms.journal import Asking, Entry, Envelope
from rooms.kernel import Actor, ConferenceId, InviteId, Json, Names, PersonId, Role, RoomId, SeatId, VenueId
from server.clock import Clock
from server.fanout import Channel, Fanout, Loop, View
from server.held import Held
from server.identity import Identity
from server.ink import Drawn, Ink
from server.lines import lines_view, of_venue
from server.media_port import MediaPort
from server.outbox import Outbox, event_frame
from server.pads import Pads
from server.presence import SCREENS, Page, Presence
from server.sounding import Sounding

News = Drawn | tuple[SeatId, Pad]
"""What a tablet does that no journal holds: it draws, it stands by."""


class Hall:
    """What the pages of one conference see, and who has one open."""

    def __init__(
        self,
        host: Held,
        identity: Identity,
        names: Names,
        media: MediaPort,
        clock: Clock,
        health: Callable[[ConferenceId], Mapping[str, Json]],
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
        self.pads = Pads(clock.now_ms())
        self.pass_on: Callable[[News], None] = lambda news: None
        """Tells the other processes of this node, if there are any."""
        self.ink = Ink(loop, lambda: [outbox for outbox, _ in self._pages.values()])
        self._fanout = Fanout(self.view, self.mine, lambda: host.settled, self._wakes_s, loop)
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
        view = self.host.conference.view(audience, self.room, self._names, self._now_ms())
        view["stage"] = _with_slots(view["stage"], self._media.slots(self.id, self.room, audience))
        view["media"] = self._media.media_view(self.id, self.room, audience)
        view["people"] = self._presence.view(audience, self._names)
        ceremony = view.get("ceremony")
        if isinstance(ceremony, dict) and "seats" in ceremony:
            view["ceremony"] = {**ceremony, **self._tables(ceremony)}
        match audience:
            case Desk(Role.ORGANISER):
                view["health"] = self._health(self.id)
                view["lines"] = lines_view(self.id, self._media.measured())
            case Desk(Role.OPERATOR, venue) if venue:
                sources = {source.id for source in self.host.conference.sources() if source.venue == venue}
                view["lines"] = lines_view(self.id, of_venue(self._media.measured(), venue, sources))
        return view

    def _tables(self, told: Mapping[str, Any]) -> Mapping[str, Json]:
        """What only the running node knows of the ceremony: its tablets, and how old pictures are."""
        skews = self.host.conference.feature(Ceremony, self.room).skews(self.ages())
        return {"seats": self.pads.rows(told["seats"]), "skews": dict(skews.items())}

    def ages(self) -> Mapping[VenueId, float]:
        """By hall: how old the picture of another hall's table is when it reaches the node, ms, where measured."""
        shown: Any = self._media.media_view(self.id, self.room, Desk(Role.DIRECTOR))["sources"]
        tables = self.host.conference.feature(Ceremony, self.room).tables()
        ages = {venue: shown.get(source, {}).get("age_ms") for venue, source in tables.items()}
        elsewhere = {venue: [ages[other] for other in ages if other != venue and ages[other]] for venue in ages}
        return {venue: max(found) for venue, found in elsewhere.items() if found}

    def mine(self, person: PersonId) -> View:
        """What one person sees beside the view of their audience."""
        return self.host.conference.mine(person, self.room, self._now_ms())

    def is_in(self, actor: Actor) -> bool:
        """Whether it is durable that the person came in by this link: coming back writes nothing."""
        return self.host.settled and not self.host.conference.decide(Enter(), actor, None, self._now_ms())

    def audience(self, actor: Actor) -> Audience:
        """The audience of an actor now; who was brought on stage is a speaker for as long."""
        return audience_of(self.host.conference.as_guest(actor))

    def read(self, asking: Asking, actor: Actor) -> Mapping[str, Json]:
        """The answer to a page's query. Raises Refused."""
        return self.host.conference.read(asking.query, actor, asking.room, self._names, self._now_ms())

    def check(self, sent: Envelope, actor: Actor) -> None:
        """Raises Refused where the state as it is here refuses the command; whoever decides may see a newer one."""
        self.host.conference.decide(sent.command, actor, sent.room, self._now_ms())

    def come(self, page: Page, outbox: Outbox) -> None:
        """A page opened its socket: it gets the whole view, and its person's own, then changes."""
        channel = self._fanout.channel(self.audience(page.actor))
        self._pages[page] = outbox, channel
        self._presence.come(page)
        channel.join(outbox)
        if page.actor.role not in SCREENS:
            self._fanout.own(page.actor.person).join(outbox)
        self.ink.welcome(outbox)
        self._tell_sounding()
        self._fanout.changed()

    def go(self, page: Page) -> None:
        outbox, channel = self._pages.pop(page)
        channel.leave(outbox)
        if page.actor.role not in SCREENS:
            self._fanout.leave_own(page.actor.person, outbox)
        self.ink.leave(outbox)
        self._presence.go(page)
        self._tell_sounding()
        self._fanout.changed()

    def here(self) -> Collection[Page]:
        """The pages that are open at this process."""
        return self._pages.keys()

    def elsewhere(self, node: str, pages: Collection[Page]) -> None:
        """The pages that are open at another process of this node."""
        self._presence.elsewhere(node, pages)
        self._tell_sounding()
        self._fanout.changed()

    def again(self, page: Page) -> None:
        """The page lost count: send the whole view."""
        outbox, channel = self._pages[page]
        channel.join(outbox)
        if page.actor.role not in SCREENS:
            self._fanout.own(page.actor.person).join(outbox)

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
        self.ink.close()

    def _tell_sounding(self) -> None:
        """Each wall page that begins or ceases to be its venue's loudspeaker learns so at once."""
        for page, on in self._sounding.among([*self._pages, *self._presence.others()]):
            if page in self._pages:
                self._pages[page][0].write(event_frame("sound", {"on": on}))

    def _happened(self, entries: Sequence[Entry]) -> None:
        events = [event for entry in entries for event in entry.events]
        self._fanout.changed(urgent=any(type(event) in urgent() for event in events))
        concerned = {person for entry in entries for person in self.host.conference.concerned(entry)}
        self._fanout.concern(concerned)
        self._seat_again(concerned)
        for event in events:
            if isinstance(event, LinkRevoked | LinkRenewed):
                self._learn_links()
                self.end(event.invite, "revoked")

    def _seat_again(self, concerned: set[PersonId]) -> None:
        """Who came on stage or left it belongs to another audience from now on."""
        for page, (outbox, before) in self._pages.items():
            if page.actor.person in concerned:
                channel = self._fanout.channel(self.audience(page.actor))
                if channel is not before:
                    before.leave(outbox)
                    self._pages[page] = outbox, channel
                    channel.join(outbox)

    def _now_ms(self) -> int:
        return int(self._clock.now_ms())

    def _wakes_s(self) -> float | None:
        """In how long some view changes by time alone; a little later than sooner."""
        now_ms = self._now_ms()
        at_ms = self.host.conference.wakes_ms(now_ms)
        return None if at_ms is None else (at_ms - now_ms) / 1000 + 0.01

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
