"""What happens in a ceremony: the closed events of the feature `ceremony`."""

from __future__ import annotations

from msgspec import field

from rooms.ceremony.words import Digest, MemberId, Pad, PartyWords
from rooms.definition import Instrument, ProjectKind, Words
from rooms.kernel import DeviceId, Event, ItemId, LanguageTag, ProjectId, SeatId, VenueId


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
