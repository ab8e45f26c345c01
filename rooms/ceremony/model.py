"""One act and what belongs to it, and the state of a room's ceremonies as it is kept."""

from __future__ import annotations

import msgspec

from rooms.ceremony.events import ActDrafted, DocumentAttached, Pressed, Signed
from rooms.ceremony.table import Step
from rooms.ceremony.words import TOLERANCE_MS, Digest, MemberId, PartyWords
from rooms.definition import Definition, ProjectDefinition, Words
from rooms.kernel import ConferenceId, DeviceId, LanguageTag, PersonId, ProjectId, SeatId, VenueId


class Member(msgspec.Struct, frozen=True):
    """Who joined an initiative, and whether the officer counts them."""

    names: Words
    by: PersonId
    venue: VenueId | None = None
    admitted: bool = False


class Former(msgspec.Struct, frozen=True):
    """A take that was set aside."""

    take: int
    opens_ms: int | None
    signatures: tuple[Signed, ...] = ()


class Running(msgspec.Struct):
    """The take that counts: what was confirmed, signed and pressed in it, and what was cleared.

    `opens_ms`: when pads opened first; `again_ms`: when they opened last, after a hold;
    `delays`: the halls' at an unveiling, ms, as it was armed.
    """

    take: int = 1
    opens_ms: int | None = None
    again_ms: int | None = None
    delays: dict[VenueId, float] = {}
    confirmed: set[int] = set()
    signed: dict[int, Signed] = {}
    cleared: list[Signed] = []
    pressed: dict[int, Pressed] = {}


class Act(msgspec.Struct):
    """An act as far as it is. `drafted` says what it is; `armed_seq`: the entry that armed it last."""

    drafted: ActDrafted
    step: Step = Step.DRAFTED
    held: bool = False
    paper: bool = False
    named: set[int] = set()
    documents: dict[LanguageTag, DocumentAttached] = {}
    seats: tuple[SeatId, ...] = ()
    ready: list[VenueId] = []
    running: Running = msgspec.field(default_factory=Running)
    former: list[Former] = []
    armed_seq: int = 0
    reveal_ms: dict[str, float] = {}
    voided: str | None = None
    record: Digest | None = None
    members: dict[MemberId, Member] = {}

    @property
    def id(self) -> ProjectId:
        return self.drafted.act

    @property
    def parties(self) -> tuple[PartyWords, ...]:
        return self.drafted.parties

    @property
    def venues(self) -> tuple[VenueId, ...]:
        """The halls where its parties are, each once."""
        return tuple(dict.fromkeys(party.venue for party in self.parties))

    @property
    def digests(self) -> dict[LanguageTag, Digest]:
        return {language: document.digest for language, document in self.documents.items()}

    @property
    def signers(self) -> frozenset[int]:
        """The parties whose signatories its record may tell of: those of today, and who signed a take set aside."""
        aside = {signed.party for former in self.former for signed in former.signatures}
        return frozenset({*range(len(self.parties)), *aside})

    def step_at(self, now_ms: float) -> Step:
        """Signing begins when the pads open."""
        opens_ms = self.running.again_ms
        return Step.ARMED if self.step == Step.SIGNING and opens_ms and now_ms < opens_ms else self.step


class Kept(msgspec.Struct):
    """A room's acts that anything happened to, by id; the others are as the definition drafts them."""

    acts: dict[ProjectId, Act] = {}
    shown: ProjectId | None = None
    tolerance_ms: int = TOLERANCE_MS
    display_delays: dict[VenueId, int] = {}
    devices: dict[SeatId, DeviceId] = {}


def drafted(project: ProjectDefinition) -> ActDrafted:
    """The act that a definition's project stands for."""
    parties = tuple(PartyWords(party.venue, party.name, party.title, party.authority) for party in project.parties)
    return ActDrafted(
        project.id,
        project.kind,
        project.item,
        project.title,
        parties,
        project.round,
        project.sector,
        project.instrument,
    )


def signatory(conference: ConferenceId, act: ProjectId, party: int) -> PersonId:
    """The person under whom the vault keeps the name and the strokes of who signs for a party."""
    return PersonId(f"signatory-{conference}-{act}-{party}")


def drafts(definition: Definition) -> dict[ProjectId, ActDrafted]:
    """The acts that the definition drafts, in its order."""
    return {project.id: drafted(project) for project in definition.projects}
