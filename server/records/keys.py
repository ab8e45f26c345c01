"""The keys that records are signed and sealed with: from the node's key, and a certificate made at the first start."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.serialization import pkcs12

from server.records.checkpoint import Signer
from server.settings import Unusable
from server.tls import Pair, make, usage

SEAL_DAYS: Final = 3650
"""A record is checked for years; a seal of our own can't be renewed by anybody."""


class Seal(msgspec.Struct, frozen=True):
    """What the PDF is sealed with, as absolute paths: PEM files of our own, or a PKCS#12; and who stamps the time."""

    certificate: str = ""
    key: str = ""
    p12: str = ""
    password: str = ""
    tsa: str = ""


def signer(node_key: bytes) -> Signer:
    """The Ed25519 key of checkpoints and records, derived from the node's key."""
    return Signer(hmac.digest(node_key, b"twinhall\0ceremony-record", hashlib.sha256))


def seal_pair(keys: Path) -> Pair:
    """Where the node's own seal is."""
    return Pair(keys / "seal" / "seal.pem", keys / "seal" / "seal.key")


def own_seal(keys: Path, now: dt.datetime, tsa: str = "") -> Seal:
    """The node's own seal (P-256, self-signed), made where it is missing. Raises Unusable."""
    pair = seal_pair(keys)
    try:
        if not pair.certificate.exists():
            pair.certificate.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make(pair, f"Twinhall seal {now:%Y-%m-%d}", now, SEAL_DAYS, usage(commits=True))
    except OSError as wrong:
        raise Unusable(
            f"the seal's key can't be made in {keys} ({wrong.strerror}): mend the folder's rights"
        ) from wrong
    return Seal(certificate=str(pair.certificate.absolute()), key=str(pair.key.absolute()), tsa=tsa)


def given_seal(p12: Path, password: Path | None, tsa: str = "") -> Seal:
    """The organiser's own seal. Raises Unusable when it can't be opened."""
    try:
        secret = password.read_bytes().strip() if password else None
        key, certificate, _ = pkcs12.load_key_and_certificates(p12.read_bytes(), secret)
    except (OSError, ValueError) as wrong:
        raise Unusable(f"{p12} can't be opened as a seal ({wrong}): give a PKCS#12 and its password's file") from wrong
    if key is None or certificate is None:
        raise Unusable(f"{p12} lacks a key or its certificate: export both into one PKCS#12")
    return Seal(p12=str(p12.absolute()), password=str(password.absolute()) if password else "", tsa=tsa)
