"""A document that could run, hide or be read otherwise by another reader is refused with the reason."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pikepdf
import pytest
from PIL import Image

from rooms.kernel import Refused
from server.records.canonical import Digest
from server.records.inspection import SIZE_MAX, inspected
from server.records.pages import Wanted, image, job, opened, rendered
from tests.server.records import papers
from tests.server.records.papers import paper


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        inspected(data)
    return refused.value.code


def test_a_plain_document_is_taken_with_its_pages() -> None:
    assert inspected(paper(pages=3)) == 3


@pytest.mark.parametrize(
    "change",
    [
        papers.opens_with_a_script,
        papers.hides_a_script_in_a_name_tree,
        papers.starts_a_program,
        papers.has_a_form_of_xfa,
        papers.sends_its_form,
    ],
)
@pytest.mark.parametrize("streams", [pikepdf.ObjectStreamMode.disable, pikepdf.ObjectStreamMode.generate])
def test_scripts_are_refused_wherever_they_hide(
    change: Callable[[pikepdf.Pdf], None], streams: pikepdf.ObjectStreamMode
) -> None:
    assert refusal(paper(change, object_stream_mode=streams)) == "document-scripts"


@pytest.mark.parametrize("change", [papers.carries_a_file, papers.pins_a_file, papers.goes_into_a_file_within])
def test_attachments_are_refused(change: Callable[[pikepdf.Pdf], None]) -> None:
    assert refusal(paper(change)) == "document-attachments"


@pytest.mark.parametrize("change", [papers.has_layers, papers.hides_a_field, papers.shows_a_page_of_another_file])
def test_what_shows_otherwise_elsewhere_is_refused(change: Callable[[pikepdf.Pdf], None]) -> None:
    assert refusal(paper(change)) == "document-differs"


def test_what_was_filled_into_a_form_is_on_the_page_that_a_signatory_reads() -> None:
    data = paper(papers.is_filled_in)
    assert inspected(data) == 2
    image = Image.open(io.BytesIO(rendered(opened(data), 1)))
    assert image.getpixel((image.width // 2, image.height // 2)) == (0, 0, 0)


@pytest.mark.parametrize("user", ["geheim", ""])
def test_an_encrypted_document_is_refused_even_if_it_opens_without_a_password(user: str) -> None:
    assert refusal(paper(encryption=pikepdf.Encryption(owner="owner", user=user))) == "document-encrypted"


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_a_broken_document_is_refused(cut: float) -> None:
    whole = paper()
    assert refusal(whole[: int(len(whole) * cut)]) == "document-broken"


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7\n%%EOF", b"PK\x03\x04"])
def test_what_is_no_pdf_is_refused(data: bytes) -> None:
    assert refusal(data) == "document-broken"


def test_too_many_pages_or_bytes_are_refused() -> None:
    assert refusal(paper(pages=201)) == "document-pages"
    assert refusal(b"%PDF-1.7" + bytes(SIZE_MAX)) == "document-too-large"


def test_arrays_without_end_are_refused() -> None:
    def nested(pdf: pikepdf.Pdf) -> None:
        inner = pikepdf.Array([])
        for _ in range(100):
            inner = pikepdf.Array([inner])
        pdf.Root.Deep = inner

    assert refusal(paper(nested)) == "document-broken"


def test_two_renderings_that_meet_at_a_page_both_give_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = paper(pages=1)
    (tmp_path / "paper.pdf").write_bytes(data)
    digest = Digest(hashlib.sha256(data).hexdigest())
    file, folder = str(tmp_path / "paper.pdf"), tmp_path / "images"
    folder.mkdir()
    wanted = msgspec.json.encode(Wanted(file, digest, 1, 1, str(folder)))
    replace, met = Path.replace, []

    def after_the_other(path: Path, target: Path) -> Path:
        if not met:
            met.append(path)
            monkeypatch.setattr(os, "getpid", lambda: 0)
            job(wanted)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", after_the_other)
    job(wanted)
    assert list(folder.iterdir()) == [image(folder, digest, 1)]
