"""All that the conference signs: tablets in each hall open at one instant; web is killed in the middle of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, closing
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from rooms.ceremony.events import SignatureCleared, Signed
from rooms.ceremony.rules import AWAKE_MS
from rooms.journal import decode
from rooms.kernel import ConferenceId
from scripts.rehearsal.house import House
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.paper import paper
from scripts.rehearsal.parts import Findings, Part
from scripts.rehearsal.person import Person
from scripts.rehearsal.tablet import STAND_BY_S, Strokes, Tablet
from scripts.rehearsal.verdict import Ceremony, ages, faults_of_ceremony
from server.journal.sqlite import connect, read_entries
from server.records.verdict import Status, said
from server.records.verify import verify

PATIENCE_S: Final = 30.0
AGAIN_S: Final = 0.5
SEALING_S: Final = 90.0
"""From one record to the next: certificates are drawn and sealed on a machine that does all the rest too."""
LEAD_MS: Final = 1000
WRONG_MS: Final = (0.0, 86_400_000.0, -3_600_000.0, 40_000.0)
"""How wrong the tablets' own clocks are: one by a day."""
ENTRIES_MAX: Final = 1_000_000
UNVEILING: Final = "unveiling"
INITIATIVE: Final = "initiative"
LANGUAGES: Final = ("zh", "de")
NAME: Final = "Probe {act} {party}"

Key = tuple[str, int, int]
"""One signature: act, take, party."""


