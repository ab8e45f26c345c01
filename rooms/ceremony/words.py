"""The ceremony in words: ids, the closed commands and events of the feature `ceremony`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, NewType

import msgspec
from msgspec import Meta, field

from rooms.definition import PARTIES_MAX, SLUG, Instrument, ProjectKind, Words
from rooms.kernel import Command, DeviceId, Event, ItemId, LanguageTag, ProjectId, SeatId, VenueId

MemberId = NewType("MemberId", str)
Digest = NewType("Digest", str)
"""SHA-256 in small hexadecimal digits: of a document's bytes, of a record, of a commitment."""

Id = Annotated[ProjectId, Meta(pattern=SLUG, max_length=40)]
Venue = Annotated[VenueId, Meta(pattern=SLUG, max_length=40)]
Seat = Annotated[SeatId, Meta(pattern=SLUG, max_length=43)]
Sha256 = Annotated[Digest, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Language = Annotated[LanguageTag, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\Z")]
Party = Annotated[int, Meta(ge=0, lt=PARTIES_MAX)]
Take = Annotated[int, Meta(ge=1, le=1000)]
Ms = Annotated[float, Meta(ge=0, le=1e14)]
"""Unix time on the common clock."""
OffsetMs = Annotated[float, Meta(ge=-1e14, le=1e14)]
BoundMs = Annotated[float, Meta(ge=0, le=1e14)]
Share = Annotated[float, Meta(ge=0, le=1)]

LEAD_MS: Final = 3000
"""From GO to the pads' opening: every pad has heard of it by then, also over a slow line."""
UNVEIL_LEAD_MS: Final = 1000
"""From the officer's move to the seal on every screen."""
TOLERANCE_MS: Final = 300
"""Halls whose reveals are further apart are seen to be; the officer may set another."""
DOCUMENTS_MAX: Final = 8
STROKES_MAX: Final = 200
POINTS_MAX: Final = 4000
"""Points of one signature: half a minute at the rate of a good pen."""

Point = tuple[Share, Share, Share, Ms]
"""x and y as shares of the signing field, pressure, common time."""
Stroke = Annotated[tuple[Point, ...], Meta(min_length=1, max_length=POINTS_MAX)]
Documents = Annotated[dict[Language, Sha256], Meta(max_length=DOCUMENTS_MAX)]


class Move(StrEnum):
    """What takes an act from one step to another; the table says when."""

    DRAFT = "draft"
    LOCK = "lock"
    UNLOCK = "unlock"
    SEAT = "seat"
    READY = "ready"
    UNREADY = "unready"
    ARM = "arm"
    GO = "go"
    HOLD = "hold"
    RESUME = "resume"
    SIGN = "sign"
    PRESS = "press"
    COMPLETE = "complete"
    RETAKE = "retake"
    PAPER = "paper"
    VOID = "void"
    EXCHANGE = "exchange"
    UNVEIL = "unveil"
    SEAL = "seal"


class PartyWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party as an organiser writes it."""

    venue: Venue
    names: Words
    title: Words | None = None
    authority: Words | None = None


class Pad(msgspec.Struct, frozen=True):
    """A tablet as it stood by last: when, how far its clock is from the common one, and how sure that is."""

    seen_ms: int
    offset_ms: float
    bound_ms: float
    device: DeviceId


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


class ActDrafted(Event, frozen=True, tag="ceremony.drafted"):
    act: ProjectId
    kind: ProjectKind
    item: ItemId
    title: Words
    parties: tuple[PartyWords, ...]
    round: int = 1
    sector: Words | None = None
    instrument: Instrument = Instrument.NONE


class SignatoryNamed(Event, frozen=True, tag="ceremony.named"):
    """The vault has the name, and what opens the commitment to it."""

    act: ProjectId
    party: int
    commitment: Digest = Digest("")


class DocumentAttached(Event, frozen=True, tag="ceremony.attached"):
    act: ProjectId
    language: LanguageTag
    digest: Digest
    pages: int
    size: int


class DocumentDetached(Event, frozen=True, tag="ceremony.detached"):
    act: ProjectId
    language: LanguageTag


class ActLocked(Event, frozen=True, tag="ceremony.locked"):
    """Exactly these parties and documents: whoever reads the journal needs no definition."""

    act: ProjectId
    kind: ProjectKind
    item: ItemId
    round: int
    title: Words
    parties: tuple[PartyWords, ...]
    documents: dict[LanguageTag, Digest] = field(default_factory=dict)
    instrument: Instrument = Instrument.NONE
    sector: Words | None = None


class ActUnlocked(Event, frozen=True, tag="ceremony.unlocked"):
    act: ProjectId


class PartiesSeated(Event, frozen=True, tag="ceremony.seated"):
    act: ProjectId
    seats: tuple[SeatId, ...]


class VenueReady(Event, frozen=True, tag="ceremony.venue_ready"):
    act: ProjectId
    venue: VenueId
    on: bool


class ActArmed(Event, frozen=True, tag="ceremony.armed"):
    """With how each seat's tablet stood by; `delays`: from a hand elsewhere to each hall's screen, ms."""

    act: ProjectId
    take: int
    pads: dict[SeatId, Pad] = field(default_factory=dict)
    delays: dict[VenueId, float] = field(default_factory=dict)


class WentLive(Event, frozen=True, tag="ceremony.went"):
    """GO: the pads open at `opens_ms` of the common clock."""

    act: ProjectId
    take: int
    opens_ms: int


class ActHeld(Event, frozen=True, tag="ceremony.held"):
    act: ProjectId
    take: int


class ActResumed(Event, frozen=True, tag="ceremony.resumed"):
    """`opens_ms`: when open pads open again; None: it was not yet GO."""

    act: ProjectId
    take: int
    opens_ms: int | None = None


class ActRetaken(Event, frozen=True, tag="ceremony.retaken"):
    """`take` is the new one."""

    act: ProjectId
    take: int


class FellBackToPaper(Event, frozen=True, tag="ceremony.on_paper"):
    act: ProjectId
    take: int


class ActVoided(Event, frozen=True, tag="ceremony.voided"):
    act: ProjectId
    take: int
    reason: str


class PadSeated(Event, frozen=True, tag="ceremony.pad_seated"):
    """From here on this device is the seat's tablet."""

    seat: SeatId
    device: DeviceId


class PartyConfirmed(Event, frozen=True, tag="ceremony.confirmed"):
    act: ProjectId
    take: int
    party: int


class SignatureCleared(Event, frozen=True, tag="ceremony.cleared"):
    act: ProjectId
    take: int
    party: int


class Signed(Event, frozen=True, tag="ceremony.signed"):
    """The strokes are in the vault under `commitment`; first and last are of the common clock."""

    act: ProjectId
    take: int
    party: int
    documents: dict[LanguageTag, Digest]
    commitment: Digest
    first_ms: float
    last_ms: float
    offset_ms: float
    bound_ms: float
    device: str = ""


class Pressed(Event, frozen=True, tag="ceremony.pressed"):
    act: ProjectId
    take: int
    party: int
    at_ms: float
    offset_ms: float
    bound_ms: float


class Completed(Event, frozen=True, tag="ceremony.completed"):
    """Every party has signed, or pressed."""

    act: ProjectId
    take: int


class Exchanged(Event, frozen=True, tag="ceremony.exchanged"):
    act: ProjectId


class Unveiled(Event, frozen=True, tag="ceremony.unveiled"):
    """`reveal_ms`: when each hall, and whoever is remote, sees it, by venue or `remote`."""

    act: ProjectId
    reveal_ms: dict[str, float] = field(default_factory=dict)


class Sealed(Event, frozen=True, tag="ceremony.sealed"):
    act: ProjectId


class RecordKept(Event, frozen=True, tag="ceremony.record_kept"):
    act: ProjectId
    digest: Digest


class ActShown(Event, frozen=True, tag="ceremony.shown"):
    act: ProjectId | None = None


class ToleranceSet(Event, frozen=True, tag="ceremony.tolerance_set"):
    ms: int


class DisplayDelaySet(Event, frozen=True, tag="ceremony.display_delay_set"):
    venue: VenueId
    ms: int


class MemberJoined(Event, frozen=True, tag="ceremony.joined"):
    """The entry's actor asks for it; `admitted` at once when the officer does."""

    act: ProjectId
    member: MemberId
    names: Words
    venue: VenueId | None = None
    admitted: bool = False


class MemberAdmitted(Event, frozen=True, tag="ceremony.admitted"):
    act: ProjectId
    member: MemberId
    on: bool


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
ActEvent = (
    ActDrafted
    | SignatoryNamed
    | DocumentAttached
    | DocumentDetached
    | ActLocked
    | ActUnlocked
    | PartiesSeated
    | VenueReady
    | ActArmed
    | WentLive
    | ActHeld
    | ActResumed
    | ActRetaken
    | FellBackToPaper
    | ActVoided
    | PartyConfirmed
    | SignatureCleared
    | Signed
    | Pressed
    | Completed
    | Exchanged
    | Unveiled
    | Sealed
    | RecordKept
    | MemberJoined
    | MemberAdmitted
)
RoomEvent = PadSeated | ActShown | ToleranceSet | DisplayDelaySet
CeremonyEvent = ActEvent | RoomEvent
