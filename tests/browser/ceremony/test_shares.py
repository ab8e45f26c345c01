"""However many sign, and in however many halls: a wall's pictures keep their share, its names their size."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser

from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.ceremony.last_row import from_the_last_row, sounds
from tests.browser.conftest import HALLS, link_of
from tests.browser.looks import LANGUAGES, shoot
from tests.browser.pages import Watch

WALL: Final = {"width": 1920, "height": 1080}
SIX: Final = {
    "en": ["Changzhou Municipal People's Government", "German Chamber of Commerce in China", "Commerzbank",
           "Sino-German (Changzhou) Innovation Park", "SVOLT Energy Technology Co., Ltd.",
           "North Rhine-Westphalia Trade & Investment Agency"],
    "zh": ["常州市人民政府", "中国德国商会", "德国商业银行", "中德常州创新产业园", "蜂巢能源科技股份有限公司",
           "北威州国际商务署"],
    "de": ["Volksregierung der Stadt Changzhou", "Deutsche Handelskammer in China", "Commerzbank",
           "Deutsch-Chinesischer Innovationspark Changzhou", "SVOLT Energy Technology GmbH",
           "Wirtschaftsförderungsgesellschaft Nordrhein-Westfalen"],
    "fr": ["Gouvernement populaire municipal de Changzhou", "Chambre de commerce allemande en Chine", "Commerzbank",
           "Parc d'innovation sino-allemand de Changzhou", "SVOLT Energy Technology SARL",
           "Agence de commerce et d'investissement de Rhénanie-du-Nord"],
}  # fmt: skip
TITLE: Final = {
    "en": "Memorandum of cooperation", "zh": "合作备忘录", "de": "Absichtserklärung zur Zusammenarbeit",
    "fr": "Mémorandum de coopération",
}  # fmt: skip
SHOW: Final = """async ([language, title, names]) => {
  const root = new URL(".", document.querySelector("script[type=module]").src);
  const { I18n } = await import(new URL("../lib/i18n.js", root));
  const { Inks } = await import(new URL("../lib/inks.js", root));
  const { ActSheet } = await import(new URL("signing.js", root));
  const i18n = new I18n(language);
  await i18n.set(language);
  const parties = names.map((each) => ({ venue: "changzhou", names: each }));
  const act = { id: "six", kind: "signing", title, parties, step: "signing", take: 1, opens_ms: 1 };
  const page = { i18n, t: i18n.t, words: i18n.words, store: { view: {} } };
  const sheet = new ActSheet(page, new Inks(), "changzhou", "ledger");
  const section = document.querySelector(".ceremony").cloneNode();
  section.hidden = false;
  section.dataset.part = "act";
  section.append(sheet.element);
  document.querySelector(".ceremony").replaceWith(section);
  sheet.draw(act, Date.now());
  await document.fonts.ready;
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
}"""
"""On the wall's own page six parties sign, in the place of what the conference shows."""


@pytest.mark.parametrize(("several", "least"), [(False, 0.36), (True, 0.4)])
async def test_six_parties_leave_the_pictures_their_share_of_a_wall(
    room: OwnNode, eye: Watch, browser: Browser, doors: list[Link], shots: Path, several: bool, least: float
) -> None:
    wall = (await eye.open(browser, link_of(doors, "wall", HALLS[0]).url, viewport=WALL)).page
    away = [f"{HALLS[1]}/camera-1", f"{HALLS[1]}/table"]
    async with Person(room, link_of(doors, "director"), "Dora") as director:
        await take(director, "side_by_side", away if several else [f"{HALLS[0]}/camera-1", away[0]])
        await wall.locator(".wall-screen[data-several]").wait_for(state="attached" if several else "detached")
        await wall.locator(".tile:not([data-off])").nth(int(several)).wait_for(state="attached")
        await sounds(wall)
        for tag in LANGUAGES:
            language = tag[:2]
            title, *names = ({"en": "-", language: text} for text in (TITLE[language], *SIX[language]))
            await wall.evaluate(SHOW, [language, title, names])
            await shoot(wall, shots / f"wall-{tag}-{'six-several' if several else 'six'}.png")
            await from_the_last_row(wall, least)
        await take(director, "side_by_side", [f"{hall}/camera-1" for hall in HALLS])
    await wall.context.close()


async def take(director: Person, layout: str, sources: list[str]) -> None:
    assert "seq" in await director.command({"type": "stage.take", "layout": layout, "sources": sources})
