"""The keys that records are signed and sealed with: from the node's key, and a certificate made at the first start."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from server.records.checkpoint import Signer
from server.settings import Unusable
from server.tls import Pair, builder, keep

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
            _make(pair, now)
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


def _make(pair: Pair, now: dt.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Twinhall"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Twinhall seal {now:%Y-%m-%d}"),
        ]
    )
    certificate = (
        builder(name, name, key.public_key(), now, SEAL_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    keep(pair, key, [certificate])


def _usage() -> x509.KeyUsage:
    """To sign, and to stand by it (RFC 5280 section 4.2.1.3)."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
