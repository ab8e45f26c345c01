"""The seal of a record: PAdES (ETSI EN 319 142-1) by pyHanko, time-stamped (RFC 3161) where an authority is named."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import find_cms_attribute_iter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, async_sign_pdf
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import TimestampSignatureStatus
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


class Stamp(msgspec.Struct, frozen=True):
    """A time stamp: the time (ISO 8601), by whom, the SHA-256 of the certificate; whether it is of this very seal."""

    time: str
    by: str
    certificate: str
    is_whole: bool


class SealState(msgspec.Struct, frozen=True):
    """A file's seal: who sealed, the SHA-256 of the certificate, and the time stamp in it."""

    coverage: Coverage
    by: str = ""
    certificate: str = ""
    stamp: Stamp | None = None


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
    """What the seal says of the file. Certificates are taken as they are: who trusts one compares its digest."""
    try:
        embedded = PdfFileReader(io.BytesIO(pdf), strict=False).embedded_signatures
        if not embedded:
            return SealState(Coverage.NONE)
        first = embedded[0]
        status = validate_pdf_signature(
            first, _trusting([first.signer_cert]), _trusting(_authority(first)), skip_diff=True
        )
    except (PdfError, SignatureValidationError, ValueError, KeyError, TypeError, IndexError, AttributeError, OSError):
        return SealState(Coverage.CHANGED)
    coverage = Coverage.WHOLE
    if not (status.intact and status.valid):
        coverage = Coverage.CHANGED
    elif status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        coverage = Coverage.ADDED_TO
    return SealState(
        coverage,
        first.signer_cert.subject.human_friendly,
        hashlib.sha256(first.signer_cert.dump()).hexdigest(),
        _stamp(status.timestamp_validity),
    )


def _trusting(certificates: Sequence[Certificate]) -> ValidationContext:
    return ValidationContext(trust_roots=certificates, allow_fetching=False)


def _authority(signature: EmbeddedPdfSignature) -> list[Certificate]:
    """The certificates that came with the time stamp."""
    tokens = find_cms_attribute_iter(signature.signer_info["unsigned_attrs"], "signature_time_stamp_token")
    return [each.chosen for token in tokens for each in token["content"]["certificates"] or ()]


def _stamp(found: TimestampSignatureStatus | None) -> Stamp | None:
    if found is None:
        return None
    by = found.signing_cert
    digest = hashlib.sha256(by.dump()).hexdigest()
    return Stamp(found.timestamp.isoformat(), by.subject.human_friendly, digest, found.valid and found.intact)
