"""What web processes say to each other through Redis: a closed union, MessagePack. Nothing of it is stored."""

from __future__ import annotations

from typing import Any, Final, NewType

import msgspec

from media.model import AudienceName, PublicationState, SlotId, SourceName
from rooms.ceremony.words import Pad
from rooms.journal import Envelope, envelope
from rooms.kernel import Actor, ConferenceId, InviteId, PersonId, SeatId
from server.ink import Drawn

CONFERENCE_LOAD: Final = 20
"""Sessions that a conference is taken to bring sooner or later."""
NodeId = NewType("NodeId", str)
"""A web process with its place: `host:port`. The next process at this place has the same one."""


class Asked(msgspec.Struct, frozen=True, tag="asked"):
    """A command for a conference's owner; `body` is its envelope as a page sends it."""

    sender: NodeId
    number: int
    conference: ConferenceId
    body: dict[str, Any]
    actor: Actor


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """The owner's answer: a seq, or a refusal; with neither it is not the owner any more."""

    number: int
    seq: int | None = None
    refused: str = ""
    params: dict[str, Any] = {}


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """One open page; `age_s` since it came first."""

    actor: Actor
    visible: bool
    age_s: float


class Here(msgspec.Struct, frozen=True, tag="here"):
    """Everybody who has a page of the conference open at this node."""

    node: NodeId
    conference: ConferenceId
    pages: tuple[Seen, ...]


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """A process lives: what the organiser's page and the others' rates need to know of it."""

    node: NodeId
    pid: int
    started_ms: int
    sockets: int
    address: str = ""
    """Where the others reach its HTTP; `fingerprint`: SHA-256 of its certificate, if it speaks TLS."""
    fingerprint: bytes = b""
    relay: str = ""
    """The epoch of the relay beside it; empty while there is none."""
    sessions: int = 0
    packets_per_s: int = 0
    owns: int = 0
    standby: bool = False
    """Whether another one takes its place, by this name, as soon as it dies."""
    offset_ms: float | None = None
    """What its clock is ahead of Redis'; `bound_ms`: what it may be off at most; `off`: more than is good
    for an owner. None before it was measured."""
    bound_ms: float | None = None
    off: bool = False
    lag: dict[ConferenceId, int] = {}
    """By conference the entries that it has not seen yet."""

    @property
    def load(self) -> int:
        """Of its relay, in sessions; a conference counts as some, also while it is empty."""
        return self.sessions + CONFERENCE_LOAD * self.owns


class Named(msgspec.Struct, frozen=True, tag="named"):
    """A person's name changed, or went."""

    person: PersonId


class Inked(msgspec.Struct, frozen=True, tag="inked"):
    """A tablet at this node drew, its field was cleared, or its signature took effect."""

    node: NodeId
    conference: ConferenceId
    drawn: Drawn


class Standing(msgspec.Struct, frozen=True, tag="standing"):
    """A tablet at this node stood by."""

    node: NodeId
    conference: ConferenceId
    seat: SeatId
    pad: Pad


class Vacant(msgspec.Struct, frozen=True, tag="vacant"):
    """The conference's owner left: whoever is quickest takes it."""

    conference: ConferenceId


class Media(msgspec.Struct, frozen=True, tag="media"):
    """What the owner's relay has of a conference now; `epoch` None while no relay answers."""

    node: NodeId
    conference: ConferenceId
    epoch: str | None = None
    publications: dict[SourceName, PublicationState] = {}
    showing: dict[AudienceName, dict[SlotId, SourceName]] = {}


class Viewed(msgspec.Struct, frozen=True, tag="viewed"):
    """A page's displayed heights, for whoever has its session."""

    node: NodeId
    actor: Actor
    session: str
    heights: dict[str, int]


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A media session ended by itself: its page may be anywhere."""

    node: NodeId
    conference: ConferenceId
    invite: InviteId
    person: PersonId
    session: str
    reason: str


Message = Asked | Answered | Here | Beat | Named | Inked | Standing | Vacant | Media | Viewed | Ended
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def decode(data: bytes) -> Message:
    """Raises ValueError for what no process of ours says."""
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError as odd:
        raise ValueError(f"message not understood: {odd}") from odd


def packed(sent: Envelope) -> dict[str, Any]:
    """An envelope as a page sends it; a hall's code has been taken into the actor already."""
    body = {"id": sent.id, "command": msgspec.to_builtins(sent.command)}
    return body | ({"room": sent.room} if sent.room else {})


def unpacked(body: dict[str, Any]) -> Envelope:
    """Raises Refused."""
    return envelope(body)
