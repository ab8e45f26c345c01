"""STUN binding checks of an ICE-lite agent (RFC 8489, RFC 8445): read one, answer one, nothing more."""

from __future__ import annotations

import hmac
import ipaddress
import struct
import zlib
from typing import Final

import msgspec

MAGIC: Final = 0x2112A442
BINDING_REQUEST: Final = 0x0001
BINDING_SUCCESS: Final = 0x0101
USERNAME: Final = 0x0006
MESSAGE_INTEGRITY: Final = 0x0008
XOR_MAPPED_ADDRESS: Final = 0x0020
USE_CANDIDATE: Final = 0x0025
FINGERPRINT: Final = 0x8028
FINGERPRINT_MASK: Final = 0x5354554E
SIZE_MIN: Final = 76
"""bytes of our answer over IPv6. No check of a real peer is smaller (our fragment of its user name alone has 12), and
no answer is ever larger than what it answers."""
SIZE_MAX: Final = 1280
"""bytes; a check is far below it (RFC 8489 section 6.1)."""
ATTRIBUTES_MAX: Final = 32
_HEADER: Final = struct.Struct("!HHI12s")
_ATTRIBUTE: Final = struct.Struct("!HH")


class Check(msgspec.Struct, frozen=True):
    """A binding request whose FINGERPRINT holds and whose MESSAGE-INTEGRITY is still to be proven."""

    transaction: bytes
    username: str
    use_candidate: bool
    covered: bytes
    mac: bytes

    def proven(self, pwd: str) -> bool:
        """Whether MESSAGE-INTEGRITY was made with `pwd` (RFC 8489 section 14.5)."""
        return hmac.compare_digest(hmac.digest(pwd.encode(), self.covered, "sha1"), self.mac)


def read_check(datagram: bytes) -> Check | None:
    """The check in a datagram, None for anything else (also for one without all three proofs)."""
    size = len(datagram)
    if not SIZE_MIN <= size <= SIZE_MAX or size % 4:
        return None
    kind, length, magic, transaction = _HEADER.unpack_from(datagram)
    if kind != BINDING_REQUEST or magic != MAGIC or length != size - 20:
        return None
    username, use_candidate, covered, mac = "", False, b"", b""
    at = 20
    for _ in range(ATTRIBUTES_MAX):
        if at + 4 > size:
            return None
        name, length = _ATTRIBUTE.unpack_from(datagram, at)
        value = datagram[at + 4 : at + 4 + length]
        if len(value) != length:
            return None
        if name == FINGERPRINT:
            if not mac or not username or at + 8 != size or not _fingerprint_holds(datagram, at, value):
                return None
            return Check(transaction, username, use_candidate, covered, mac)
        if not mac:  # what follows MESSAGE-INTEGRITY is not covered by it
            if name == USERNAME:
                username = value.decode("utf-8", "replace")
            elif name == USE_CANDIDATE:
                use_candidate = True
            elif name == MESSAGE_INTEGRITY:
                if length != 20:
                    return None
                covered = _HEADER.pack(kind, at + 4, magic, transaction) + datagram[20:at]
                mac = value
        at += 4 + (length + 3) // 4 * 4
    return None


def _fingerprint_holds(datagram: bytes, at: int, value: bytes) -> bool:
    return len(value) == 4 and int.from_bytes(value) == zlib.crc32(datagram[:at]) ^ FINGERPRINT_MASK


def answer(check: Check, pwd: str, host: str, port: int) -> bytes:
    """The success response: XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY by `pwd`, FINGERPRINT; smaller than any check."""
    return _sealed(BINDING_SUCCESS, check.transaction, _mapped(check.transaction, host, port), pwd)


def request(transaction: bytes, username: str, pwd: str, use_candidate: bool) -> bytes:
    """A check as a full agent sends it: the trunk's side of ICE, and every test's."""
    name = username.encode()
    body = _attribute(USERNAME, name) + _attribute(0x0024, b"\x6e\xff\xff\xff") + _attribute(0x802A, bytes(8))
    return _sealed(BINDING_REQUEST, transaction, body + (_attribute(USE_CANDIDATE, b"") if use_candidate else b""), pwd)


def _sealed(kind: int, transaction: bytes, body: bytes, pwd: str) -> bytes:
    covered = _HEADER.pack(kind, len(body) + 24, MAGIC, transaction) + body
    body += _attribute(MESSAGE_INTEGRITY, hmac.digest(pwd.encode(), covered, "sha1"))
    message = _HEADER.pack(kind, len(body) + 8, MAGIC, transaction) + body
    return message + _attribute(FINGERPRINT, (zlib.crc32(message) ^ FINGERPRINT_MASK).to_bytes(4))


def _attribute(name: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4)


def _mapped(transaction: bytes, host: str, port: int) -> bytes:
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    mask = (MAGIC.to_bytes(4) + transaction)[: len(address.packed)]
    hidden = bytes(a ^ b for a, b in zip(address.packed, mask, strict=True))
    family = 1 if address.version == 4 else 2
    return _attribute(XOR_MAPPED_ADDRESS, struct.pack("!BBH", 0, family, port ^ (MAGIC >> 16)) + hidden)
