"""What the certificate's pages say, in four languages: pure, from a record and what opens its commitments."""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import segno

from server.records import ink
from server.records.canonical import Digest
from server.records.commitments import Opening
from server.records.record import record_digest
from server.records.wording import words

Json = dict[str, Any]
ORDER: Final = ("zh", "de", "en", "fr")
UNTIL: Final = " \u2013 "
REMARKED: Final = 12
"""Incidents that a page has room for; all of them are in the record."""


def certificate(record: Mapping[str, Any], openings: Mapping[Digest, Opening]) -> Json:
    """`{pages: one per language, qr, head}` for certificate.typ."""
    drawn = {digest: ink.svg(opening.value) for digest, opening in openings.items()}
    names = {digest: str(opening.value) for digest, opening in openings.items()}
    pages = [_Page(record, language, names, drawn).said() for language in ORDER]
    return {"pages": pages, "qr": _qr(record["chain"]["head"])}


def _qr(text: str) -> str:
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", xmldecl=False, border=0, dark="#14213d")
    return drawn.getvalue().decode()


class _Page:
    """One language's page."""

    def __init__(
        self, record: Mapping[str, Any], language: str, names: Mapping[Digest, str], drawn: Mapping[Digest, str]
    ) -> None:
        self._record = record
        self._language = language
        self._words = words(language)
        self._names = names
        self._drawn = drawn

    def said(self) -> Json:
        conference, words = self._record["conference"], self._words
        content = self._act(self._record["act"]) if "act" in self._record else self._ceremony(self._record["ceremony"])
        return {
            "language": self._language,
            "conference": conference["title"][self._language],
            "rehearsal": words["rehearsal"] if conference["rehearsal"] else "",
            "words": {**words, "head": words["head"].format(n=self._record["chain"]["count"])},
            "evidence": [
                [words["head"].format(n=self._record["chain"]["count"]), self._record["chain"]["head"]],
                [words["record"], record_digest(self._record)],
                [words["key"], self._record["checkpoint"]["key"]],
            ],
            **content,
        }

    def _act(self, act: Mapping[str, Any]) -> Json:
        words = self._words
        take = act["takes"][-1] if act["takes"] else {}
        return {
            "kind": words[act.get("kind", "ceremony")],
            "title": act.get("title", {}).get(self._language, act["act"]),
            "sector": act.get("sector", {}).get(self._language, ""),
            "outcome": self._outcome(act),
            "instrument": words[act.get("instrument", "none")],
            "parties": [self._party(number, party, take) for number, party in enumerate(act["parties"])],
            "together": self._together(act, take),
            "documents": [self._document(tag, each) for tag, each in sorted(act["documents"].items())],
            "members": [
                each["names"][self._language] for each in act.get("members", ()) if each["admitted"] and "names" in each
            ],
            "incidents": self._incidents(act),
            "acts": [],
        }

    def _ceremony(self, ceremony: Mapping[str, Any]) -> Json:
        words = self._words
        acts = [
            {
                "title": act.get("title", {}).get(self._language, act["act"]),
                "parties": [party["names"][self._language] for party in act["parties"] if "names" in party],
                "outcome": self._outcome(act),
                "when": self._when(act),
                "record": act.get("record", ""),
            }
            for act in ceremony["acts"]
        ]
        return {
            "kind": words["ceremony"],
            "title": ceremony["title"][self._language],
            "sector": "",
            "outcome": "",
            "instrument": "",
            "parties": [],
            "together": [],
            "documents": [],
            "members": [],
            "incidents": [],
            "acts": acts,
        }

    def _outcome(self, act: Mapping[str, Any]) -> str:
        outcome = {"paper": "on_paper"}.get(act["outcome"], act["outcome"])
        if outcome == "done" and act.get("kind") == "unveiling":
            outcome = "unveiled"
        said = self._words[outcome]
        return f"{said}: {act['reason']}" if act.get("reason") else said

    def _party(self, number: int, party: Mapping[str, Any], take: Mapping[str, Any]) -> Json:
        words = self._words
        signed = _of(take.get("signatures", ()), number)
        pressed = _of(take.get("presses", ()), number)
        venue = self._record["venues"].get(party.get("venue"), {})
        said = {
            "name": party["names"][self._language] if "names" in party else f"{words['party']} {number + 1}",
            "city": venue.get("city", {}).get(self._language, ""),
            "signatory": self._names.get(party["signatory"], words["erased"]) if party.get("signatory") else "",
            "office": ", ".join(party[part][self._language] for part in ("title", "authority") if part in party),
            "ink": self._drawn.get(signed["strokes"], "") if signed and signed.get("strokes") else "",
            "signed": bool(signed),
            "times": [],
            "certain": "",
        }
        if signed:
            said["times"] = self._clocks(signed["first_ms"], signed["last_ms"])
        elif pressed:
            said["times"] = self._clocks(pressed["at_ms"])
        if signed or pressed:
            said["certain"] = words["certain"].format(ms=_ms((signed or pressed or {})["bound_ms"]))
        return said

    def _together(self, act: Mapping[str, Any], take: Mapping[str, Any]) -> list[str]:
        words, said = self._words, []
        if take.get("opens_ms"):
            said.append(f"{words['opened']} {'; '.join(self._clocks(take['opens_ms']))}.")
        for moments, when, sentence in (("signatures", "first_ms", "spread"), ("presses", "at_ms", "spread_hands")):
            found = take.get(moments, ())
            if len(found) > 1:
                apart_ms = max(each[when] for each in found) - min(each[when] for each in found)
                bound_ms = sum(sorted((each["bound_ms"] for each in found), reverse=True)[:2])
                said.append(words[sentence].format(s=f"{apart_ms / 1000:.3f}", ms=_ms(bound_ms)))
        if act.get("kind") == "unveiling":
            said += self._revealed(act.get("reveal_ms", {}))
        if len(act["takes"]) > 1:
            said.append(words["takes"].format(n=len(act["takes"])))
        return said

    def _revealed(self, reveal_ms: Mapping[str, float]) -> list[str]:
        """When each hall saw it, on its own clock, everybody else in UTC; and how far apart the halls were."""
        words, halls = self._words, self._record["venues"]
        seen = {place: halls[place] for place in reveal_ms if place in halls}
        said = [
            f"{hall['city'][self._language]} {_local([reveal_ms[place]], ZoneInfo(hall['zone']))}"
            for place, hall in seen.items()
        ]
        if "remote" in reveal_ms:
            said.append(f"{words['remote']} {_local([reveal_ms['remote']], ZoneInfo('UTC'))}")
        lines = [f"{words['revealed']} {'; '.join(said)}."] if said else []
        if len(seen) > 1:
            moments_ms = [reveal_ms[place] for place in seen]
            lines.append(words["revealed_together"].format(s=f"{(max(moments_ms) - min(moments_ms)) / 1000:.3f}"))
        return lines

    def _document(self, tag: str, document: Mapping[str, Any]) -> Json:
        count = document.get("pages")
        pages = self._words["page_one" if count == 1 else "pages"].format(n=count) if count else ""
        return {
            "language": self._words.get(f"language.{tag}", tag),
            "pages": pages,
            "sha256": document["sha256"],
        }

    def _incidents(self, act: Mapping[str, Any]) -> list[str]:
        """The last ones, and how many more the record has. Tablets take their seats in any hall, all day long:
        that is told from where the act was armed."""
        armed = next((cue["n"] for cue in act["cues"] if cue["event"] == "armed"), math.inf)
        found = [cue for cue in act["incidents"] if cue["event"] != "pad_seated" or cue["n"] > armed]
        more = len(found) - REMARKED
        said = [self._incident(cue) for cue in found[-REMARKED:]]
        return [self._words["earlier"].format(n=more), *said] if more > 0 else said

    def _incident(self, cue: Mapping[str, Any]) -> str:
        said = f"{cue['utc']} {self._words[cue['event']]}"
        return f"{said}: {cue['reason']}" if cue.get("reason") else said

    def _when(self, act: Mapping[str, Any]) -> str:
        """When the last hand had done its part, or when the act was declared void."""
        if act["outcome"] == "void":
            return "; ".join(self._clocks(act["cues"][-1]["media_ms"]))
        take = act["takes"][-1] if act["takes"] else {}
        ends_ms = [each["last_ms"] for each in take.get("signatures", ())]
        ends_ms += [each["at_ms"] for each in take.get("presses", ())]
        return "; ".join(self._clocks(max(ends_ms))) if ends_ms else ""

    def _clocks(self, *moments_ms: float) -> list[str]:
        """The moments as each hall's clock shows them: `Changzhou 2022-07-07 15:04:05.250 (UTC+08:00)`."""
        return [
            f"{hall['city'][self._language]} {_local(moments_ms, ZoneInfo(hall['zone']))}"
            for hall in self._record["venues"].values()
        ]


def _local(moments_ms: Sequence[float], zone: ZoneInfo) -> str:
    first, *others = (datetime.datetime.fromtimestamp(ms / 1000, zone) for ms in moments_ms)
    offset = first.strftime("%z")
    clock = [
        first.isoformat(" ", "milliseconds")[:23],
        *(each.isoformat(" ", "milliseconds")[11:23] for each in others),
    ]
    return f"{UNTIL.join(clock)} (UTC{offset[:3]}:{offset[3:]})"


def _of(moments: Sequence[Mapping[str, Any]], party: int) -> Mapping[str, Any] | None:
    return next((each for each in moments if each.get("party") == party), None)


def _ms(value_ms: float) -> str:
    return f"{value_ms:.0f}" if value_ms >= 10 else f"{value_ms:.1f}"
