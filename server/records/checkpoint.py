"""Ed25519 (RFC 8032) over a chain's head, and over a whole record: the node's word for what it has seen.

checkpoint: over "twinhall/ceremony/checkpoint/v1" 00 canonical(the checkpoint without its signature)
record:     over "twinhall/ceremony/record/v1" 00 canonical(the record without its signature)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta

from server.records.canonical import DOMAIN, Digest, Unreadable, canonical
from server.records.chain import Sha256

Key = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Signature = Annotated[str, Meta(pattern=r"^[0-9a-f]{128}\Z")]


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At `at_ms` (common clock) the chain of this room had `count` entries and ended in `head`; `key` signed it."""

    conference: str
    room: str
    count: int
    head: Sha256
    at_ms: int
    key: Key
    signature: Signature

    @property
    def is_true(self) -> bool:
        return verified("checkpoint", msgspec.to_builtins(self), self.key)


class Signer:
    """The node's Ed25519 key."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public: Key = self._key.public_key().public_bytes_raw().hex()

    def checkpoint(self, conference: str, room: str, count: int, head: Digest, at_ms: int) -> Checkpoint:
        unsigned = Checkpoint(conference, room, count, head, at_ms, self.public, "")
        return msgspec.structs.replace(unsigned, signature=self.sign("checkpoint", msgspec.to_builtins(unsigned)))

    def sign(self, purpose: str, value: Mapping[str, Any]) -> Signature:
        """The signature over `value` for this purpose; a `signature` already in it does not count."""
        return self._key.sign(_message(purpose, value)).hex()


def verified(purpose: str, value: Mapping[str, Any], key: Key) -> bool:
    """Whether `value` carries the `signature` of `key` for this purpose."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(str(value.get("signature", ""))), _message(purpose, value))
    except (InvalidSignature, Unreadable, ValueError):
        return False
    return True


def _message(purpose: str, value: Mapping[str, Any]) -> bytes:
    signed = {name: part for name, part in value.items() if name != "signature"}
    return f"{DOMAIN}/{purpose}/v1\0".encode() + canonical(signed)
