"""A ceremony as the journal has it: a memorandum of four parties signed in two takes, and one project beside it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rooms.kernel import ProjectId, RoomId
from server.definitions import definition
from server.records.canonical import Digest
from server.records.chain import Fact
from server.records.checkpoint import Signer
from server.records.commitments import Kind, Opening, opened
from server.records.facts import facts
from server.records.record import Frame

DEFINITION = definition("jiangsu-2022")
ROOM = RoomId("stage")
SIGNER = Signer(bytes(range(32)))
FRAME = Frame(DEFINITION, ROOM, SIGNER)
MEMORANDUM, PROJECT, VOIDED = ProjectId("memorandum"), ProjectId("project-1"), ProjectId("project-2")
REASON = "The parties did not agree"
BEGAN_MS = 1_657_177_440_000
"""7 July 2022, 15:04 in Changzhou."""
GERMAN_PDF = b"%PDF-1.7 the German version"
GERMAN = hashlib.sha256(GERMAN_PDF).hexdigest()


def strokes(party: int, began_ms: float) -> dict[str, Any]:
    """Two loops with a pen that presses and lifts."""
    points = [
        [
            0.1 + 0.7 * n / 80 + 0.05 * math.cos(n / 4 + party),
            0.5 + 0.3 * math.sin(n / 5 + party),
            0.2 + 0.6 * abs(math.sin(n / 9)),
            began_ms + 12.5 * n,
        ]
        for n in range(80)
    ]
    return {"aspect": 3, "strokes": [points[:50], points[52:]]}


class Stage:
    """Plays a ceremony into the bodies of journal entries, and keeps what opens its commitments."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.openings: dict[Digest, Opening] = {}
        self.now_ms = BEGAN_MS

    def happen(self, name: str, role: str = "protocol_officer", venue: str | None = None, **event: Any) -> None:
        self.now_ms += 1500
        entry = {
            "seq": len(self.bodies) + 3,
            "epoch": 1,
            "at_ms": self.now_ms,
            "actor": {"person": "p", "role": role, "venue": venue, "source": None, "invite": "x", "device": "d"},
            "events": [{"type": name, **event}],
            "room": ROOM,
            "command_id": str(len(self.bodies)),
        }
        self.bodies.append(msgspec.json.encode(entry))

    def commit(self, kind: Kind, value: object) -> Digest:
        opening = opened(kind, value, bytes([len(self.openings) + 1]) * 32)
        self.openings[opening.commitment] = opening
        return opening.commitment

    def lock(self, act: ProjectId, names: tuple[str, ...]) -> None:
        project = next(each for each in DEFINITION.projects if each.id == act)
        for party, name in enumerate(names):
            self.happen(
                "ceremony.named",
                "organiser",
                act=act,
                party=party,
                commitment=self.commit(Kind.SIGNATORY, name),
            )
        self.happen("ceremony.attached", "organiser", act=act, language="de", digest=GERMAN, pages=4, size=90_000)
        parties = [
            {
                "venue": party.venue,
                "names": msgspec.to_builtins(party.name),
                "title": {"en": "Mayor", "zh": "市长", "de": "Bürgermeister", "fr": None},
            }
            for party in project.parties
        ]
        self.happen(
            "ceremony.locked",
            act=act,
            kind="signing",
            title=msgspec.to_builtins(project.title),
            parties=parties,
            documents={"de": GERMAN},
        )

    def sign(self, act: ProjectId, take: int, party: int, venue: str) -> None:
        first_ms = self.now_ms + 900.0 + 37.25 * party
        value = strokes(party, first_ms)
        self.happen(
            "ceremony.signed",
            "signatory",
            venue,
            act=act,
            take=take,
            party=party,
            documents={"de": GERMAN},
            commitment=self.commit(Kind.STROKES, value),
            first_ms=first_ms,
            last_ms=first_ms + 987.5,
            offset_ms=-3.5,
            bound_ms=6.25 + party,
            device="tablet",
        )

    def perform(self, act: ProjectId, names: tuple[str, ...], halls: tuple[str, ...]) -> None:
        self.lock(act, names)
        self.happen("ceremony.seated", act=act, seats=[f"{hall}-{n}" for n, hall in enumerate(halls, 1)])
        self.happen("ceremony.armed", act=act, take=1, pads={"changzhou-1": {"seen_ms": self.now_ms}})
        self.happen("ceremony.went", act=act, take=1, opens_ms=self.now_ms + 3000)
        for party, hall in enumerate(halls):
            self.sign(act, 1, party, hall)
        self.happen("ceremony.completed", act=act, take=1)
        self.happen("ceremony.exchanged", act=act)
        self.happen("ceremony.unveiled", act=act)

    def begin_and_void(self, act: ProjectId, reason: str) -> None:
        """One party has signed, then it is over."""
        self.lock(act, ("Mia Wolf",))
        self.happen("ceremony.armed", act=act, take=1)
        self.happen("ceremony.went", act=act, take=1, opens_ms=self.now_ms + 3000)
        self.sign(act, 1, 0, "changzhou")
        self.happen("ceremony.voided", act=act, take=1, reason=reason)

    @property
    def facts(self) -> list[Fact]:
        return list(facts(self.bodies, ROOM))


def staged() -> Stage:
    """The memorandum is sealed, then the project; in the memorandum's first take somebody held and began anew.

    Another project is declared void at last, after one party signed it.
    """
    stage = Stage()
    stage.happen("stage.item", "director", item="memorandum")
    stage.happen("ceremony.tolerance_set", ms=250)
    stage.lock(MEMORANDUM, ("陈晨", "Änne Müller", "Wang Fang", "Dr. Jörg Krüger"))
    halls = ("changzhou", "changzhou", "changzhou", "frankfurt")
    stage.happen("ceremony.seated", act=MEMORANDUM, seats=["changzhou-1", "changzhou-2", "changzhou-3", "frankfurt-1"])
    stage.happen("ceremony.armed", act=MEMORANDUM, take=1)
    stage.happen("ceremony.went", act=MEMORANDUM, take=1, opens_ms=stage.now_ms + 3000)
    stage.sign(MEMORANDUM, 1, 0, "changzhou")
    stage.happen("ceremony.held", act=MEMORANDUM, take=1)
    stage.happen("ceremony.retaken", act=MEMORANDUM, take=2)
    stage.happen("ceremony.armed", act=MEMORANDUM, take=2)
    stage.happen("ceremony.went", act=MEMORANDUM, take=2, opens_ms=stage.now_ms + 3000)
    for party, hall in enumerate(halls):
        stage.sign(MEMORANDUM, 2, party, hall)
    stage.happen("ceremony.completed", act=MEMORANDUM, take=2)
    stage.happen("ceremony.exchanged", act=MEMORANDUM)
    stage.happen("ceremony.unveiled", act=MEMORANDUM)
    stage.happen("ceremony.sealed", act=MEMORANDUM)
    stage.perform(PROJECT, ("李雷", "Eva Öz"), ("changzhou", "frankfurt"))
    stage.happen("ceremony.sealed", act=PROJECT)
    stage.happen("ceremony.record_kept", "node", act=MEMORANDUM, digest="cd" * 32)
    stage.begin_and_void(VOIDED, REASON)
    stage.happen("ceremony.display_delay_set", venue="frankfurt", ms=40)
    return stage


def own(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries of a record that show their facts."""
    return (entry for entry in record["chain"]["entries"] if "fact" in entry)
