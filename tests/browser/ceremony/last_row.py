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


async def from_the_last_row(wall: Page, least: float) -> None:
    """No word is cut or below 1/20 of the wall's height, and pictures have at least this share of the wall."""
    seen = await wall.evaluate(SEEN)
    assert (seen["small"], seen["cut"]) == ([], []), seen
    assert seen["share"] >= least, seen
