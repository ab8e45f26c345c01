"""The keys that records are signed and sealed with, made at the first start in the data folder's keys/."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.identity import node_key
from server.records.checkpoint import Signer
from server.tls import Pair, builder, store

SEAL_DAYS: Final = 3650
"""A record is checked for years; a seal of our own can't be renewed by anybody."""


class Seal(msgspec.Struct, frozen=True):
    """What the PDF is sealed with: PEM files of our own, or a PKCS#12; and who stamps the time, if anybody."""

    certificate: Path | None = None
    key: Path | None = None
    p12: Path | None = None
    password: Path | None = None
    tsa: str = ""


def signer(keys: Path) -> Signer:
    """The Ed25519 key of checkpoints and records. Raises Unusable."""
    return Signer(node_key(keys / "ceremony.key", "say to the parties that later records have another key"))


def own_seal(keys: Path, now: dt.datetime, tsa: str = "") -> Seal:
    """The node's own seal (P-256, self-signed), made where it is missing. Raises OSError."""
    pair = Pair(keys / "seal" / "seal.pem", keys / "seal" / "seal.key")
    if not pair.certificate.exists():
        pair.certificate.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(pair, now)
    return Seal(certificate=pair.certificate, key=pair.key, tsa=tsa)


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
    store(pair, key, [certificate])


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
