"""The organiser's page, from a blank act to its record: written, imported, signed, taken home, erased."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pikepdf
import pypdfium2
import pytest_asyncio
from PIL import Image, ImageChops
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from rooms.ceremony.model import signatory
from rooms.kernel import ConferenceId, ProjectId
from scripts.rehearsal.node import HOUSE, Link, OwnNode
from tests.browser.ceremony import sheets
from tests.browser.conftest import link_of
from tests.browser.looks import axe_faults, no_sideways_scrolling, shoot, turn
from tests.browser.pages import Watch, Watched
from tests.browser.signing import Pad, Protocol
from tests.server.records import papers

DESK = {"width": 1440, "height": 900}
TITLE = "Joint laboratory"
REFUSED = "the server responded with a status of"
"""What a console says of an answer that is no success."""
DRAWN = """async (image) => {
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/png");
}"""
JOB_MS = 30_000
"""What is read, rendered or sealed takes a process of its own."""
COLOUR_APART = 24
"""Of 255: two renderings of one page differ by no more in any place."""


@pytest_asyncio.fixture(loop_scope="session")
async def desk(eye: Watch, browser: Browser, doors: list[Link]) -> Watched:
    """The organiser's page, with its acts."""
    opened = await eye.open(browser, link_of(doors, "organiser").url, viewport=DESK)
    await opened.page.locator(".project").first.wait_for()
    return opened


def row_of(page: Page, title: str) -> Locator:
    return page.locator(".project", has=page.locator(".project-title", has_text=title))


async def test_an_act_is_written_signed_taken_home_and_its_signatory_erased(
    room: OwnNode, desk: Watched, protocol: Protocol, pads: dict[str, Pad], tmp_path: Path, shots: Path
) -> None:
    desk.expect(REFUSED)
    page = desk.page
    act = await write_an_act(page, protocol)
    project = page.locator(f".project[data-key='{act}']")
    await project.locator("summary").click()
    files = {"de": papers.paper(pages=3), "zh": papers.paper(pages=1)}
    await lay_before(page, project, files)
    await refuse_what_may_not_be_signed(page, project)
    await shoot(page, shots / "organiser-en-act.png")
    assert await axe_faults(page) == []

    signers = await read_and_sign(protocol, pads, act, files["de"])
    await protocol.ends(act)
    await project.locator("[data-act=record]").wait_for(timeout=2 * JOB_MS)
    mine = await taken_home(page, tmp_path / "organiser")
    theirs = await taken_home(signers[1].page, tmp_path / "party")
    assert mine.name == theirs.name == f"jiangsu-2022-{act}.pdf"
    assert mine.read_bytes() == theirs.read_bytes()
    whole = await taken_home(page, tmp_path / "whole", "[data-wholes] [data-key=opening]")
    assert whole.name == "jiangsu-2022-ceremony-opening.pdf"

    person = signatory(ConferenceId("jiangsu-2022"), ProjectId(act), 0)
    assert rows_of(room, person) == 3, "a name, and what opens it and the strokes"
    await erase(page, "Li Na")
    assert rows_of(room, person) == 0
    await expect(project.locator(".project-parties li").first).to_contain_text("name missing")
    await expect(project.locator(".project-parties li").nth(1)).to_contain_text("Änne Müller")
    await project.locator("[data-act=record]").click()
    await expect(page.locator("[data-projects] [data-said]")).to_contain_text("a person in it was erased")
    alone = tmp_path / "record.json"
    alone.write_bytes(await without_persons(page, act))
    await asyncio.to_thread(verify, mine, whole, alone)
    await protocol.officer.command({"type": "ceremony.show"})


async def write_an_act(page: Page, protocol: Protocol) -> str:
    """Two parties and who signs for them; then a third one, changed on the form. The act's id."""
    await page.locator("[data-projects] [data-act=add]").click()
    form = page.locator("dialog[open]")
    await form.locator("[name='title.en']").fill(TITLE)
    await form.locator("[name='title.zh']").fill("联合实验室")
    await form.locator("[name=item]").select_option("opening")
    for party, (name, signs) in enumerate((("Institute A", "Li Na"), ("Institut B", "Änne Müller"))):
        await form.locator(f"[name='{party}.names.en']").fill(name)
        await form.locator(f"[name='{party}.name']").fill(signs)
    await form.get_by_role("button", name="Save").click()
    project = row_of(page, TITLE)
    await expect(project).to_have_count(1)
    await project.locator("summary").click()
    await expect(project.locator(".project-parties li")).to_have_count(2)
    await project.locator("[data-act=edit]").click()
    await form.get_by_role("button", name="Add a party").click()
    await form.locator("[name='2.names.en']").fill("Foundation C")
    await form.locator("[name='2.venue']").select_option("changzhou")
    await form.get_by_role("button", name="Save").click()
    await expect(project.locator(".project-parties li")).to_have_count(3)
    await expect(project.locator(".project-parties li").first).to_contain_text("Li Na")
    await project.locator("summary").click()
    acts = protocol.organiser.view["ceremony"]["acts"]
    return next(id for id, each in acts.items() if each["title"]["en"] == TITLE)


