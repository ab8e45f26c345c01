"""The files attached to a sealed PDF, read from outside bytes: bounded, and as far as they can be read."""

from __future__ import annotations

import io
import zlib

import msgspec
import pikepdf

from server.records.canonical import SIZE_MAX


class Attached(msgspec.Struct, frozen=True):
    """An attachment as far as it could be read; `whole` is False when it ends too early."""

    data: bytes
    whole: bool


def attachments(pdf: bytes) -> dict[str, Attached]:
    """What is attached, by name; nothing when not even that can be told. Raises ValueError when it is no PDF at all."""
    try:
        with pikepdf.open(io.BytesIO(pdf), suppress_warnings=True) as opened:
            return {name: _read(opened.attachments[name]) for name in opened.attachments}
    except (pikepdf.PdfError, pikepdf.PasswordError) as broken:
        raise ValueError(f"can't be read as a PDF: {broken}") from broken
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError, RecursionError) as odd:
        raise ValueError(f"its attachments can't be read: {type(odd).__name__}") from odd


def _read(spec: pikepdf.AttachedFileSpec) -> Attached:
    """The stream as our pages write it: plain, or deflated (ISO 32000-2 section 7.4.4)."""
    stream = spec.obj["/EF"]["/F"]
    raw = stream.read_raw_bytes()
    if str(stream.get("/Filter", "")) != "/FlateDecode":
        return Attached(raw[:SIZE_MAX], len(raw) <= SIZE_MAX)
    return inflated(raw)


def inflated(raw: bytes) -> Attached:
    """What a deflated stream holds, up to the first byte that is wrong in it."""
    inflating = zlib.decompressobj()
    out = bytearray()
    try:
        for at in range(0, len(raw), 256):
            out += inflating.decompress(raw[at : at + 256], SIZE_MAX + 1 - len(out))
            if len(out) > SIZE_MAX:
                return Attached(bytes(out[:SIZE_MAX]), whole=False)
    except zlib.error:
        return Attached(bytes(out), whole=False)
    return Attached(bytes(out), inflating.eof)
