"""Every text that somebody else wrote is shown as text: hostile names, a hostile conference, hostile addresses.

The pages run without their policy (`bypass_csp`), so that what holds here is the escaping alone;
that no page violates the policy is watched in all other tests.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from rooms import conferences
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.conftest import HALLS, link_of
from tests.browser.pages import DESK
from tests.browser.signing import Protocol

pytestmark = pytest.mark.holds

LANGUAGES = ("zh", "de", "en", "fr")
DESKS = ("director", "moderator", "protocol_officer", "organiser")
ROLES = ("attendee", "on_site", "speaker", "signatory", "operator", "wall", "confidence", *DESKS)
ATTACKS = (
    "<img src=x onerror=xss()>",
    '"><script>xss()</script>',
    "</script><svg onload=xss()>",
    "</title><script>xss()</script>",
    "'-xss()-'\"onmouseover=xss()//",
    "javascript:xss()",
    "{{7*7}}${xss()}<!--",
    "<a href=javascript:xss()>x</a>",
)
"""What breaks out of text, attributes, scripts, titles and templates."""
NAMES = [f"N{number} {attack}" for number, attack in enumerate(ATTACKS)]
ACT = ("act", "sector", "party", "office", "power", "person", "reason", "member")
SAID = {name: f"{name} {attack}" for name, attack in zip(ACT, ATTACKS, strict=True)}
"""The texts of acts, each an attack of its own."""
WATCHER = "globalThis.executed = []; globalThis.xss = () => executed.push(new Error().stack);"
INJECTED = """() => {
  const found = [];
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        if (name.startsWith("on") || /^javascript:/i.test(value) && ["href", "src", "action"].includes(name))
          found.push(`${element.localName} ${name}`);
      }
      if (element.localName === "img" && element.getAttribute("src") === "x") found.push("img");
      if (element.localName === "script" && /^\\s*xss/.test(element.textContent)) found.push("script");
      if (element.shadowRoot) look(element.shadowRoot);
    }
  };
  look(document);
  return [...executed, ...found];
}"""
SHOWN = """attacks => {
  let text = document.title;
  const read = (root) => {
    for (const element of root.querySelectorAll("*")) if (element.shadowRoot) read(element.shadowRoot);
    text += (root.body ?? root).textContent;
  };
  read(document);
  return attacks.filter((attack) => text.includes(attack));
}"""

session = pytest_asyncio.fixture(scope="module", loop_scope="session")


def hostile(text: str) -> str:
    """The built-in conference with an attack behind every text, in every language."""
    attacks = iter(ATTACKS * 200)

    def attacked(found: re.Match[str]) -> str:
        return f"{found[1]} = {json.dumps(f'{found[2]} {next(attacks)}', ensure_ascii=False)}"

    return re.sub(rf'\b({"|".join(LANGUAGES)}) = "((?:[^"\\]|\\.)*)"', attacked, text)


@session
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnNode]:
    """A node that runs the hostile conference, with people of hostile names on its pages."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    definition = folder / "hostile.toml"
    definition.write_text(hostile(conferences.text("jiangsu-2022")))
    node = OwnNode(folder / "var", str(definition))
    await node.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(node.stop)
        guests = link_of(await node.links(), "attendee")
        for name in NAMES:
            await stack.enter_async_context(Person(node, guests, name))
        await sign_attacks(node, stack)
        yield node


def words(name: str) -> dict[str, str]:
    """What is said under a name, in every language."""
    return dict.fromkeys(LANGUAGES, SAID[name])


async def sign_attacks(node: OwnNode, stack: AsyncExitStack) -> None:
    """Acts with an attack in every text: one before its signatories, one that is void, and an initiative on show."""
    links = await node.links()
    hands = Person(node, link_of(links, "protocol_officer"), "Paula"), Person(node, link_of(links, "organiser"), "Olga")
    protocol = Protocol(*[await stack.enter_async_context(hand) for hand in hands])
    parties = [
        {
            "venue": venue,
            "names": words("party"),
            "title": words("office"),
            "authority": words("power"),
        }
        for venue in HALLS
    ]
    said = {"sector": words("sector"), "parties": parties}
    for act, kind in (("void", "signing"), ("joined", "initiative"), ("signed", "signing")):
        await protocol.drafts(act, kind, **said, title={"en": f"{act}: {SAID['act']}"})
    for party in range(len(parties)):
        name = {"type": "ceremony.name", "act": "signed", "party": party, "name": SAID["person"]}
        assert "seq" in await protocol.organiser.command(name)
    await protocol.does("void", "void", reason=SAID["reason"])
    for verb in ("lock", "paper"):
        await protocol.does(verb, "joined")
    await protocol.does("join", "joined", names=words("member"))
    await protocol.does("show", "joined")
    await protocol.does("lock", "signed")
    await protocol.does("seat", "signed", seats=[f"{venue}-1" for venue in HALLS])


