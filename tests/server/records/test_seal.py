"""A sealed certificate is PDF/A-3b, holds its record, and bears a seal that others accept."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import io
import shutil
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pikepdf
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rooms.kernel import Refused
from server.records import press, sealing
from server.records.attachment import attachments, inflated
from server.records.canonical import canonical
from server.records.keys import Seal, own_seal
from server.records.record import commitments
from server.records.seal import Coverage, Unsealable, sealed, state
from server.records.verdict import Status, overall
from server.records.verify import verify
from server.tls import Pair, builder, keep
from tests.server.records.conftest import Made
from tests.server.records.staged import Stage

MEMORANDUM = "jiangsu-2022-memorandum"
NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
XMP = {"part": "{http://www.aiim.org/pdfa/ns/id/}part", "level": "{http://www.aiim.org/pdfa/ns/id/}conformance"}


def test_the_claim_of_pdf_a_3b_stands_on_what_it_needs(records: Mapping[str, Made]) -> None:
    for made in records.values():
        with pikepdf.open(io.BytesIO(made.pdf)) as pdf:
            with pdf.open_metadata() as metadata:
                assert (metadata[XMP["part"]], metadata[XMP["level"]]) == ("3", "B")
            assert [str(each.S) for each in pdf.Root.OutputIntents] == ["/GTS_PDFA1"]
            assert all("/DestOutputProfile" in each for each in pdf.Root.OutputIntents)
            assert {str(each.AFRelationship) for each in pdf.Root.AF} == {"/Data", "/Supplement"}
            assert not pdf.is_encrypted
            assert b"%%EOF\n" in made.pdf, "the seal's objects begin on a line of their own"
            fonts = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and "/FontDescriptor" in each]
            assert len(fonts) > 3
            assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(each.FontDescriptor.keys()) for each in fonts)


def test_the_record_and_its_openings_are_attached_byte_for_byte(records: Mapping[str, Made]) -> None:
    found = attachments(records[MEMORANDUM].pdf)
    assert found["record.json"].data == canonical(records[MEMORANDUM].value)
    assert "陈晨".encode() in found["personal.json"].data
    assert all(each.whole for each in found.values())


def test_there_is_a_page_in_each_language(records: Mapping[str, Made]) -> None:
    with pikepdf.open(io.BytesIO(records[MEMORANDUM].pdf)) as pdf:
        assert len(pdf.pages) == 4


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_pdfsig_accepts_the_seal(records: Mapping[str, Made], tmp_path: Path) -> None:
    file = tmp_path / "record.pdf"
    file.write_bytes(records[MEMORANDUM].pdf)
    said = subprocess.run(["pdfsig", file], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


def test_the_node_makes_its_seal_once_and_nobody_else_reads_its_key(tmp_path: Path) -> None:
    seal = own_seal(tmp_path, NOW)
    key, certificate = Path(seal.key).read_bytes(), Path(seal.certificate).read_bytes()
    own_seal(tmp_path, NOW + dt.timedelta(days=1))
    assert (Path(seal.key).read_bytes(), Path(seal.certificate).read_bytes()) == (key, certificate)
    assert Path(seal.key).stat().st_mode & 0o077 == 0
    assert Path(seal.key).parent.stat().st_mode & 0o077 == 0


CONFIG = """
[tsa]
default_tsa = ours
[ours]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
"""


def make_authority(folder: Path) -> None:
    """A time-stamping authority (RFC 3161) with a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
    certificate = (
        builder(name, name, key.public_key(), dt.datetime.now(dt.UTC), 10)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    keep(Pair(folder / "tsa.pem", folder / "tsa.key"), key, [certificate])
    (folder / "serial").write_text("01")
    (folder / "tsa.conf").write_text(CONFIG.format(folder=folder))


async def stamped(folder: Path, request: web.Request) -> web.Response:
    (folder / "query").write_bytes(await request.read())
    command = ["openssl", "ts", "-reply", "-config", folder / "tsa.conf", "-queryfile", folder / "query"]
    reply = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
    return web.Response(body=reply.stdout, content_type="application/timestamp-reply")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_an_authority_stamps_the_time_and_its_absence_keeps_no_record_back(
    records: Mapping[str, Made],
    keys: Path,
    tmp_path: Path,
    aiohttp_server: Any,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_authority(tmp_path)
    app = web.Application()
    app.router.add_post("/tsr", functools.partial(stamped, tmp_path))
    server = await aiohttp_server(app)
    pdf = press.printed(records[MEMORANDUM].value, {})
    made, unstamped = await sealed(pdf, own_seal(keys, NOW, str(server.make_url("/tsr"))), "x")
    assert not unstamped
    found = await asyncio.to_thread(state, made)
    assert found.coverage == Coverage.WHOLE
    assert found.stamp is not None
    assert (found.stamp.time[:4], found.stamp.is_whole) == (str(dt.datetime.now(dt.UTC).year), True)
    [checked] = await asyncio.to_thread(verify, [("a.pdf", made)])
    assert checked.status == Status.WHOLE
    [line] = [line for line in checked.lines if "stamped" in line]
    authority = x509.load_pem_x509_certificate((tmp_path / "tsa.pem").read_bytes())
    assert line.startswith("note "), "anybody may call himself an authority"
    assert "An authority" in line
    assert authority.fingerprint(hashes.SHA256()).hex() in line
    assert not caplog.records, "nothing is said beside the verdict"
    end = made.rindex(b"00" * 16 + b">")
    last = len(made[:end].rstrip(b"0")) - 1
    wounded = made[:last] + (b"1" if made[last:][:1] != b"1" else b"2") + made[last + 1 :]
    [checked] = await asyncio.to_thread(verify, [("a.pdf", wounded)])
    assert "the time stamp is not of this seal" in checked.lines[-1]
    monkeypatch.setattr(sealing, "printed", lambda *_: pdf)
    order = sealing.Order({}, {}, own_seal(keys, NOW, str(server.make_url("/away"))), unstamped=False)
    with pytest.raises(Refused, match="stamp-missing"):
        await asyncio.to_thread(sealing.job, msgspec.json.encode(order))
    assert "/away" in capsys.readouterr().err
    made = await asyncio.to_thread(sealing.job, msgspec.json.encode(msgspec.structs.replace(order, unstamped=True)))
    assert (await asyncio.to_thread(state, made)).coverage == Coverage.WHOLE


def p12(folder: Path, password: bytes) -> Path:
    seal = own_seal(folder, NOW)
    key = serialization.load_pem_private_key(Path(seal.key).read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(Path(seal.certificate).read_bytes())
    encryption = serialization.BestAvailableEncryption(password)
    file = folder / "seal.p12"
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"seal", key, certificate, None, encryption))  # type: ignore[arg-type]
    return file


def test_a_given_pkcs12_seals_and_a_wrong_password_is_said(records: Mapping[str, Made], tmp_path: Path) -> None:
    """What it seals here are other pages around a genuine record: only the set, or the seal's digest, tells."""
    record = records[MEMORANDUM].value
    pdf = press.printed(record, {})
    file = p12(tmp_path, b"geheim")
    password = tmp_path / "password"
    password.write_text("geheim\n")
    made, _ = asyncio.run(sealed(pdf, Seal(p12=str(file), password=str(password)), "x"))
    assert state(made).coverage == Coverage.WHOLE
    [genuine] = verify([("a.pdf", records[MEMORANDUM].pdf)])
    [forged] = verify([("a.pdf", made)], seal=genuine.seal)
    assert "not with the one that you gave" in forged.lines[-1]
    assert overall(verify([("a.pdf", records[MEMORANDUM].pdf)], seal=genuine.seal.upper())) == Status.WHOLE
    whole = {name: each.pdf for name, each in records.items()}
    forged, *others = verify(list({**whole, MEMORANDUM: made}.items()))
    assert "names another file of memorandum: other pages, or another seal" in forged.lines[-1]
    assert overall(others) == Status.WHOLE
    [_, other] = verify([("a.pdf", made), ("b.pdf", records["jiangsu-2022-project-1"].pdf)])
    assert "it bears another seal than a.pdf" in other.lines[-1]
    password.write_text("falsch\n")
    with pytest.raises(Unsealable, match="right password"):
        asyncio.run(sealed(pdf, Seal(p12=str(file), password=str(password)), "x"))


def test_a_sign_that_no_font_has_does_not_keep_a_record_from_its_seal(
    stage: Stage, records: Mapping[str, Made]
) -> None:
    record = records[MEMORANDUM].value
    openings = {digest: stage.openings[digest] for digest in commitments(record)}
    odd = {
        digest: press.Opening(each.kind, each.salt, "🎉 \u0b95 Änne 陈") if each.kind == "signatory" else each
        for digest, each in openings.items()
    }
    assert press.printed(record, odd).startswith(b"%PDF-")


def test_without_a_chinese_font_a_page_is_missing_and_a_line_says_so(
    stage: Stage, records: Mapping[str, Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = records[MEMORANDUM].value
    openings = {digest: stage.openings[digest] for digest in commitments(record)}
    monkeypatch.setattr(press, "CJK", "No Such Font")
    made = press.printed(record, openings)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert len(pdf.pages) == 3
    assert attachments(made)["record.json"].data == canonical(record)


def test_a_stream_that_swells_without_end_is_cut() -> None:
    swollen = zlib.compress(bytes(48 * 1024 * 1024), 1)
    found = inflated(swollen)
    assert not found.whole
    assert len(found.data) <= 33 * 1024 * 1024
