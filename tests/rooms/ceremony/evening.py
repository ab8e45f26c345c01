"""A ceremony to act in: the people of the memorandum and the projects, and how far an evening has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from rooms.audience import Attendee, Audience, Desk
from rooms.ceremony import commands as c
from rooms.ceremony import words as w
from rooms.ceremony.model import Act
from rooms.conference import Conference
from rooms.definition import Definition, PartyDefinition, ProjectDefinition, ProjectKind, Words
from rooms.features.ceremony import Ceremony
from rooms.invites import PAD, pad_person
from rooms.journal import genesis
from rooms.kernel import (
    Actor,
    Command,
    DeviceId,
    Event,
    InviteId,
    ItemId,
    LanguageTag,
    PersonId,
    ProjectId,
    Refused,
    Role,
    SeatId,
    VenueId,
)
from tests.rooms.hall import CHANGZHOU, DEFINITION, FRANKFURT, ORGANISER, STAGE, do

MEMORANDUM, FIRST, SECOND = ProjectId("memorandum"), ProjectId("project-1"), ProjectId("project-2")
CLOTH, START = ProjectId("cloth"), ProjectId("start")
OFFICER = Actor(PersonId("offi"), Role.PROTOCOL_OFFICER)
NODE = Actor(PersonId("node"), Role.NODE)
DIGEST = w.Digest("ab" * 32)
COMMITMENT = w.Digest("cd" * 32)
CZ1, CZ2, CZ3, FR1 = (SeatId(seat) for seat in ("changzhou-1", "changzhou-2", "changzhou-3", "frankfurt-1"))


def pad(seat: SeatId, device: str = "tablet") -> Actor:
    """The tablet of a seat."""
    venue = VenueId(seat.rpartition("-")[0])
    return Actor(pad_person(seat), Role.SIGNATORY, venue, invite=InviteId(PAD + seat), device=DeviceId(device))


def more(*projects: ProjectDefinition) -> Definition:
    """The dialogue with further acts."""
    return replace(DEFINITION, projects=(*DEFINITION.projects, *projects))


def two(id: ProjectId, kind: ProjectKind) -> ProjectDefinition:
    """An act of two parties, one in each hall."""
    parties = (PartyDefinition(CHANGZHOU, Words(en="Left")), PartyDefinition(FRANKFURT, Words(en="Right")))
    return ProjectDefinition(id, Words(en=id), ItemId("projects"), parties, kind)


class Evening:
    """A conference and the time of the evening, ms; everything takes effect through the journal's bytes."""

    def __init__(self, definition: Definition = DEFINITION) -> None:
        self.conference = Conference.replayed([genesis(definition, epoch=1, at_ms=0)])
        self.now_ms = 1_000_000

    def do(self, command: Command, actor: Actor) -> Sequence[Event]:
        return do(self.conference, command, actor, now_ms=self.now_ms)

    def refused(self, command: Command, actor: Actor) -> str:
        """The code of the refusal; empty when there is none. Nothing takes effect."""
        try:
            self.conference.decide(command, actor, STAGE, self.now_ms)
        except Refused as refusal:
            return refusal.code
        return ""

    def act(self, id: ProjectId = MEMORANDUM) -> Act:
        act = self.conference.feature(Ceremony, STAGE).act(id)
        assert act is not None
        return act

    def step(self, id: ProjectId = MEMORANDUM) -> str:
        return self.act(id).step_at(self.now_ms).value

    def view(self, audience: Audience | None = None, names: dict[PersonId, str] | None = None) -> Any:
        seen = self.conference.view(audience or Attendee(), STAGE, names or {}, self.now_ms)
        return seen.get("ceremony", {})

    def desk(self) -> Any:
        return self.view(Desk(Role.PROTOCOL_OFFICER))

    def mine(self, seat: SeatId) -> Any:
        return self.conference.mine(pad_person(seat), STAGE, self.now_ms)["ceremony"]

    # How far it has come

    def seated(self, id: ProjectId = MEMORANDUM) -> Evening:
        self.do(c.Lock(id), OFFICER)
        self.do(c.SeatParties(id), OFFICER)
        return self

    def seated_with_pads(self, id: ProjectId = MEMORANDUM) -> Evening:
        self.seated(id)
        for seat in self.act(id).seats:
            self.do(c.StandBy(0.0, 20.0), pad(seat))
        return self

    def ready(self, id: ProjectId = MEMORANDUM) -> Evening:
        self.seated_with_pads(id)
        for venue in self.act(id).venues:
            self.do(c.SetReady(id, venue, on=True), OFFICER)
        return self

    def armed(self, id: ProjectId = MEMORANDUM) -> Evening:
        self.ready(id).do(self.arm(id), OFFICER)
        return self

    def arm(self, id: ProjectId = MEMORANDUM, changes: Mapping[SeatId, w.Pad] | None = None) -> c.Arm:
        """As the server writes it: every tablet of the act stood by just now."""
        pads = {seat: w.Pad(self.now_ms, 0.0, 20.0, DeviceId("tablet")) for seat in self.act(id).seats}
        return c.Arm(id, pads={**pads, **(changes or {})})

    def signing(self, id: ProjectId = MEMORANDUM) -> Evening:
        self.armed(id)
        for party, seat in enumerate(self.act(id).seats):
            self.do(c.Confirm(id, 1, party), pad(seat))
        self.do(c.Go(id), OFFICER)
        self.now_ms += w.LEAD_MS
        return self

    def signed(self, id: ProjectId = MEMORANDUM, parties: Iterable[int] | None = None) -> Evening:
        self.signing(id)
        for party in range(len(self.act(id).parties)) if parties is None else parties:
            self.sign(party, id)
        return self

    def unveiled(self, id: ProjectId = MEMORANDUM) -> Evening:
        self.signed(id)
        if self.act(id).drafted.kind == ProjectKind.SIGNING:
            self.do(c.Exchange(id), OFFICER)
        self.do(c.Unveil(id), OFFICER)
        return self

    def sign(self, party: int, id: ProjectId = MEMORANDUM) -> Sequence[Event]:
        return self.do(self.signature(party, id), pad(self.act(id).seats[party]))

    def signature(self, party: int, id: ProjectId = MEMORANDUM, **changes: Any) -> c.Sign:
        """Two strokes of 400 ms in all, which end now."""
        self.now_ms += 500
        end_ms = float(self.now_ms - 10)
        first = ((0.1, 0.5, 0.4, end_ms - 400), (0.4, 0.4, 0.6, end_ms - 300))
        second = ((0.5, 0.5, 0.5, end_ms - 100), (0.9, 0.6, 0.2, end_ms))
        act = self.act(id)
        given: dict[str, Any] = {
            "act": id,
            "take": act.running.take,
            "party": party,
            "documents": dict(act.digests),
            "strokes": (first, second),
            "offset_ms": 3.5,
            "bound_ms": 20.0,
            "device": "Tablet 11",
            "commitment": COMMITMENT,
        }
        return c.Sign(**{**given, **changes})

    def press(self, party: int, id: ProjectId = CLOTH) -> Sequence[Event]:
        command = c.Press(id, self.act(id).running.take, party, float(self.now_ms), 0.0, 20.0)
        return self.do(command, pad(self.act(id).seats[party]))


