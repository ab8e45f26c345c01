"""Tablets on signing tables: pages of signatories, and hands that draw on them with a pen's pressure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Browser, Page, expect

from scripts.rehearsal.node import Link
from scripts.rehearsal.person import Person
from tests.browser.pages import Watch, Watched

TABLET: Final = {"width": 1180, "height": 820}
A_DAY_AHEAD: Final = """(() => {
  const [now, origin] = [Date.now.bind(Date), performance.timeOrigin];
  Date.now = () => now() + 86_400_000;
  Object.defineProperty(performance, "timeOrigin", { get: () => origin + 86_400_000 });
})();"""
"""A tablet whose own clock is a day ahead."""
DRAWN: Final = """() => {
  globalThis.drawn = [];
  globalThis.drawing?.disconnect();
  globalThis.drawing = new MutationObserver((changes) => changes.forEach(({ target }) => {
    drawn.push([Date.now(), Number(target.dataset.drawnMs)]);
  }));
  drawing.observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-drawn-ms"] });
}"""
"""From now on a screen notes when it draws, and the time of the last point that is drawn then, ms. All clocks are this
machine's."""
POINTS: Final = 40
"""of a stroke that is measured: the browser takes one each frame."""
DRAWN_POINTS: Final = 16
SHORT_POINTS: Final = 4
"""of a stroke in whose looks nobody is interested: each point is an order to the browser."""


def strokes(seed: int, points: int) -> Iterator[list[tuple[float, float, float]]]:
    """A hand in three strokes: x and y as shares of the field, and pressure."""
    for number in range(3):
        left = 0.1 + 0.26 * number
        yield [
            (
                left + 0.22 * share + 0.01 * math.sin(9 * share + seed),
                0.6 - 0.25 * math.sin((2 + number) * math.pi * share + seed) * (1 - share / 2),
                0.25 + 0.6 * abs(math.cos(3 * share + seed)),
            )
            for share in (n / points for n in range(points))
        ]


async def draw(page: Page, seed: int, count: int = 3, points: int = DRAWN_POINTS) -> None:
    """Draw the first `count` strokes on the pad's line, with a pen."""
    box = await page.locator(".pad-field").bounding_box()
    assert box is not None, "the line is not there"
    devtools = await page.context.new_cdp_session(page)

    async def pen(kind: str, point: tuple[float, float, float]) -> None:
        x, y, force = point
        place = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        held = {"button": "left", "buttons": 1, "pointerType": "pen", "force": force}
        await devtools.send("Input.dispatchMouseEvent", {"type": kind, **place, **held})

    for stroke in list(strokes(seed, points))[:count]:
        await pen("mousePressed", stroke[0])
        for point in stroke[1:]:
            await pen("mouseMoved", point)
        await pen("mouseReleased", stroke[-1])
    await devtools.detach()


@dataclass
class Pad:
    """A signatory's tablet."""

    seat: str
    watched: Watched

    @property
    def page(self) -> Page:
        return self.watched.page

    async def phase(self, name: str, timeout_ms: int = 15_000) -> None:
        await expect(self.page.locator(".pad")).to_have_attribute("data-phase", name, timeout=timeout_ms)

    async def confirm(self) -> None:
        await self.page.locator("[data-act=confirm]").click()

    async def strokes(self) -> list[list[list[float]]]:
        """What the hand has drawn, as the tablet keeps it until it is acknowledged: points [x, y, pressure, ms]."""
        kept = "() => Object.entries(localStorage).find(([key]) => key.startsWith('twinhall-ink'))?.[1] ?? '{}'"
        drawn: list[list[list[float]]] = json.loads(await self.page.evaluate(kept)).get("strokes", [])
        return drawn

    async def sign(self, seed: int, count: int = 3, points: int = DRAWN_POINTS) -> None:
        """Draw, and say that it is the signature."""
        await draw(self.page, seed, count, points)
        await self.page.locator("[data-act=give]").click()


async def open_pad(watch: Watch, browser: Browser, link: Link, *, script: str = "", **options: object) -> Pad:
    """Open a tablet's page; `script` runs before everything else."""
    context = await watch.context(browser, **({"viewport": TABLET, "has_touch": True} | options))
    if script:
        await context.add_init_script(script)
    watched = await watch.page(context, link.url)
    await watched.page.locator(".pad[data-phase]:not([data-phase=loading])").wait_for()
    seat = (link.name or "").lower().replace(" ", "-")
    return Pad(seat, watched)


class Protocol:
    """The protocol officer's and the organiser's hands, by the sockets that their pages use."""

    def __init__(self, officer: Person, organiser: Person) -> None:
        self.officer = officer
        self.organiser = organiser

    async def does(self, verb: str, act: str, **more: object) -> None:
        answer = await self.officer.command({"type": f"ceremony.{verb}", "act": act, **more})
        assert "seq" in answer, (verb, act, answer)

    async def drafts(self, act: str, kind: str, **more: object) -> None:
        """A new act of two parties, one in each hall."""
        parties = [
            {"venue": "changzhou", "names": {"en": "Hall of Changzhou", "zh": "常州", "de": "Saal Changzhou"}},
            {"venue": "frankfurt", "names": {"en": "Hall of Frankfurt", "zh": "法兰克福", "de": "Saal Frankfurt"}},
        ]
        whole = {"type": "ceremony.draft", "act": act, "kind": kind, "item": "projects", "title": {"en": act.title()}}
        answer = await self.organiser.command({**whole, "parties": parties, **more})
        assert "seq" in answer, (act, answer)
        await self.officer.until(lambda view: act in view["ceremony"]["acts"])

    async def seats(self, act: str) -> None:
        """Locked, seated by precedence; every hall concerned is ready."""
        await self.does("lock", act)
        await self.does("seat", act)
        for venue in dict.fromkeys(party["venue"] for party in self.act(act)["parties"]):
            await self.does("ready", act, venue=venue, on=True)
        await self.officer.until(lambda view: view["ceremony"]["acts"][act]["step"] == "ready")

    async def goes(self, act: str, lead_ms: int = 500) -> None:
        await self.does("arm", act)
        await self.does("go", act, lead_ms=lead_ms)

    async def ends(self, act: str) -> None:
        """What was signed is exchanged, shown and sealed; the table is free again."""
        for verb in ("exchange", "unveil", "seal"):
            await self.does(verb, act)

    def act(self, act: str) -> Mapping[str, Any]:
        return dict(self.officer.view["ceremony"]["acts"][act])

    async def until(self, act: str, step: str) -> None:
        await self.officer.until(lambda view: view["ceremony"]["acts"][act]["step"] == step)

    async def seated(self, act: str, pads: Mapping[str, Pad]) -> list[Pad]:
        """Seat the act; its tablets in the order of its parties, each confirmed by who sits there."""
        await self.seats(act)
        signers = [pads[party["seat"]] for party in self.act(act)["parties"]]
        for pad in signers:
            await expect(pad.page.locator(".pad-title")).to_have_text(self.act(act)["title"]["en"])
            await pad.confirm()
            await pad.phase("stand-by")
        return signers
