"""Personal data as salted commitments: the record holds the hash, the vault what opens it.

    commitment = SHA-256("twinhall/ceremony/commitment/v1" 00 salt SHA-256(kind) canonical(value))

Without salt and value (256 random bits, erased with the person) a commitment says nothing.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from server.records.canonical import Digest, canonical, hashed

SALT_BYTES: Final = 32
Salt = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Kind(StrEnum):
    """What is committed to."""

    SIGNATORY = "signatory"
    """The signatory's own name, a text."""
    STROKES = "strokes"
    """The strokes of a signature: `{aspect, strokes: [[[x, y, p, t], ...], ...]}`."""


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens one commitment."""

    kind: Kind
    salt: Salt
    value: Any

    @property
    def commitment(self) -> Digest:
        """Raises Unreadable for a value that JSON can't hold."""
        kind = hashlib.sha256(self.kind.value.encode()).digest()
        return hashed("commitment", bytes.fromhex(self.salt), kind, canonical(self.value))


def opened(kind: Kind, value: object, salt: bytes) -> Opening:
    """An opening of `value`; `salt` is 32 bytes of the system's randomness, never used twice."""
    assert len(salt) == SALT_BYTES, "a salt has 32 bytes"
    return Opening(kind, salt.hex(), value)