def drafted() -> Evening:
    return Evening(more(two(CLOTH, ProjectKind.UNVEILING), two(START, ProjectKind.INITIATIVE)))


def attached() -> Evening:
    evening = drafted()
    evening.do(c.Attach(MEMORANDUM, LanguageTag("de"), DIGEST, 3, 1000), ORGANISER)
    return evening


def held() -> Evening:
    evening = drafted().armed()
    evening.do(c.Hold(MEMORANDUM), OFFICER)
    return evening


def exchanged() -> Evening:
    evening = drafted().signed()
    evening.do(c.Exchange(MEMORANDUM), OFFICER)
    return evening


def sealed() -> Evening:
    evening = drafted().unveiled()
    evening.do(c.Seal(MEMORANDUM), OFFICER)
    return evening


def joined() -> Evening:
    evening = drafted().signed(START)
    evening.do(c.Join(START, Words(en="Park")), Actor(PersonId("exhi"), Role.EXHIBITOR))
    return evening


_M: dict[str, Any] = {"act": MEMORANDUM}
_CLOCK: dict[str, Any] = {"offset_ms": 1.0, "bound_ms": 20.0}
_PARTY: dict[str, Any] = {**_M, "take": 1, "party": 0}
_HALLS = [{"venue": "changzhou", "names": {"en": "A"}}, {"venue": "frankfurt", "names": {"en": "B"}}]
EXAMPLES: dict[str, tuple[Callable[[], Evening], dict[str, Any]]] = {
    "ceremony.draft": (
        drafted,
        {"act": "new", "kind": "signing", "item": "projects", "title": {"en": "New"}, "parties": _HALLS},
    ),
    "ceremony.name": (drafted, {**_M, "party": 0, "name": "Li Na", "commitment": COMMITMENT}),
    "ceremony.attach": (drafted, {**_M, "language": "de", "digest": DIGEST, "pages": 3, "size": 1000}),
    "ceremony.detach": (attached, {**_M, "language": "de"}),
    "ceremony.lock": (drafted, _M),
    "ceremony.unlock": (lambda: drafted().seated(), _M),
    "ceremony.seat": (lambda: drafted().ready(), {**_M, "seats": [CZ1, CZ2, CZ3, FR1]}),
    "ceremony.ready": (lambda: drafted().seated(), {**_M, "venue": "changzhou", "on": True}),
    "ceremony.arm": (
        lambda: drafted().ready(),
        {**_M, "pads": {seat: {"seen_ms": 1_000_000, "device": "tablet", **_CLOCK} for seat in (CZ1, CZ2, CZ3, FR1)}},
    ),
    "ceremony.go": (lambda: drafted().armed(), _M),
    "ceremony.hold": (lambda: drafted().armed(), _M),
    "ceremony.resume": (held, _M),
    "ceremony.retake": (lambda: drafted().signing(), _M),
    "ceremony.paper": (lambda: drafted().signing(), _M),
    "ceremony.void": (drafted, {**_M, "reason": "Rain"}),
    "ceremony.exchange": (lambda: drafted().signed(), _M),
    "ceremony.unveil": (exchanged, _M),
    "ceremony.seal": (lambda: drafted().unveiled(), _M),
    "ceremony.show": (drafted, _M),
    "ceremony.tolerance": (drafted, {"ms": 200}),
    "ceremony.display_delay": (drafted, {"venue": "frankfurt", "ms": 120}),
    "ceremony.stand_by": (drafted, _CLOCK),
    "ceremony.confirm": (lambda: drafted().seated_with_pads(), _PARTY),
    "ceremony.clear": (lambda: drafted().signed(parties=[0]), _PARTY),
    "ceremony.sign": (
        lambda: drafted().signing(),
        {**_PARTY, **_CLOCK, "documents": {}, "strokes": [[[0.5, 0.5, 0.5, 1_003_000.0]]], "commitment": COMMITMENT},
    ),
    "ceremony.press": (
        lambda: drafted().signing(CLOTH),
        {"act": CLOTH, "take": 1, "party": 0, "at_ms": 1_003_000.0, **_CLOCK},
    ),
    "ceremony.join": (lambda: drafted().signed(START), {"act": START, "names": {"en": "Park"}}),
    "ceremony.admit": (joined, {"act": START, "member": "m1", "on": True}),
    "ceremony.keep_record": (sealed, {**_M, "digest": DIGEST}),
}
"""Of each command: the evening in which it does something, and its fields; of pads' ones, at the seat `changzhou-2`."""