@session
async def bare(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that enforces no policy and notes every call of `xss`."""
    context = await browser.new_context(bypass_csp=True, locale="en-GB", viewport=DESK)
    context.set_default_timeout(30_000)
    await context.add_init_script(WATCHER)
    yield context
    await context.close()


@session
async def tabs(bare: BrowserContext) -> list[Page]:
    """A tab per language, for one page after the other."""
    return [await tab(bare) for _ in LANGUAGES]


@session
async def links(stage: OwnNode) -> list[Link]:
    return await stage.links()


async def tab(context: BrowserContext) -> Page:
    page = await context.new_page()
    page.on("dialog", lambda dialog: page.evaluate("xss()"))
    return page


async def opened(context: BrowserContext, url: str) -> Page:
    page = await tab(context)
    await page.goto(url)
    return page


async def live(page: Page, url: str) -> None:
    """Until the page that is there now has its first view over its socket, and has drawn it."""
    async with page.expect_websocket() as opening:
        await page.goto(url)
    socket = await opening.value
    await socket.wait_for_event("framereceived", lambda frame: frame.startswith('42["view"'))
    await settled(page)


async def settled(page: Page) -> None:
    """The page has drawn what it has."""
    await page.locator("hall-clock, .clock, time, .pad-seat:not(:empty)").first.wait_for(state="attached")
    await page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


@pytest.mark.parametrize("role", ROLES)
async def test_a_page_shows_hostile_texts_as_text_in_every_language(
    tabs: list[Page], links: list[Link], role: str
) -> None:
    address, _, token = link_of(links, role).url.partition("#")

    async def look(page: Page, language: str) -> list[str]:
        await live(page, f"{address}?lang={language}#{token}")
        assert await page.evaluate(INJECTED) == [], (role, language)
        shown: list[str] = await page.evaluate(SHOWN, list(ATTACKS))
        return shown

    shown = await asyncio.gather(*map(look, tabs, LANGUAGES))
    assert all(shown), "the attacks were there to be seen"


@pytest.mark.parametrize("role", ["moderator", "organiser"])
async def test_a_desk_shows_hostile_names_as_text(tabs: list[Page], links: list[Link], role: str) -> None:
    page = tabs[0]
    await live(page, link_of(links, role).url)
    await shows(page, *NAMES)
    assert await page.evaluate(INJECTED) == []


def shows(page: Page, *texts: str) -> Awaitable[object]:
    """The page shows all of these texts, each in full."""
    return page.wait_for_function(f"texts => ({SHOWN})(texts).length === texts.length", arg=texts)


async def test_what_is_signed_joined_or_void_shows_hostile_texts_as_text(tabs: list[Page], links: list[Link]) -> None:
    pad, desk, wall, _ = tabs
    roles = {pad: "signatory", desk: "protocol_officer", wall: "wall"}
    await asyncio.gather(*(live(page, link_of(links, role).url) for page, role in roles.items()))
    await shows(pad, *(SAID[name] for name in ("act", "party", "office", "power", "person")))
    await shows(wall, SAID["act"], SAID["member"])
    await shows(desk, SAID["act"], SAID["party"], SAID["member"])
    await desk.locator(".acts-button", has_text="void").click()
    await shows(desk, SAID["reason"])
    assert [await page.evaluate(INJECTED) for page in roles] == [[], [], []]


async def test_a_guest_may_write_an_attack_into_the_lobby(bare: BrowserContext, links: list[Link]) -> None:
    page = await opened(bare, link_of(links, "attendee").url)
    await page.locator("#name").fill(ATTACKS[0])
    await page.locator(".join-button").click()
    await page.locator("#stage").wait_for()
    await shows(page, SAID["act"], SAID["member"])
    assert await page.evaluate(INJECTED) == []
    await page.close()


async def test_an_address_executes_nothing(tabs: list[Page], stage: OwnNode) -> None:
    home = f"{stage.url}/jiangsu-2022"
    addresses = [f"{stage.url}/{quote(ATTACKS[0], safe='')}/"]
    for number, attack in enumerate(ATTACKS):
        said = quote(attack, safe="")
        page = ("", "wall", "director", "venue")[number % 4]
        addresses.append(f"{home}/{page}?lang={said}&source={said}&page={said}#{(attack, said)[number % 2]}")

    async def look(page: Page, some: Sequence[str]) -> None:
        for address in some:
            await page.goto(address)
            assert await page.evaluate(INJECTED) == [], address
            assert await page.evaluate("() => document.querySelectorAll('script:not([src]):not([type])').length") == 0

    count = len(tabs)
    await asyncio.gather(*(look(page, addresses[first::count]) for first, page in enumerate(tabs)))


async def test_the_trap_snaps(bare: BrowserContext, stage: OwnNode) -> None:
    """A control: what is looked for is found when it is there."""
    page = await opened(bare, stage.url)
    await page.evaluate("attack => { document.body.innerHTML += attack; }", ATTACKS[0])
    await page.wait_for_function("() => executed.length > 0")
    assert len(await page.evaluate(INJECTED)) >= 2
    await page.close()
