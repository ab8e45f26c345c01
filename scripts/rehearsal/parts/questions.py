"""Both halls and people online ask and vote; web is killed meanwhile; one question goes on air, its asker on stage."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from scripts.rehearsal.audience import ASKED_EACH, Acknowledged, Asker, asking, audience
from scripts.rehearsal.hall import Hall
from scripts.rehearsal.house import Guest, House
from scripts.rehearsal.loops import Film
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.parts import Findings, Part
from scripts.rehearsal.person import Person
from scripts.rehearsal.verdict import Questions, faults_of_questions

PATIENCE_S: Final = 20.0
"""Until something never comes: simulated screens decode everything on one machine, and may be seconds late."""
ASKING_S: Final = 60.0
"""All questions and votes, with a kill between them."""
WINDOW: Final = 50
RULES: Final = {"type": "qa.configure", "cooldown_s": 0, "cap": 100}
"""Nobody waits between two questions of a rehearsal."""


async def play(house: House, findings: Findings) -> None:
    """Ask, vote and moderate through a kill; then one on air, one on stage; then count."""
    links = await house.node.links()
    film = await asyncio.to_thread(Film, len(house.halls))
    async with (
        Person(house.node, _first(links, "organiser"), "Olga") as organiser,
        Person(house.node, _first(links, "moderator"), "Mei") as moderator,
        audience(house.node, links) as (askers, acknowledged),
    ):
        await _done(organiser, RULES)
        house.say(f"{len(askers)} people ask and vote")
        kill_ms = await _through_a_kill(house, moderator, askers, acknowledged)
        house.say("everybody was answered" + ("" if kill_ms is None else f"; {kill_ms:.0f} ms after the kill again"))
        await _moderate(moderator)
        asker = askers[-1]
        chosen = next(id for id in moderator.view["qa"]["queue"] if id in asker.mine["qa"]["asked"])
        on_air_ms = await _on_air(house, moderator, chosen)
        on_stage_ms = await _on_stage(house, asker, chosen, film)
        asked = await _counted(organiser, askers, acknowledged.texts, kill_ms, on_air_ms, on_stage_ms)
        house.say(f"{asked.found} of {asked.acknowledged} questions found, {asked.doubled} doubled")
        findings.questions = asked
        findings.failures += [refusal for each in askers for refusal in each.refused] + faults_of_questions(asked)


async def _through_a_kill(
    house: House, moderator: Person, askers: list[Asker], acknowledged: Acknowledged
) -> float | None:
    """Everybody asks, the moderator publishes; web is killed in the middle of it. ms until it answers again."""
    everybody = asyncio.create_task(asking(askers))
    publishing = asyncio.create_task(_publish(moderator))
    try:
        async with asyncio.timeout(ASKING_S):
            half = len(askers) * ASKED_EACH // 2
            killed = await _kill(house, house.node, askers[0], half) if isinstance(house.node, OwnNode) else None
            await everybody
            await moderator.until(lambda view: _in_all(view) >= len(acknowledged.texts) and not _waiting(view))
    finally:
        publishing.cancel()
        everybody.cancel()
        await asyncio.gather(publishing, everybody, return_exceptions=True)
    return killed


async def _kill(house: House, node: OwnNode, asker: Asker, count: int) -> float:
    """Kill web once so many questions are acknowledged, start it again; ms until one asked after the kill is."""
    await asker.acknowledged.reach(count)
    before = len(asker.acknowledged.texts)
    node.kill("web")
    at_s = asyncio.get_running_loop().time()
    node.launch("web")
    house.say(f"web killed after {before} acknowledged questions")
    await asker.insist({"type": "qa.vote", "question": "q1", "on": True})
    return round(1000 * (asyncio.get_running_loop().time() - at_s), 1)


async def _publish(moderator: Person) -> None:
    """Publish what comes in, as it was read."""
    while True:
        await moderator.until(lambda view: bool(_waiting(view)))
        waiting, items = _waiting(moderator.view), moderator.view["qa"]["items"]
        read = [{"type": "qa.publish", "question": id, "seen": items[id]["rev"]} for id in waiting]
        await asyncio.gather(*(moderator.insist(each) for each in read))
        await moderator.until(partial(_have_moved, waiting))


def _waiting(view: Mapping[str, Any]) -> list[str]:
    return list(view["qa"]["columns"]["submitted"]["ids"])


def _in_all(view: Mapping[str, Any]) -> int:
    return sum(column["count"] for column in view["qa"]["columns"].values())


def _have_moved(ids: list[str], view: Mapping[str, Any]) -> bool:
    return not set(ids) & set(_waiting(view))


async def _moderate(moderator: Person) -> None:
    """One declined, two merged, one translated, one shortlisted; the queue in turns between halls and languages."""
    declined, merged, into, translated = moderator.view["qa"]["queue"][-4:]
    await _done(moderator, {"type": "qa.claim", "question": declined})
    await _done(moderator, {"type": "qa.decline", "question": declined, "reason": "no_time", "note": "Später"})
    await _done(moderator, {"type": "qa.merge", "question": merged, "into": into})
    language = "fr"
    await _done(moderator, {"type": "qa.translate", "question": translated, "language": language, "text": "Quand ?"})
    await _done(moderator, {"type": "qa.shortlist", "question": translated})
    await _done(moderator, {"type": "qa.turns", "by": "both"})


async def _on_air(house: House, moderator: Person, question: str) -> dict[str, float | None]:
    """Put it on air; ms until each guest's page shows it."""
    began_s = asyncio.get_running_loop().time()
    await _done(moderator, {"type": "qa.air", "question": question})

    async def shown(guest: Guest) -> None:
        await guest.person.until(lambda view: view["qa"].get("on_air") == question)

    return await _each(house.guests, shown, began_s)


