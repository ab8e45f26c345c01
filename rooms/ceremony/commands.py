"""What people may do in a ceremony: the closed commands of the feature `ceremony`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from rooms.ceremony.words import (
    LEAD_MS,
    STROKES_MAX,
    BoundMs,
    Digest,
    Documents,
    Id,
    Language,
    MemberId,
    Ms,
    OffsetMs,
    Pad,
    Party,
    PartyWords,
    Seat,
    Sha256,
    Stroke,
    Take,
    Venue,
)
from rooms.definition import PARTIES_MAX, SLUG, Instrument, ProjectKind, Words
from rooms.kernel import Command, ItemId

# What the organiser does


class Draft(Command, frozen=True, tag="ceremony.draft"):
    """Make an act, or change it as long as it is a draft."""

    act: Id
    kind: ProjectKind
    item: Annotated[ItemId, Meta(pattern=SLUG, max_length=40)]
    title: Words
    parties: Annotated[tuple[PartyWords, ...], Meta(min_length=2, max_length=PARTIES_MAX)]
    round: Annotated[int, Meta(ge=1, le=100)] = 1
    sector: Words | None = None
    instrument: Instrument = Instrument.NONE


class NameSignatory(Command, frozen=True, tag="ceremony.name"):
    """Say who signs for a party. The server keeps the name in the vault, empties it here, and commits to it."""

    act: Id
    party: Party
    name: Annotated[str, Meta(max_length=500)] = ""
    commitment: Digest = Digest("")


class Attach(Command, frozen=True, tag="ceremony.attach"):
    """Lay a document, which the server holds, before the parties in one language."""

    act: Id
    language: Language
    digest: Sha256
    pages: Annotated[int, Meta(ge=1, le=200)]
    size: Annotated[int, Meta(ge=1, le=20 * 1024 * 1024)]


class Detach(Command, frozen=True, tag="ceremony.detach"):
    """Take a document away again."""

    act: Id
    language: Language


# What the protocol officer does


class Lock(Command, frozen=True, tag="ceremony.lock"):
    """Parties and documents stand from here on."""

    act: Id


class Unlock(Command, frozen=True, tag="ceremony.unlock"):
    """Back to a draft, as long as nobody was armed."""

    act: Id


class SeatParties(Command, frozen=True, tag="ceremony.seat"):
    """Seat the parties, one seat each in their order; without seats by precedence."""

    act: Id
    seats: Annotated[tuple[Seat, ...], Meta(max_length=PARTIES_MAX)] = ()


class SetReady(Command, frozen=True, tag="ceremony.ready"):
    """A hall is ready for the act, or is not."""

    act: Id
    venue: Venue
    on: bool


class Arm(Command, frozen=True, tag="ceremony.arm"):
    """Everything waits for GO. What the server knows it writes in, whatever a page says.

    `pads`: the seats' tablets; `delays`: how old the other halls' picture is when it comes here, ms, where measured.
    """

    act: Id
    pads: Annotated[dict[Seat, Pad], Meta(max_length=200)] = field(default_factory=dict)
    delays: Annotated[dict[Venue, float], Meta(max_length=20)] = field(default_factory=dict)


class Go(Command, frozen=True, tag="ceremony.go"):
    """The pads open `lead_ms` from now, in all halls at that instant."""

    act: Id
    lead_ms: Annotated[int, Meta(ge=500, le=60_000)] = LEAD_MS


class Hold(Command, frozen=True, tag="ceremony.hold"):
    """Close the pads; what was signed so far stays."""

    act: Id


class Resume(Command, frozen=True, tag="ceremony.resume"):
    """Go on after a hold; open pads open again `lead_ms` from now."""

    act: Id
    lead_ms: Annotated[int, Meta(ge=500, le=60_000)] = LEAD_MS


class Retake(Command, frozen=True, tag="ceremony.retake"):
    """Begin anew: what was signed is set aside and stays in the record."""

    act: Id


class FallBack(Command, frozen=True, tag="ceremony.paper"):
    """The parties sign on paper; the act goes on, recorded as signed so."""

    act: Id


class Void(Command, frozen=True, tag="ceremony.void"):
    """End the act without effect, and say why."""

    act: Id
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class Exchange(Command, frozen=True, tag="ceremony.exchange"):
    """The parties exchanged what they signed."""

    act: Id


class Unveil(Command, frozen=True, tag="ceremony.unveil"):
    """Show everybody that it is done; what two hands unveil is revealed by hand."""

    act: Id


class Seal(Command, frozen=True, tag="ceremony.seal"):
    """Nothing of the act changes any more; its record is made."""

    act: Id


class Show(Command, frozen=True, tag="ceremony.show"):
    """The act that every screen shows now; none: the board."""

    act: Id | None = None


class SetTolerance(Command, frozen=True, tag="ceremony.tolerance"):
    """How far apart the reveals of an unveiling may be in the halls."""

    ms: Annotated[int, Meta(ge=0, le=10_000)]


class SetDisplayDelay(Command, frozen=True, tag="ceremony.display_delay"):
    """How long a hall's own way to its screen takes, and all of the way where it is not measured."""

    venue: Venue
    ms: Annotated[int, Meta(ge=0, le=10_000)]