async def lay_before(page: Page, project: Locator, files: dict[str, bytes]) -> None:
    """A document in each language; its hash and its pages stand beside it."""
    for language, data in files.items():
        await upload(project, language, f"{language}.pdf", data)
        hash = grouped(hashlib.sha256(data).hexdigest())
        pages = len(pypdfium2.PdfDocument(data))
        await expect(project.locator(".document-hash", has_text=hash)).to_contain_text(f"{pages} page", timeout=JOB_MS)
    await expect(page.locator("[data-projects] > [data-said]")).to_contain_text("lies before the parties")


async def refuse_what_may_not_be_signed(page: Page, project: Locator) -> None:
    """In the words of the page's language; what lay there lies there still."""
    said = page.locator("[data-projects] > [data-said]")
    cases: tuple[tuple[str, str, Callable[[], bytes], str], ...] = (
        (
            "de",
            "locked.pdf",
            lambda: papers.paper(encryption=pikepdf.Encryption(user="u", owner="o")),
            "Das Dokument ist verschlüsselt.",
        ),
        ("zh-Hans", "script.pdf", lambda: papers.paper(papers.opens_with_a_script), "该文件含有可运行的内容"),
        ("fr", "pinned.pdf", lambda: papers.paper(papers.pins_a_file), "autres fichiers"),
        ("en", "torn.pdf", lambda: papers.paper()[:400], "be read as a PDF"),
    )
    before = await project.locator(".document").all_inner_texts()
    for language, name, made, words in cases:
        await turn(page, "[data-language]", language)
        await upload(project, "fr", name, made())
        await expect(said).to_contain_text(words, timeout=JOB_MS)
    await turn(page, "[data-language]", "zh-Hans")
    await expect(said).to_contain_text("无法将该文件读作 PDF")
    await turn(page, "[data-language]", "en")
    assert await project.locator(".document").all_inner_texts() == before


async def upload(project: Locator, language: str, name: str, data: bytes) -> None:
    await project.locator(".documents-more select").select_option(language)
    file: FilePayload = {"name": name, "mimeType": "application/pdf", "buffer": data}
    await project.locator("input[type=file]").set_input_files(file)


def grouped(digest: str) -> str:
    return " ".join(digest[at : at + 4] for at in range(0, 64, 4))


async def read_and_sign(protocol: Protocol, pads: dict[str, Pad], act: str, german: bytes) -> list[Pad]:
    """Each signatory reads the pages of the document whose hash is shown, confirms, and signs."""
    signers = await protocol.seated(act, pads)
    page = signers[0].page
    await page.locator(".document-tongues").get_by_role("button", name="German").click()
    await expect(page.locator(".document-hash")).to_contain_text(grouped(hashlib.sha256(german).hexdigest()))
    await expect(page.locator(".document-page")).to_have_count(3)
    for number, place in enumerate(await page.locator(".document-page").all()):
        await place.scroll_into_view_if_needed()
        await place.locator("img").wait_for(timeout=JOB_MS)
        assert apart(await shown(place), german, number) <= COLOUR_APART
        assert apart(await shown(place), german, (number + 1) % 3) > COLOUR_APART, "another page is another picture"
    await protocol.goes(act)
    for pad in signers:
        await pad.phase("sign")
    for number, pad in enumerate(signers):
        await pad.sign(number, count=1)
    await protocol.until(act, "signed")
    return signers


async def shown(place: Locator) -> Image.Image:
    """The picture as the tablet has it."""
    drawn: str = await place.locator("img").evaluate(DRAWN)
    return Image.open(io.BytesIO(base64.b64decode(drawn.partition(",")[2]))).convert("L")


