"""JSON in one form only (RFC 8785), and SHA-256 over it after a domain: no hash serves two purposes."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final, NewType

import rfc8785

Digest = NewType("Digest", str)
"""A SHA-256 in 64 lower-case hexadecimal digits."""

DOMAIN: Final = "twinhall/ceremony"
_HALF_A_SIGN: Final = re.compile(rb"\\u[dD][89a-fA-F]")
"""How a sign beyond U+FFFF begins where it is escaped; json takes one half of it alone, which is no text."""
SIZE_MAX: Final = 32 * 1024 * 1024
"""bytes of JSON that are read at all; a record of a hundred acts with all strokes has a tenth."""


class Unreadable(ValueError):
    """Bytes that are not one JSON value of the records: why, in a few words."""


class Broken(Unreadable):
    """Bytes that end, or stop being JSON, somewhere."""


def canonical(value: object) -> bytes:
    """`value` as RFC 8785 writes it, UTF-8. Raises Unreadable for what JSON can't hold."""
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, RecursionError) as odd:
        raise Unreadable(f"no canonical JSON: {odd}") from odd


def read(data: bytes) -> Any:
    """The JSON value in `data`. Raises Broken for what is no JSON.

    Raises Unreadable for anything odd: a key given twice, numbers without end, half a sign (RFC 7493 section 2).
    """
    if len(data) > SIZE_MAX:
        raise Unreadable(f"longer than {SIZE_MAX} bytes")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
        if _HALF_A_SIGN.search(data):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as odd:
        raise Broken(f"no JSON: {odd}") from odd
    except UnicodeDecodeError as odd:
        raise Broken("no JSON in UTF-8") from odd
    except (UnicodeEncodeError, RecursionError) as odd:
        raise Unreadable(f"no JSON of a record: {type(odd).__name__}") from odd
    except Unreadable:
        raise
    except ValueError as odd:
        raise Unreadable(f"no JSON: {odd}") from odd
    return value


def hashed(purpose: str, *parts: bytes) -> Digest:
    """SHA-256 over `twinhall/ceremony/<purpose>/v1`, a zero byte, and the parts; all but the last have 32 bytes."""
    return Digest(hashlib.sha256(b"".join((f"{DOMAIN}/{purpose}/v1\0".encode(), *parts))).hexdigest())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a key is given twice")
    return found


def _no_constant(name: str) -> None:
    raise Unreadable(f"{name} is no number of JSON")
