"""Every link of a conference as a row: for the organiser's page and the command line."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import segno

from rooms.conference import Conference
from rooms.features.links import Links
from rooms.invites import Invite
from rooms.kernel import ConferenceId, InviteId, Role, RoomId, SourceId, VenueId
from server.identity import Identity

PAGES: Final[Mapping[Role, str]] = {
    Role.ATTENDEE: "",
    Role.ON_SITE: "questions",
    Role.SPEAKER: "speaker",
    Role.OPERATOR: "venue",
    Role.WALL: "wall",
    Role.CONFIDENCE: "confidence",
    Role.SIGNATORY: "pad",
    Role.PROTOCOL_OFFICER: "officer",
    Role.DIRECTOR: "director",
    Role.MODERATOR: "moderator",
    Role.ORGANISER: "organiser",
}
"""The page of each role, below `/{conference}/`."""
PUBLISHERS: Final = frozenset({Role.OPERATOR, Role.SPEAKER})


class Row(msgspec.Struct, frozen=True):
    """One link, absolute. `whip` is for those who publish a source."""

    role: Role
    venue: VenueId | None
    source: SourceId | None
    name: str | None
    url: str
    token: str
    whip: str | None
    whep: str
    id: InviteId
    revoked: bool


class Endpoints(msgspec.Struct, frozen=True):
    """Where an encoder and a player of one link go."""

    whip: str | None
    whep: str


def endpoints(origin: str, conference: ConferenceId, room: RoomId, invite: Invite) -> Endpoints:
    """WHIP and WHEP of a link, absolute."""
    place = f"{conference}.{room}"
    publishes = invite.role in PUBLISHERS and invite.source is not None
    return Endpoints(f"{origin}/whip/{place}" if publishes else None, f"{origin}/whep/{place}")


def rows(origin: str, conference: Conference, identity: Identity) -> Iterator[Row]:
    """All links of a conference in the order an organiser hands them out."""
    links, room, id = conference.feature(Links), conference.rooms()[0], conference.definition.id
    for invite in conference.invites():
        standing = links.standing(invite.id)
        token = identity.token(id, invite.id, standing.generation)
        media = endpoints(origin, id, room, invite)
        yield Row(
            invite.role,
            invite.venue,
            invite.source,
            invite.name,
            f"{origin}/{id}/{PAGES[invite.role]}#{token}",
            token,
            media.whip,
            media.whep,
            invite.id,
            standing.revoked,
        )


def qr(url: str) -> str:
    """The URL as an SVG picture without script or style."""
    drawn = io.BytesIO()
    segno.make(url, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2)
    return drawn.getvalue().decode()