class Table:
    """Who holds the ceremony, and what was acknowledged to whom."""

    def __init__(self, house: House, officer: Person, tablets: dict[str, Tablet]) -> None:
        self.house = house
        self.officer = officer
        self.tablets = tablets
        self.acknowledged: set[Key] = set()
        self.skews_ms: list[float] = []
        self.refused: list[str] = []
        self.kill_ms: float | None = None

    async def order(self, verb: str, act: str, **fields: Any) -> None:
        """The officer does it; what is refused ends the part in words."""
        answer = await self.officer.insist({"type": f"ceremony.{verb}", "act": act, **fields})
        if "refused" in answer:
            raise TimeoutError(f"ceremony.{verb} of {act} was refused: {answer['refused']} {answer.get('params')}")

    def seen(self, act: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.officer.view["ceremony"]["acts"][act]
        return found

    async def until(self, act: str, *steps: str) -> None:
        await self.officer.until(lambda view: view["ceremony"]["acts"][act]["step"] in steps)

    async def hold(self, act: str, *, kill: bool) -> None:
        """One act from its locking to its seal."""
        for verb in ("lock", "seat"):
            await self.order(verb, act)
        for venue in dict.fromkeys(party["venue"] for party in self.seen(act)["parties"]):
            await self.order("ready", act, venue=venue, on=True)
        await self.until(act, "ready")
        parties = [self.tablets[party["seat"]] for party in self.seen(act)["parties"]]
        await asyncio.gather(*(tablet.confirm(act) for tablet in parties))
        await self.officer.until(lambda view: all(_is_awake(view, tablet) for tablet in parties))
        await self.order("arm", act)
        opening = asyncio.gather(*(tablet.open(act) for tablet in parties))
        await self.order("go", act, lead_ms=LEAD_MS)
        await opening
        opened_s = [tablet.opened_s[act] for tablet in parties]
        self.skews_ms.append(1000 * (max(opened_s) - min(opened_s)))
        if self.seen(act)["kind"] == UNVEILING:
            await asyncio.gather(*(tablet.press(act) for tablet in parties))
        else:
            await self._signed(act, parties, kill=kill)
        await self.until(act, "unveiled")
        await self.order("seal", act)
        self.house.say(f"{act}: {len(parties)} parties, pads opened within {self.skews_ms[-1]:.1f} ms")

    async def _signed(self, act: str, parties: list[Tablet], *, kill: bool) -> None:
        """All draw and sign, perhaps through a kill; then what they signed is handed over and shown."""
        drawn = await asyncio.gather(*(tablet.draw(act) for tablet in parties))
        signatures = zip(parties, drawn, strict=True)
        signing = [asyncio.create_task(self._sign(tablet, act, strokes)) for tablet, strokes in signatures]
        if kill and isinstance(self.house.node, OwnNode):
            self.kill_ms = await self._kill(self.house.node, signing)
        await asyncio.gather(*signing)
        await self.until(act, "signed")
        if self.seen(act)["kind"] == INITIATIVE:
            await self.order("join", act, names={"en": "A park that joins"})
        else:
            await self.order("exchange", act)
        await self.order("unveil", act)

    async def _sign(self, tablet: Tablet, act: str, strokes: Strokes) -> None:
        place = tablet.place(act, tablet.mine["ceremony"]["party"])
        answer = await tablet.sign(act, strokes)
        if "seq" in answer:
            self.acknowledged.add((act, place["take"], place["party"]))
        else:
            self.refused.append(f"{tablet.name} was refused: {answer['refused']}")

    async def _kill(self, node: OwnNode, signing: list[asyncio.Task[None]]) -> float:
        """Kill web while signatures are on their way, start it again; ms until all of them are answered."""
        await asyncio.wait(signing, return_when=asyncio.FIRST_COMPLETED, timeout=0.02)
        node.kill("web")
        began_s = time.monotonic()
        node.launch("web")
        self.house.say("web killed while parties sign")
        await asyncio.gather(*signing)
        return round(1000 * (time.monotonic() - began_s), 1)


def _is_awake(view: Mapping[str, Any], tablet: Tablet) -> bool:
    """As the officer's desk shows it; a web process that came back learns it within seconds."""
    seen_ms = view["ceremony"]["seats"][tablet.seat].get("awake_ms", 0)
    return bool(tablet.now_ms() - seen_ms < AWAKE_MS - 1000 * STAND_BY_S)


async def play(house: House, findings: Findings) -> None:
    """Every act of the programme in its order; then count, fetch the records."""
    links = await house.node.links()
    async with AsyncExitStack() as stack:
        organiser = await stack.enter_async_context(Person(house.node, _first(links, "organiser"), "Olga"))
        officer = await stack.enter_async_context(Person(house.node, _first(links, "protocol_officer"), "Petra"))
        pads = [link for link in links if link.role == "signatory"]
        tablets = [Tablet(house.node, link, link.name or "", WRONG_MS[n % 4]) for n, link in enumerate(pads)]
        for tablet in tablets:
            await stack.enter_async_context(tablet)
            await tablet.told(lambda mine: "seat" in mine)
        table = Table(house, officer, {tablet.seat: tablet for tablet in tablets})
        late_ms = _lateness(house, tablets[0])
        acts = sorted(officer.view["ceremony"]["acts"], key=lambda id: officer.view["ceremony"]["acts"][id]["order"])
        await _lay_before(house, organiser, {id: officer.view["ceremony"]["acts"][id] for id in acts})
        house.say(f"{len(acts)} acts, {len(tablets)} tablets stand by")
        for number, act in enumerate(acts):
            async with asyncio.timeout(PATIENCE_S * 2):
                await table.hold(act, kill=number == len(acts) // 2)
        records = await _records(house, organiser, acts)
        seen = await _counted(house, table, acts, records, late_ms, tablets)
        house.say(f"{seen.found} of {seen.acknowledged} signatures found, {seen.doubled} doubled, {records} records")
        findings.ceremony = seen
        findings.failures += [*table.refused, *faults_of_ceremony(seen)]
        if house.out is not None:
            findings.failures += await asyncio.to_thread(_damages, house.out, house.node.conference)


async def _lay_before(house: House, organiser: Person, acts: Mapping[str, Any]) -> None:
    """The first act's document in two languages, and every signatory's name."""
    for language in LANGUAGES:
        url = f"{house.node.url}/{house.node.conference}/documents/{next(iter(acts))}/{language}"
        headers = {"Authorization": f"Bearer {organiser.link.token}", "Content-Type": "application/pdf"}
        async with organiser.http.post(url, data=paper(f"Rehearsal, {language}"), headers=headers) as answer:
            if answer.status != HTTPStatus.OK:
                raise TimeoutError(f"the document in {language} was refused: {await answer.text()}")
    for id, act in acts.items():
        for party in range(len(act["parties"])):
            name = NAME.format(act=id, party=party + 1)
            await organiser.insist({"type": "ceremony.name", "act": id, "party": party, "name": name})


def _lateness(house: House, clock: Tablet) -> list[float]:
    """How old each point is when a page hears of it first, ms: every wall's and guest's; grows while they draw."""
    late_ms: list[float] = []
    for guest in house.guests:
        guest.person.hear("ink", _watching(clock, late_ms))
    return late_ms


def _watching(clock: Tablet, late_ms: list[float]) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
    """What one page does with ink. A point that comes again is no news, as on the page's canvas."""
    known: Counter[tuple[Any, ...]] = Counter()

    async def came(ink: Mapping[str, Any]) -> None:
        if not ink.get("points"):
            return
        stroke = tuple(ink[name] for name in ("act", "take", "party", "stroke"))
        fresh = ink["points"][max(0, known[stroke] - ink["from"]) :]
        late_ms.extend(clock.now_ms() - point[3] for point in fresh)
        known[stroke] = max(known[stroke], ink["from"] + len(ink["points"]))

    return came


async def _records(house: House, organiser: Person, acts: list[str]) -> int:
    """How many records were made; they are copied to the folder that the command line names."""
    made: list[str] = []

    def is_further(view: Mapping[str, Any]) -> bool:
        return len(_recorded(view, acts)) > len(made)

    with contextlib.suppress(TimeoutError):
        while len(made) < len(acts):
            async with asyncio.timeout(SEALING_S):
                await organiser.until(is_further)
            made = _recorded(organiser.view, acts)
    if house.out is not None:
        items = {organiser.view["ceremony"]["acts"][act]["item"] for act in made}
        wanted = [*made, *(f"ceremony/{item}" for item in sorted(items) if len(made) == len(acts))]
        for record in wanted:
            await _fetch(house, organiser, record, house.out)
    return len(made)


def _recorded(view: Mapping[str, Any], acts: list[str]) -> list[str]:
    return [act for act in acts if "record" in view["ceremony"]["acts"][act]]


async def _fetch(house: House, organiser: Person, record: str, folder: Path) -> None:
    """The sealed file under the name that its record bears; one that is being made yet is waited for."""
    url = f"{house.node.url}/{house.node.conference}/records/{record}.pdf"
    file = folder / f"{house.node.conference}-{record.replace('/', '-')}.pdf"
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with organiser.http.get(url, headers={"Authorization": f"Bearer {organiser.link.token}"}) as answer:
                if answer.status == HTTPStatus.OK:
                    await asyncio.to_thread(file.write_bytes, await answer.read())
                    return
            await asyncio.sleep(AGAIN_S)


def _damages(folder: Path, conference: str) -> list[str]:
    """What `scripts/verify` would say of the files that were taken home, if anything is wrong with them."""
    files = [(file.name, file.read_bytes()) for file in sorted(folder.glob(f"{conference}-*.pdf"))]
    checked = [each for each in verify(files) if each.status != Status.WHOLE]
    return list(said(checked))


async def _counted(
    house: House, table: Table, acts: list[str], records: int, late_ms: list[float], tablets: list[Tablet]
) -> Ceremony:
    """Hold what was acknowledged beside what the journal has."""
    there = await asyncio.to_thread(_signatures, house)
    echo_ms = [each for tablet in tablets for each in tablet.echo_ms]
    return Ceremony(
        projects=len(acts),
        signed=sum(table.seen(act)["step"] in ("signed", "exchanged", "unveiled", "sealed") for act in acts),
        acknowledged=len(table.acknowledged),
        found=sum(there[key] > 0 for key in table.acknowledged),
        doubled=sum(count - 1 for count in there.values() if count > 1),
        skew_ms=round(max(table.skews_ms), 1),
        records=records,
        kill_ms=table.kill_ms,
        ink_ms=ages(late_ms),
        echo_ms=ages(echo_ms),
    )


def _signatures(house: House) -> Counter[Key]:
    """How often each signature stands in the journal; one that was cleared does not count."""
    with closing(connect(house.node.data / "journal.db", readonly=True)) as connection:
        bodies = read_entries(connection, ConferenceId(house.node.conference), 0, ENTRIES_MAX)
    found: Counter[Key] = Counter()
    for event in (event for body in bodies for event in decode(body)[0].events):
        if isinstance(event, Signed):
            found[event.act, event.take, event.party] += 1
        elif isinstance(event, SignatureCleared):
            found[event.act, event.take, event.party] -= 1
    return found


def _first(links: list[Link], role: str) -> Link:
    return next(link for link in links if link.role == role)


PART = Part(place=50, play=play)