# What a signatory does


class StandBy(Command, frozen=True, tag="ceremony.stand_by"):
    """The seat's tablet is awake; `over` takes the seat knowingly from another tablet."""

    offset_ms: OffsetMs
    bound_ms: BoundMs
    over: bool = False


class Confirm(Command, frozen=True, tag="ceremony.confirm"):
    """Name, title and document are right."""

    act: Id
    take: Take
    party: Party


class Clear(Command, frozen=True, tag="ceremony.clear"):
    """Sign again, as long as somebody else still signs; the former signature is set aside."""

    act: Id
    take: Take
    party: Party


class Sign(Command, frozen=True, tag="ceremony.sign"):
    """The party's signature under exactly these documents.

    `commitment` is the server's: the strokes are in the vault before this is decided, and a page's is overwritten.
    `aspect` is the signing field's width by its height.
    """

    act: Id
    take: Take
    party: Party
    documents: Documents
    strokes: Annotated[tuple[Stroke, ...], Meta(max_length=STROKES_MAX)]
    offset_ms: OffsetMs
    bound_ms: BoundMs
    device: Annotated[str, Meta(max_length=200)] = ""
    aspect: Annotated[float, Meta(ge=0.1, le=20)] = 3.0
    commitment: Digest = Digest("")


class Press(Command, frozen=True, tag="ceremony.press"):
    """The party's hand at an unveiling."""

    act: Id
    take: Take
    party: Party
    at_ms: Ms
    offset_ms: OffsetMs
    bound_ms: BoundMs


# What members of an initiative do


class Join(Command, frozen=True, tag="ceremony.join"):
    """A park or a company joins an initiative."""

    act: Id
    names: Words


class Admit(Command, frozen=True, tag="ceremony.admit"):
    """Count a member, or do not."""

    act: Id
    member: Annotated[MemberId, Meta(pattern=r"^m[0-9]{1,6}\Z")]
    on: bool


class KeepRecord(Command, frozen=True, tag="ceremony.keep_record"):
    """The node made and sealed the act's record."""

    act: Id
    digest: Sha256


OrganiserCommand = Draft | NameSignatory | Attach | Detach
OfficerCommand = (
    Lock
    | Unlock
    | SeatParties
    | SetReady
    | Arm
    | Go
    | Hold
    | Resume
    | Retake
    | FallBack
    | Void
    | Exchange
    | Unveil
    | Seal
    | Admit
)
RoomCommand = Show | SetTolerance | SetDisplayDelay
PadCommand = StandBy | Confirm | Clear | Sign | Press
CeremonyCommand = OrganiserCommand | OfficerCommand | RoomCommand | PadCommand | Join | KeepRecord
