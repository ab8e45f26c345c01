"""Another program that verifies a record: written from docs/ceremony.md, and with nothing of ours.

It raises AssertionError where a step of the page does not hold.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]
SHEET = ("ceremony.drafted", "ceremony.locked")
ROOM = ("ceremony.tolerance_set", "ceremony.display_delay_set", "ceremony.pad_seated")
INCIDENTS = ("held", "resumed", "retaken", "on_paper", "voided", "cleared", "unlocked", "pad_seated")


def jcs(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def sha(purpose: str, *parts: bytes) -> bytes:
    return hashlib.sha256(f"twinhall/ceremony/{purpose}/v1\0".encode() + b"".join(parts)).digest()


def verify(record: Json, personal: Json | None = None) -> None:
    """Steps 3 to 7 of the page, for an act or a ceremony."""
    chain(record)
    acts = [record["act"]] if record["subject"] == "act" else record["ceremony"]["acts"]
    for act in acts:
        stated = {name: value for name, value in act.items() if name not in ("record", "file")}
        assert told(act["act"], record["chain"]["entries"]) == stated, act["act"]
    for each in personal["openings"] if personal else ():
        kind = hashlib.sha256(each["kind"].encode()).digest()
        made = sha("commitment", bytes.fromhex(each["salt"]), kind, jcs(each["value"]))
        assert made.hex() == each["commitment"]
        assert each["commitment"].encode() in jcs(record)


def chain(record: Json) -> None:
    before = sha("root", jcs({"conference": record["conference"]["id"], "room": record["room"]}))
    assert before.hex() == record["chain"]["root"]
    for n, entry in enumerate(record["chain"]["entries"], 1):
        assert entry["n"] == n
        if "fact" in entry:
            assert sha("entry", jcs(entry["fact"])).hex() == entry["digest"]
        before = sha("link", before, bytes.fromhex(entry["digest"]))
        assert before.hex() == entry["link"]
    point = record["checkpoint"]
    assert (point["count"], point["head"]) == (len(record["chain"]["entries"]), before.hex())
    assert (point["conference"], point["room"]) == (record["conference"]["id"], record["room"])
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(point["key"]))
    for purpose, value in (("checkpoint", point), ("record", record)):
        unsigned = jcs({name: part for name, part in value.items() if name != "signature"})
        key.verify(bytes.fromhex(value["signature"]), f"twinhall/ceremony/{purpose}/v1\0".encode() + unsigned)


def own(act: str, entries: list[Json]) -> Iterator[tuple[int, Json]]:
    for entry in entries:
        if "fact" in entry and entry["fact"]["event"].get("act", act) in (act, None):
            yield entry["n"], entry["fact"]
            if entry["fact"]["event"]["type"] in ("ceremony.sealed", "ceremony.voided"):
                return


def told(id: str, entries: list[Json]) -> Json:
    """What the facts tell of an act."""
    act: Json = {"act": id, "outcome": "open", "parties": [], "documents": {}}
    takes: dict[int, Json] = {}
    members: dict[str, Json] = {}
    cues = []
    for n, fact in own(id, entries):
        event, name = fact["event"], fact["event"]["type"].removeprefix("ceremony.")
        if event["type"] in SHEET:
            sheet(act, event)
        elif name == "named":
            act["parties"] += [{} for _ in range(event["party"] + 1 - len(act["parties"]))]
            act["parties"][event["party"]]["signatory"] = event["commitment"]
        elif name == "attached":
            document = {"sha256": event["digest"], "bytes": event.get("size"), "pages": event.get("pages")}
            act["documents"][event["language"]] = document
        elif name == "detached":
            act["documents"].pop(event["language"], None)
        elif name == "seated":
            for party, seat in zip(act["parties"], event["seats"], strict=True):
                party["seat"] = seat
        elif name == "unlocked":
            for party in act["parties"]:
                party.pop("seat", None)
        elif name == "voided":
            act |= {"outcome": "void", "reason": event["reason"]}
        elif name == "unveiled":
            act["reveal_ms"] = event.get("reveal_ms", {})
        elif "member" in event:
            member = members.setdefault(event["member"], {"member": event["member"]})
            if "names" in event:
                member["names"] = text(event["names"])
            member |= {"venue": event["venue"]} if event.get("venue") else {}
            member["admitted"] = event.get("on", event.get("admitted", False))
        elif "take" in event:
            in_take(act, takes, name, event)
        if "act" in event or event["type"] in ROOM:
            cues.append(cue(n, name, fact))
    if members:
        act["members"] = list(members.values())
    incidents = [each for each in cues if each["event"] in INCIDENTS]
    return {**act, "takes": [takes[n] for n in sorted(takes)], "cues": cues, "incidents": incidents}


def text(words: Json) -> Json:
    return {language: words.get(language) or words.get("en", "") for language in ("zh", "de", "en", "fr")}


def sheet(act: Json, event: Json) -> None:
    known = act["parties"]
    act |= {"kind": event["kind"], "title": text(event["title"]), "instrument": event.get("instrument", "none")}
    act |= {name: event[name] for name in ("item", "round") if name in event}
    act |= {"sector": text(event["sector"])} if event.get("sector") else {}
    act["parties"] = []
    for n, party in enumerate(event["parties"]):
        said = {"names": text(party["names"]), "venue": party["venue"]}
        said |= {name: text(party[name]) for name in ("title", "authority") if party.get(name)}
        kept = known[n] if n < len(known) else {}
        stays = "signatory" in kept and kept.get("names", said["names"]) == said["names"]
        act["parties"].append(said | ({"signatory": kept["signatory"]} if stays else {}))


def in_take(act: Json, takes: dict[int, Json], name: str, event: Json) -> None:
    number = event["take"]
    take = takes.setdefault(number, {"take": number, "outcome": "open", "signatures": [], "presses": []})
    said = {key: value for key, value in event.items() if key not in ("type", "act", "take")}
    if name == "armed":
        take["pads"] = event.get("pads", {})
    elif name == "went":
        take["opens_ms"] = event["opens_ms"]
    elif name in ("signed", "pressed"):
        if name == "signed":
            said["strokes"] = said.pop("commitment")
        kind = "signatures" if name == "signed" else "presses"
        others = [each for each in take[kind] if each["party"] != event["party"]]
        take[kind] = sorted([*others, said], key=lambda each: each["party"])
    elif name == "cleared":
        gone = [each for each in take["signatures"] if each["party"] == event["party"]]
        take["cleared"] = take.get("cleared", []) + gone
        take["signatures"] = [each for each in take["signatures"] if each not in gone]
    elif name == "retaken":
        for former in takes.values():
            if former["take"] < number:
                former["outcome"] = "set aside"
    elif name in ("on_paper", "completed"):
        take["outcome"] = act["outcome"] = "paper" if name == "on_paper" else "done"


def cue(n: int, name: str, fact: Json) -> Json:
    moment = datetime.datetime.fromtimestamp(fact["at_ms"] / 1000, datetime.UTC)
    utc = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = {"n": n, "media_ms": fact["at_ms"], "utc": utc, "event": name, "role": fact["role"]}
    said |= {"venue": fact["venue"]} if fact.get("venue") else {}
    return said | ({"reason": fact["event"]["reason"]} if fact["event"].get("reason") else {})
