"""What can be read of an act from the last row of a hall, and what its pictures have of the wall."""

from __future__ import annotations

from typing import Final

from playwright.async_api import Page

SEEN: Final = """() => {
  const said = [...document.querySelectorAll(".act-party, .act-title, .act-state")];
  const small = said.filter((one) => Number.parseFloat(getComputedStyle(one).fontSize) < innerHeight / 20);
  const below = (one) => Number.parseFloat(getComputedStyle(one).fontSize) / 3;
  const cut = [...said, document.querySelector(".act-body")].filter((one) => (
    one.scrollWidth > one.clientWidth || one.scrollHeight - one.clientHeight > below(one)));
  const pictures = [...document.querySelectorAll(".wall-screen .tile:not([data-off])")];
  const area = pictures.reduce((sum, one) => sum + one.offsetWidth * one.offsetHeight, 0);
  return {
    small: small.map((one) => one.textContent), cut: cut.map((one) => one.textContent),
    share: area / (innerWidth * innerHeight),
  };
}"""
STANDS: Final = """async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  await Promise.allSettled(document.getAnimations().map((one) => one.finished));
}"""
"""Pictures that move to another place have come there."""
UNDER_THE_PROMPT: Final = """() => {
  const asks = document.querySelector(".wall-ask").getBoundingClientRect();
  const read = document.querySelectorAll(".wall-screen, .act-head, .wall-clocks");
  return [...read].filter((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return top < asks.bottom - 1 && bottom > asks.top + 1;
  }).map((one) => `${one.className} ends at ${one.getBoundingClientRect().bottom}, the prompt begins at ${asks.top}`);
}"""


async def sounds(wall: Page) -> None:
    """A wall that asks for a key hides nothing that is read; then one is pressed."""
    prompt = wall.locator(".wall-ask:not([data-quiet])")
    if await prompt.is_visible():
        under = await wall.evaluate(UNDER_THE_PROMPT)
        assert under == [], under
    await wall.keyboard.press("Shift")
    await prompt.wait_for(state="hidden")


async def from_the_last_row(wall: Page, least: float) -> None:
    """No word is cut or below 1/20 of the wall's height, and pictures have at least this share of the wall."""
    await wall.evaluate(STANDS)
    seen = await wall.evaluate(SEEN)
    assert (seen["small"], seen["cut"]) == ([], []), seen
    assert seen["share"] >= least, seen
