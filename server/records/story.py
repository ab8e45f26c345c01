"""An act as its facts tell it. The record's readable part is this, so whoever verifies tells it again and compares.

Pure, and lenient with facts of another version: what is not understood changes nothing here and stays in the chain.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Final

from server.records.chain import Fact

Json = dict[str, Any]
LANGUAGES: Final = ("zh", "de", "en", "fr")
INCIDENTS: Final = frozenset({"held", "resumed", "retaken", "on_paper", "voided", "cleared", "unlocked", "pad_seated"})
"""What did not go as planned, or went so by a decision."""
_ROOM: Final = frozenset({"tolerance_set", "display_delay_set", "pad_seated"})
"""Facts of the room that are told with every act."""


def told(act: str, facts: Iterable[tuple[int, Fact]]) -> Json:
    """The act `{act, kind, title, parties, documents, takes, cues, incidents, ...}` from its facts by their `n`."""
    story = _Story(act)
    for n, fact in facts:
        story.take_in(n, fact)
    return story.told()


def utc(at_ms: float) -> str:
    """ISO 8601 to the millisecond."""
    moment = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Story:
    """Takes facts in, one after the other."""

    def __init__(self, act: str) -> None:
        self._act: Json = {"act": act, "outcome": "open", "parties": [], "documents": {}}
        self._takes: dict[int, Json] = {}
        self._members: dict[str, Json] = {}
        self._cues: list[Json] = []

    def take_in(self, n: int, fact: Fact) -> None:
        event = fact["event"]
        name = str(event["type"]).partition(".")[2]
        match event:
            case {"type": "ceremony.drafted" | "ceremony.locked", "parties": list(parties)}:
                self._sheet(event, parties)
            case {"type": "ceremony.named", "party": int(party), "commitment": str(commitment)}:
                self._party(party)["signatory"] = commitment
            case {"type": "ceremony.attached", "language": str(language), "digest": str(digest)}:
                self._act["documents"][language] = {
                    "sha256": digest,
                    "bytes": event.get("size"),
                    "pages": event.get("pages"),
                }
            case {"type": "ceremony.detached", "language": str(language)}:
                self._act["documents"].pop(language, None)
            case {"type": "ceremony.seated", "seats": list(seats)}:
                for party, seat in enumerate(seats):
                    self._party(party)["seat"] = seat
            case {"type": "ceremony.unlocked"}:
                for party in self._act["parties"]:
                    party.pop("seat", None)
            case {"type": "ceremony.voided", "reason": str(reason)}:
                self._act |= {"outcome": "void", "reason": reason}
            case {"type": "ceremony.unveiled"}:
                self._act["reveal_ms"] = event.get("reveal_ms", {})
            case {"type": "ceremony.joined" | "ceremony.admitted", "member": str(member)}:
                self._member(member, event)
            case {"take": int(take)}:
                self._in_take(take, name, event)
        if "act" in event or name in _ROOM:
            self._cue(n, name, fact)

    def _sheet(self, event: Mapping[str, Any], parties: list[Json]) -> None:
        """What the act is; a signatory's commitment outlives a change of words, and not one of the party's name."""
        known = self._act["parties"]
        self._act |= {
            "kind": event["kind"],
            "title": in_languages(event["title"]),
            "instrument": event.get("instrument", "none"),
            "parties": [_party(party, known[n] if n < len(known) else {}) for n, party in enumerate(parties)],
        }
        for name in ("item", "round"):
            if name in event:
                self._act[name] = event[name]
        if event.get("sector"):
            self._act["sector"] = in_languages(event["sector"])

    def _party(self, number: int) -> Json:
        parties: list[Json] = self._act["parties"]
        while len(parties) <= number < 100:
            parties.append({})
        return parties[number] if 0 <= number < len(parties) else {}

    def _member(self, member: str, event: Mapping[str, Any]) -> None:
        known = self._members.setdefault(member, {"member": member})
        if "names" in event:
            known["names"] = in_languages(event["names"])
        if event.get("venue"):
            known["venue"] = event["venue"]
        known["admitted"] = event.get("on", event.get("admitted", False))

    def _in_take(self, number: int, name: str, event: Mapping[str, Any]) -> None:
        take = self._takes.setdefault(number, {"take": number, "outcome": "open", "signatures": [], "presses": []})
        told = {key: value for key, value in event.items() if key not in ("type", "act", "take")}
        match name:
            case "armed":
                take["pads"] = told.get("pads", {})
            case "went":
                take["opens_ms"] = told.get("opens_ms")
            case "signed":
                told["strokes"] = told.pop("commitment", None)
                _replace(take["signatures"], told)
            case "pressed":
                _replace(take["presses"], told)
            case "cleared":
                take.setdefault("cleared", []).extend(_removed(take["signatures"], told.get("party")))
            case "retaken":
                for former in (other for other in self._takes.values() if other["take"] < number):
                    former["outcome"] = "set aside"
            case "on_paper":
                take["outcome"] = self._act["outcome"] = "paper"
            case "completed":
                take["outcome"] = self._act["outcome"] = "done"

    def _cue(self, n: int, name: str, fact: Fact) -> None:
        """A moment: `media_ms` is the common clock, which recordings and journal share."""
        cue = {"n": n, "media_ms": fact["at_ms"], "utc": utc(fact["at_ms"]), "event": name, "role": fact["role"]}
        if fact.get("venue"):
            cue["venue"] = fact["venue"]
        if fact["event"].get("reason"):
            cue["reason"] = fact["event"]["reason"]
        self._cues.append(cue)

    def told(self) -> Json:
        takes = [self._takes[number] for number in sorted(self._takes)]
        more = {"members": list(self._members.values())} if self._members else {}
        incidents = [cue for cue in self._cues if cue["event"] in INCIDENTS]
        return {**self._act, "takes": takes, **more, "cues": self._cues, "incidents": incidents}


def in_languages(words: Mapping[str, Any]) -> dict[str, str]:
    """A text in all four languages; English stands in for those that are missing."""
    return {language: str(words.get(language) or words.get("en", "")) for language in LANGUAGES}


def _party(party: Mapping[str, Any], known: Mapping[str, Any]) -> Json:
    told: Json = {"names": in_languages(party["names"]), "venue": party["venue"]}
    told |= {name: in_languages(party[name]) for name in ("title", "authority") if party.get(name)}
    stays = known.get("names", told["names"]) == told["names"]
    return told | ({"signatory": known["signatory"]} if stays and "signatory" in known else {})


def _replace(signatures: list[Json], signed: Json) -> None:
    _removed(signatures, signed.get("party"))
    signatures.append(signed)
    signatures.sort(key=lambda each: str(each.get("party")))


def _removed(signatures: list[Json], party: object) -> list[Json]:
    gone = [each for each in signatures if each.get("party") == party]
    signatures[:] = [each for each in signatures if each.get("party") != party]
    return gone
