"""The local authority's certificate as devices get it. Light to import: the supervisor prints its fingerprint."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Final

FOLDER: Final = Path("keys") / "tls"
"""Of the local authority, in the data folder."""
CERTIFICATE: Final = "authority.pem"


def pem(data: Path) -> str:
    """The certificate as text; for curl, FFmpeg and Linux."""
    return (data / FOLDER / CERTIFICATE).read_text()


def der(data: Path) -> bytes:
    """The certificate as bytes; phones, tablets and Windows install what they open."""
    return ssl.PEM_cert_to_DER_cert(pem(data))


def fingerprint(data: Path) -> str:
    """Its SHA-256, as devices show it before they trust it."""
    digest = hashlib.sha256(der(data)).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
