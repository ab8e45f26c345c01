"""The local authority's certificates are taken by a real TLS client; broken files are refused in words."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from server.settings import Unusable
from server.tls import CERTIFICATE_DAYS, Pair, Terminator, local_pair

pytestmark = pytest.mark.holds

NOW = dt.datetime.now(dt.UTC)
NAMES = ["hall.example", "192.0.2.7", "2001:db8::7"]


def handshake(terminator: Terminator, authority: Path, name: str) -> bytes:
    """The DER certificate that a client which trusts `authority` alone accepts for `name`."""
    ours, theirs = socket.socketpair()
    client = ssl.create_default_context(cafile=str(authority))
    serving = threading.Thread(target=lambda: terminator.context.wrap_socket(ours, server_side=True).close())
    serving.start()
    try:
        with client.wrap_socket(theirs, server_hostname=name) as secured:
            return secured.getpeercert(binary_form=True) or b""
    finally:
        serving.join()


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_authority_accepts_each_name(tmp_path: Path, name: str) -> None:
    terminator = Terminator(local_pair(tmp_path, NAMES, NOW))
    assert handshake(terminator, tmp_path / "authority.pem", name)


def test_a_second_start_keeps_the_certificate(tmp_path: Path) -> None:
    first = local_pair(tmp_path, NAMES, NOW).certificate.read_bytes()
    assert local_pair(tmp_path, NAMES, NOW).certificate.read_bytes() == first


def test_another_name_gets_another_certificate_of_the_same_authority(tmp_path: Path) -> None:
    local_pair(tmp_path, NAMES, NOW)
    authority = (tmp_path / "authority.pem").read_bytes()
    terminator = Terminator(local_pair(tmp_path, ["other.example"], NOW))
    assert (tmp_path / "authority.pem").read_bytes() == authority
    assert handshake(terminator, tmp_path / "authority.pem", "other.example")


def test_a_certificate_is_renewed_before_it_ends(tmp_path: Path) -> None:
    first = local_pair(tmp_path, NAMES, NOW).certificate.read_bytes()
    later = NOW + dt.timedelta(days=CERTIFICATE_DAYS - 20)
    second = local_pair(tmp_path, NAMES, later).certificate.read_bytes()
    assert second != first
    assert x509.load_pem_x509_certificate(second).not_valid_after_utc > later + dt.timedelta(days=300)


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    local_pair(tmp_path, NAMES, NOW)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key")} == {0o600}


def test_renewed_files_serve_new_connections_without_a_restart(tmp_path: Path) -> None:
    pair = local_pair(tmp_path, NAMES, NOW)
    terminator = Terminator(pair)
    before = handshake(terminator, tmp_path / "authority.pem", NAMES[0])
    local_pair(tmp_path, [*NAMES, "wall.example"], NOW)
    assert terminator.refresh()
    assert handshake(terminator, tmp_path / "authority.pem", NAMES[0]) != before
    assert not terminator.refresh()


def test_a_key_without_its_certificate_is_followed_by_another_pair(tmp_path: Path) -> None:
    """Power went between the two files of a renewal."""
    pair = local_pair(tmp_path, NAMES, NOW)
    other = local_pair(tmp_path / "other", NAMES, NOW)
    pair.key.write_bytes(other.key.read_bytes())
    Terminator(local_pair(tmp_path, NAMES, NOW))


def test_half_written_files_are_refused_and_the_old_ones_stay(tmp_path: Path) -> None:
    pair = local_pair(tmp_path, NAMES, NOW)
    terminator = Terminator(pair)
    pair.certificate.write_text("-----BEGIN CERTIFICATE-----\n")
    with pytest.raises(Unusable, match="can't be used"):
        terminator.refresh()
    assert handshake(terminator, tmp_path / "authority.pem", NAMES[0])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"gone\.pem can't be read"):
        Terminator(Pair(tmp_path / "gone.pem", tmp_path / "gone.key"))