async def _on_stage(house: House, asker: Asker, question: str, film: Film) -> dict[str, float | None]:
    """Ask the asker, who agrees and sends; bring them on stage, and back; ms until each screen shows them."""
    await _done(house.director, {"type": "qa.invite", "question": question})
    async with asyncio.timeout(PATIENCE_S):
        await asker.told(lambda mine: mine["qa"].get("stage", {}).get("step") == "invited")
        await _done(asker, {"type": "qa.consent", "question": question, "yes": True})
        await asker.told(lambda mine: mine["qa"].get("stage", {}).get("step") == "agreed")
    source = asker.mine["qa"]["stage"]["source"]
    async with _sending(house, asker, source, film) as guest:
        began_s = asyncio.get_running_loop().time()
        await _done(house.director, {"type": "qa.bring", "question": question})

        async def shown(viewer: Guest) -> None:
            while viewer.viewer.eyes.last_s.get(source, 0.0) <= began_s:
                await viewer.viewer.eyes.news()

        times = await _each(house.guests, shown, began_s)
        house.say(f"{source} on stage, {guest.frames_sent} frames sent")
        await _done(house.director, {"type": "qa.send_back", "question": question})

        async def gone(viewer: Guest) -> None:
            await viewer.person.until(lambda view: source not in viewer.person.expected())

        left = await _each(house.guests, gone, asyncio.get_running_loop().time())
        return {name: None if left[name] is None else ms for name, ms in times.items()}


@asynccontextmanager
async def _sending(house: House, asker: Asker, source: str, film: Film) -> AsyncIterator[Hall]:
    """The asker's camera, by the token and the cookie of their page; every screen can read its frames."""
    url = asker.entry["whep"].replace("/whep/", "/whip/")
    guest = Hall(asker.http, source, url, asker.link.token, film)
    house.halls.append(guest)
    try:
        await guest.publish()
        yield guest
    finally:
        await guest.stop()
        house.halls.remove(guest)


async def _each(
    guests: list[Guest], seen: Callable[[Guest], Awaitable[None]], began_s: float
) -> dict[str, float | None]:
    """ms from `began_s` until it holds for each guest; None: never."""
    loop = asyncio.get_running_loop()

    async def one(guest: Guest) -> float | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await seen(guest)
        except TimeoutError:
            return None
        return round(1000 * (loop.time() - began_s), 1)

    times = await asyncio.gather(*(one(guest) for guest in guests))
    return {guest.name: ms for guest, ms in zip(guests, times, strict=True)}


async def _counted(
    organiser: Person,
    askers: list[Asker],
    acknowledged: list[str],
    kill_ms: float | None,
    on_air_ms: dict[str, float | None],
    on_stage_ms: dict[str, float | None],
) -> Questions:
    """Hold what was acknowledged beside what stands in the room."""
    rows = await _all(organiser)
    there = Counter(row["text"] for row in rows.values())
    return Questions(
        askers=len(askers),
        languages=sorted({row["lang"] for row in rows.values()}),
        acknowledged=len(acknowledged),
        found=sum(text in there for text in acknowledged),
        doubled=sum(count - 1 for count in there.values()),
        votes_acknowledged=sum(len(asker.voted) for asker in askers),
        votes_found=sum(len(asker.voted & _voted(asker, rows)) for asker in askers),
        kill_ms=kill_ms,
        on_air_ms=on_air_ms,
        on_stage_ms=on_stage_ms,
    )


def _voted(asker: Asker, rows: Mapping[str, Any]) -> set[str]:
    """The questions that the server says this person voted for; a merged one's vote stands at the other."""
    votes = asker.mine["qa"]["votes"]
    return {id for id, row in rows.items() if id in votes or row.get("into") in votes}


async def _all(organiser: Person) -> dict[str, Any]:
    """Every question of the room by id, window by window."""
    rows: dict[str, Any] = {}
    while True:
        query = {"type": "qa.find", "order": "time", "start": len(rows), "count": WINDOW}
        found = (await organiser.read(query))["found"]
        rows |= found["items"]
        if not found["ids"] or len(rows) >= found["total"]:
            return rows


async def _done(person: Person, command: Mapping[str, Any]) -> None:
    """Send it; what is refused ends the part in words."""
    answer = await person.insist(command)
    if "refused" in answer:
        raise TimeoutError(f"{command['type']} of {person.name} was refused: {answer['refused']}")


def _first(links: list[Link], role: str) -> Link:
    return next(link for link in links if link.role == role)


PART = Part(place=40, play=play)
