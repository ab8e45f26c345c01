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


def sends_its_form(pdf: pikepdf.Pdf) -> None:
    link = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Link,
        Rect=Array([0, 0, 9, 9]),
        A=Dictionary(S=Name.SubmitForm, F="https://h.example"),
    )
    pdf.pages[0].Annots = Array([pdf.make_indirect(link)])


def goes_into_a_file_within(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.GoToE, T=Dictionary(R=Name.C, N="inner.pdf"), D=Array([0, Name.Fit]))


def has_layers(pdf: pikepdf.Pdf) -> None:
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name="Price"))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))


def hides_a_field(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.Hide, T="price")


def shows_a_page_of_another_file(pdf: pikepdf.Pdf) -> None:
    form = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    form.Ref = Dictionary(F="other.pdf", Page=0)
    pdf.pages[0].Resources.XObject = Dictionary(X=form)


def is_filled_in(pdf: pikepdf.Pdf) -> None:
    """The first page bears nothing but a field of a form with a dark appearance, across the whole of it."""
    looks = pdf.make_stream(
        b"0 0 0 rg 0 0 595 842 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 595, 842])
    )
    field = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Tx,
            T="price",
            V="1,000,000",
            F=4,
            Rect=Array([0, 0, 595, 842]),
            AP=Dictionary(N=looks),
        )
    )
    pdf.pages[0].Contents = pdf.make_stream(b"")
    pdf.pages[0].Annots = Array([field])
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]))


def has_a_form_of_xfa(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = Dictionary(Fields=Array([]), XFA=pdf.make_stream(b"<xdp/>"))


def carries_a_file(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["note.txt"] = b"hello"


def pins_a_file(pdf: pikepdf.Pdf) -> None:
    spec = Dictionary(Type=Name.Filespec, F="x.exe", EF=Dictionary(F=pdf.make_stream(b"MZ")))
    pin = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 9, 9]), FS=spec)
    pdf.pages[0].Annots = Array([pin])
