"""The seal of a record: PAdES (ETSI EN 319 142-1) by pyHanko, time-stamped (RFC 3161) where an authority is named."""

from __future__ import annotations

import hashlib
import io
from enum import StrEnum
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, async_sign_pdf
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext

from server.records.keys import Seal

FIELD: Final = "Seal"
TSA_S: Final = 10.0


class Unsealable(Exception):
    """The seal can't be made: what is wrong with the key, in one line."""


class Coverage(StrEnum):
    """What a file's seal says of it."""

    WHOLE = "whole"
    CHANGED = "changed"
    ADDED_TO = "added to"
    NONE = "none"


class SealState(msgspec.Struct, frozen=True):
    """A file's seal: who sealed, the SHA-256 of the certificate, when an authority stamped the time (ISO 8601)."""

    coverage: Coverage
    by: str = ""
    certificate: str = ""
    stamped: str = ""


async def sealed(pdf: bytes, seal: Seal, reason: str) -> tuple[bytes, str]:
    """The PDF with its seal, and why it bears no time stamp though one was wanted. Raises Unsealable."""
    signer = _signer(seal)
    if not seal.tsa:
        return await _signed(pdf, signer, reason, None), ""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TSA_S)) as http:
        try:
            return await _signed(pdf, signer, reason, HTTPTimeStamper(seal.tsa, timeout=TSA_S, session=http)), ""
        except (TimestampRequestError, aiohttp.ClientError, TimeoutError, ValueError) as failed:
            return await _signed(pdf, signer, reason, None), f"{seal.tsa}: {type(failed).__name__} {failed}"


async def _signed(pdf: bytes, signer: SimpleSigner, reason: str, stamper: HTTPTimeStamper | None) -> bytes:
    """Certified (ISO 32000-2 section 12.8.4): no later change is allowed."""
    meta = PdfSignatureMetadata(
        field_name=FIELD,
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        reason=reason,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    out = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    await async_sign_pdf(writer, meta, signer, timestamper=stamper, output=out)
    return out.getvalue()


def _signer(seal: Seal) -> SimpleSigner:
    if seal.p12:
        password = Path(seal.password).read_bytes().strip() if seal.password else None
        found: SimpleSigner | None = SimpleSigner.load_pkcs12(seal.p12, passphrase=password)  # type: ignore[no-untyped-call]
    else:
        found = SimpleSigner.load(seal.key, seal.certificate)  # type: ignore[no-untyped-call]
    if found is None:
        raise Unsealable(
            f"{seal.p12 or seal.key} can't be used as a seal: give a PKCS#12 with its key, and the right password"
        )
    return found


def state(pdf: bytes) -> SealState:
    """What the seal says of the file. The certificate is taken as it is: who trusts it compares its digest."""
    try:
        embedded = PdfFileReader(io.BytesIO(pdf), strict=False).embedded_signatures
        if not embedded:
            return SealState(Coverage.NONE)
        first = embedded[0]
        trust = ValidationContext(trust_roots=[first.signer_cert], allow_fetching=False)
        status = validate_pdf_signature(first, signer_validation_context=trust, skip_diff=True)
    except (PdfError, SignatureValidationError, ValueError, KeyError, TypeError, IndexError, AttributeError, OSError):
        return SealState(Coverage.CHANGED)
    coverage = Coverage.WHOLE
    if not (status.intact and status.valid):
        coverage = Coverage.CHANGED
    elif status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        coverage = Coverage.ADDED_TO
    stamp = status.timestamp_validity
    return SealState(
        coverage,
        first.signer_cert.subject.human_friendly,
        hashlib.sha256(first.signer_cert.dump()).hexdigest(),
        stamp.timestamp.isoformat() if stamp is not None and stamp.valid and stamp.intact else "",
    )