def apart(picture: Image.Image, document: bytes, page: int) -> int:
    """How far a picture is from the page of these bytes, in its worst place."""
    sheet = pypdfium2.PdfDocument(document)[page]
    drawn = sheet.render(scale=picture.width / sheet.get_width()).to_pil().convert("L").resize(picture.size)
    return int(ImageChops.difference(picture, drawn).getextrema()[1])


async def taken_home(page: Page, folder: Path, button: str = ":not([data-wholes]) > [data-act=record]:visible") -> Path:
    """The record, by a click; the whole ceremony's is made when it is first asked for."""
    async with page.expect_download(timeout=JOB_MS) as begun:
        await page.locator(button).click()
    download = await begun.value
    file = folder / download.suggested_filename
    await download.save_as(file)
    return file


def verify(*files: Path) -> None:
    """`scripts/verify` finds them whole."""
    told = subprocess.run([HOUSE / "scripts" / "verify", *files], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def rows_of(room: OwnNode, person: str) -> int:
    """What the vault has of a person."""
    with closing(sqlite3.connect(f"file:{room.data / 'vault.db'}?mode=ro", uri=True)) as vault:
        counts = (
            vault.execute(f"select count(*) from {table} where person = ?", (person,)).fetchone()[0]
            for table in ("names", "openings")
        )
        return sum(counts)


async def erase(page: Page, name: str) -> None:
    await page.locator("[data-names] summary").click()
    await page.locator("#names-search").fill(name)
    await page.locator("[data-names] .names-row button").click()
    await page.locator("dialog[open]").get_by_role("button", name="Erase").click()
    await expect(page.locator("dialog[open]")).to_contain_text("No byte of the name is left")
    await page.locator("dialog[open] button").click()
    await expect(page.locator("[data-names] .names-row")).to_have_count(0)


async def without_persons(page: Page, act: str) -> bytes:
    """The record as JSON, with the page's own link."""
    asked = """async (path) => (await fetch(path, {
      headers: { Authorization: `Bearer ${location.hash.slice(1)}` } })).text()"""
    told: str = await page.evaluate(asked, f"/jiangsu-2022/records/{act}.json")
    return told.encode()


async def test_acts_come_out_of_a_spreadsheet_when_every_row_is_right(
    desk: Watched, tmp_path: Path, shots: Path
) -> None:
    page = desk.page
    await page.locator(".projects-import summary").click()
    said, take = page.locator("[data-import-said]"), page.locator("[data-act=take]")
    wrong = page.locator("[data-import-wrong] li")
    before = await page.locator(".project").count()
    makers: tuple[tuple[str, Callable[..., Path]], ...] = (("csv", sheets.csv), ("xlsx", sheets.xlsx))
    for number, (kind, make) in enumerate(makers, 1):
        rows = [
            sheets.row(f"{kind}-1"),
            sheets.row(f"{kind}-2", kind="dance"),
            sheets.row(f"{kind}-1", party2_venue="bonn"),
        ]
        await page.locator("[data-import]").set_input_files(make(tmp_path / f"wrong.{kind}", *rows))
        await expect(wrong).to_have_text(
            [
                re.compile("^Row 3, kind: This value can.t be taken"),
                re.compile("^Row 4, act: Another row has the same act"),
                re.compile("^Row 4, party2_venue: There is no such hall"),
            ],
            timeout=JOB_MS,
        )
        await expect(said).to_have_text("Nothing was taken: 3 mistakes.")
        await expect(take).to_be_hidden()
        if kind == "csv":
            await turn(page, "[data-language]", "de")
            await expect(wrong.first).to_contain_text("Zeile 3")
            await shoot(page, shots / "organiser-de-import.png")
            await no_sideways_scrolling(page)
            assert await axe_faults(page) == []
            await turn(page, "[data-language]", "en")
        right = [sheets.row(f"{kind}-{n}") for n in (1, 2)]
        await page.locator("[data-import]").set_input_files(make(tmp_path / f"right.{kind}", *right))
        await expect(said).to_have_text("All 2 rows are right.", timeout=JOB_MS)
        await expect(wrong).to_have_count(0)
        await expect(page.locator(".project")).to_have_count(before + 2 * (number - 1))
        await take.click()
        await expect(said).to_have_text("2 acts were taken in.", timeout=JOB_MS)
        await expect(page.locator(".project")).to_have_count(before + 2 * number)
        await expect(row_of(page, f"Battery works, {kind}-2").locator(".project-parties")).to_contain_text("杨红新")
