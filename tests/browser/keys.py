"""A page by its keys alone."""

from __future__ import annotations

from playwright.async_api import Page

STEPS_MAX = 80
FOCUSED = "selector => document.activeElement?.matches(selector) ?? false"
SHOWN = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" || style.boxShadow !== "none";
}"""


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus stands on `selector`, and see that the focus shows."""
    for _ in range(STEPS_MAX):
        await page.keyboard.press("Tab")
        if await page.evaluate(FOCUSED, selector):
            assert await page.evaluate(SHOWN), f"the focus on {selector} cannot be seen"
            return
    raise AssertionError(f"{selector} is not reached by {STEPS_MAX} presses of Tab")


async def press(page: Page, selector: str, key: str = "Enter") -> None:
    """Walk to `selector` and press `key` there."""
    await tab_to(page, selector)
    await page.keyboard.press(key)
