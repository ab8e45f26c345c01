"""Audiences: the closed list of who sees and hears a room, and so who shares one view."""

from __future__ import annotations

from typing import assert_never

import msgspec

from rooms.kernel import Actor, Role, SourceId, VenueId


class Attendee(msgspec.Struct, frozen=True, tag="attendee"):
    """Everyone remote, and phones in the halls."""


class Wall(msgspec.Struct, frozen=True, tag="wall"):
    """A hall's screen and loudspeakers: the others' pictures, never its own sound."""

    venue: VenueId


class Confidence(msgspec.Struct, frozen=True, tag="confidence"):
    """A hall's screen for those on stage."""

    venue: VenueId


class Speaker(msgspec.Struct, frozen=True, tag="speaker"):
    """A person who is a Source: the stage without the own sound."""

    source: SourceId | None


class Player(msgspec.Struct, frozen=True, tag="player"):
    """A plain WHEP player: one picture and one sound, of the program or of one Source."""

    source: SourceId | None = None


class Recorder(msgspec.Struct, frozen=True, tag="recorder"):
    """What is kept."""


class Clean(msgspec.Struct, frozen=True, tag="clean"):
    """The program without lower thirds."""


class Desk(msgspec.Struct, frozen=True, tag="desk"):
    """A control-room position; director's desks see every Source (multiview), an operator the others."""

    role: Role
    venue: VenueId | None = None


Audience = Attendee | Wall | Confidence | Speaker | Player | Recorder | Clean | Desk


def key(audience: Audience) -> str:
    """The audience as one string: `wall:changzhou`. Sessions in the relay carry it."""
    match audience:
        case Wall(venue) | Confidence(venue):
            return f"{audience.__struct_config__.tag}:{venue}"
        case Speaker(source) | Player(source):
            return f"{audience.__struct_config__.tag}:{source or ''}"
        case Desk(role, venue):
            return f"desk:{role}:{venue or ''}"
        case Attendee() | Recorder() | Clean():
            return str(audience.__struct_config__.tag)
        case never:
            assert_never(never)


def audience_of(actor: Actor) -> Audience:
    """The one audience an actor's pages belong to; who has a Source must not hear it."""
    match actor.role:
        case Role.WALL if actor.venue:
            return Wall(actor.venue)
        case Role.CONFIDENCE if actor.venue:
            return Confidence(actor.venue)
        case Role.SPEAKER:
            return Speaker(actor.source)
        case Role.OPERATOR | Role.DIRECTOR | Role.MODERATOR | Role.ORGANISER | Role.PROTOCOL_OFFICER:
            return Desk(actor.role, actor.venue)
        case _ if actor.source is not None:
            return Speaker(actor.source)
        case _:
            return Attendee()
