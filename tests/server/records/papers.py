"""PDFs as organisers send them, good ones and others."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name


def paper(change: Callable[[pikepdf.Pdf], None] = lambda pdf: None, pages: int = 2, **how: object) -> bytes:
    """A PDF with blank pages and a text, changed before it is written."""
    written = io.BytesIO()
    with pikepdf.new() as pdf:
        for number in range(pages):
            pdf.add_blank_page(page_size=(595, 842))
            text = f"BT /F1 24 Tf 72 700 Td (Page {number + 1}) Tj ET".encode()
            page = pdf.pages[number]
            page.Contents = pdf.make_stream(text)
            page.Resources = Dictionary(
                Font=Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
            )
        change(pdf)
        pdf.save(written, **how)  # type: ignore[arg-type]
    return written.getvalue()


def opens_with_a_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def hides_a_script_in_a_name_tree(pdf: pikepdf.Pdf) -> None:
    script = pdf.make_indirect(Dictionary(S=Name.JavaScript, JS=pdf.make_stream(b"app.alert(1)")))
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array(["x", script])))


def starts_a_program(pdf: pikepdf.Pdf) -> None:
    link = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=Dictionary(S=Name.Launch, F="calc.exe")
    )
    pdf.pages[0].Annots = Array([pdf.make_indirect(link)])


def has_a_form_of_xfa(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = Dictionary(Fields=Array([]), XFA=pdf.make_stream(b"<xdp/>"))


def carries_a_file(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["note.txt"] = b"hello"


def pins_a_file(pdf: pikepdf.Pdf) -> None:
    spec = Dictionary(Type=Name.Filespec, F="x.exe", EF=Dictionary(F=pdf.make_stream(b"MZ")))
    pin = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 9, 9]), FS=spec)
    pdf.pages[0].Annots = Array([pin])
