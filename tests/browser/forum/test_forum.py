"""The forum's own letters, report and initiative, by tablets, walls and a guest at home."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from scripts.rehearsal.node import Link
from tests.browser.conftest import join, link_of
from tests.browser.looks import axe_faults, shoot
from tests.browser.pages import Watch, Watched
from tests.browser.signing import Pad, Protocol


async def test_letters_are_handed_over_a_report_is_unveiled_and_a_park_joins_the_initiative(
    eye: Watch, browser: Browser, doors: list[Link], protocol: Protocol, pads: dict[str, Pad],
    walls: dict[str, Watched], shots: Path,
) -> None:  # fmt: skip
    guest = await join(eye, browser, link_of(doors, "attendee"), "Léa", locale="fr-FR")
    screens = [*(wall.page for wall in walls.values()), guest.page]

    signers = await signed(protocol, pads, "letters")
    assert len(signers) == 4
    for screen in screens:
        await expect(screen.locator(".act[data-kind=appointment] .act-field[data-signed]")).to_have_count(4)
    await expect(guest.page.locator(".act-title")).to_have_text("Lettres de nomination")
    await protocol.ends("letters")
    for screen in screens:
        await expect(screen.locator(".act[data-kind=appointment] .seal")).to_be_visible()
    await looked_at(screens, shots, "letters")

    hands = await protocol.seated("report", pads)
    await protocol.goes("report")
    for pad in hands:
        await pad.phase("press")
    await shoot(hands[0].page, shots / "pad-en-press.png")
    await hands[0].page.locator("[data-act=press]").click()
    for screen in screens:
        await expect(screen.locator(".veil:not([data-open]) .veil-half[data-pressed]")).to_have_count(1)
    await looked_at(screens, shots, "veil")
    await hands[1].page.locator("[data-act=press]").click()
    for screen in screens:
        await expect(screen.locator(".veil[data-open] .veil-title")).to_be_visible()
    seen_ms = protocol.act("report")["reveal_ms"]
    assert set(seen_ms) == {*walls, "remote"}
    await looked_at(screens, shots, "unveiled")
    await protocol.does("seal", "report")

    launchers = await signed(protocol, pads, "initiative")
    park = next(pad for pad in pads.values() if pad not in launchers).page
    await park.locator("#joining-name").fill("Park of Taicang")
    await park.locator(".joining button").click()
    await expect(park.locator(".joining-said")).to_contain_text("Thank you")
    await protocol.officer.until(lambda view: bool(view["ceremony"]["acts"]["initiative"].get("members")))
    for screen in screens:
        await expect(screen.locator(".members-count")).to_have_text("0")
    await protocol.does("admit", "initiative", member="m1", on=True)
    for screen in screens:
        await expect(screen.locator(".members-count")).to_have_text("1")
        await expect(screen.locator(".members-last")).to_have_text("Park of Taicang")
    await looked_at(screens, shots, "initiative")


async def signed(protocol: Protocol, pads: dict[str, Pad], act: str) -> list[Pad]:
    """Every party of the act signs when the pads open. Their pads."""
    signers = await protocol.seated(act, pads)
    await protocol.goes(act)
    for pad in signers:
        await pad.phase("sign")
    await asyncio.gather(*(pad.sign(number) for number, pad in enumerate(signers)))
    await protocol.until(act, "signed")
    return signers


async def looked_at(screens: list[Page], shots: Path, what: str) -> None:
    """Shots of the far hall's wall and of the guest's page, and what axe finds there."""
    for place, page in zip(("wall", "stage-fr"), screens[1:], strict=True):
        await shoot(page, shots / f"{place}-{what}.png")
        assert await axe_faults(page) == []
