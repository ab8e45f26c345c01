"""A node that others reach speaks TLS only, by its own authority or by given files, which may change while it runs."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import aiohttp
import pytest
import structlog
from cryptography import x509
from msgspec.structs import replace
from structlog.testing import LogCapture
from structlog.typing import EventDict, WrappedLogger

from server import authority, certificates, doorway
from server.certificates import names
from server.settings import Settings, Unusable
from server.tls import local_pair
from tests.server.conftest import PATIENCE_S, Node, running, web_root

pytestmark = pytest.mark.holds

HALL = "127.0.0.2"


@pytest.fixture(autouse=True)
def _others_come_by_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.2 stands for an address of the hall's network."""
    monkeypatch.setattr("server.settings.is_loopback", lambda host: host == "127.0.0.1")


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Node]:
    async with running(Settings(data=tmp_path / "var", host=HALL), web_root(tmp_path / "web")) as node:
        yield node


def trusting(node: Node) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem(node.settings.data))


async def shown(node: Node, trusted: Path) -> bytes:
    """The DER certificate that a new connection gets."""
    context = ssl.create_default_context(cafile=str(trusted))
    _, writer = await asyncio.open_connection(HALL, node.settings.port, ssl=context)
    der: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return der


async def test_a_guest_who_trusts_the_authority_enters_and_gets_a_host_cookie(hall: Node) -> None:
    assert hall.origin == f"https://{HALL}:{hall.settings.port}"
    guest = hall.guest(trusting(hall))
    row = await hall.link("attendee")
    assert row.url.startswith(hall.origin)
    async with guest.http.post(f"{hall.origin}/enter", json={"token": row.token, "name": "Anna"}) as answer:
        cookie = answer.headers["Set-Cookie"]
        told = await answer.json()
    assert cookie.startswith(f"__Host-twinhall-jiangsu-2022.{row.id}=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert told["whep"].startswith("https://")
    await guest.connect(row)
    assert guest.view["conference"]["id"] == "jiangsu-2022"


async def test_a_guest_who_does_not_trust_it_stays_out(hall: Node) -> None:
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await hall.guest().http.get(f"{hall.origin}/")


async def test_plain_http_is_refused(hall: Node) -> None:
    with pytest.raises(aiohttp.ClientError):
        await hall.guest().http.get(f"http://{HALL}:{hall.settings.port}/healthz")


async def test_a_handshake_that_never_comes_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorway, "HANDSHAKE_S", 0.05)
    async with running(Settings(data=tmp_path / "var", host=HALL), web_root(tmp_path / "web")) as node:
        reader, writer = await asyncio.open_connection(HALL, node.settings.port)
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/authority.crt", "application/x-x509-ca-cert"), ("/authority.pem", "application/pem-certificate-chain")],
)
async def test_the_authority_is_there_to_install_and_its_key_is_not(hall: Node, path: str, kind: str) -> None:
    async with hall.guest(trusting(hall)).http.get(hall.origin + path) as answer:
        assert (answer.status, answer.content_type) == (200, kind)
        body = await answer.read()
    load = x509.load_der_x509_certificate if path.endswith("crt") else x509.load_pem_x509_certificate
    loaded = load(body)
    assert loaded.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert b"PRIVATE" not in body
    assert (hall.settings.data / "keys" / "tls" / "authority.key").stat().st_mode & 0o777 == 0o600
    assert "Strict-Transport-Security" not in answer.headers, "the machine's name has other ports"


async def test_a_node_of_this_machine_only_has_no_authority(node: Node) -> None:
    async with node.guest().http.get(f"{node.origin}/authority.crt") as answer:
        assert answer.status == 404


def test_the_certificate_names_all_that_people_may_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Hall")
    monkeypatch.setattr(certificates, "of_this_machine", lambda: ["10.0.0.7", "127.0.0.1"])
    settings = Settings(host="0.0.0.0", announce=("203.0.113.7",))
    assert names(settings) == ["203.0.113.7", "hall", "hall.local", "localhost", "10.0.0.7", "127.0.0.1"]
    assert names(Settings(host="192.0.2.1"))[0] == "192.0.2.1"


async def test_given_files_are_renewed_without_a_restart_and_broken_ones_change_nothing(tmp_path: Path) -> None:
    folder, now = tmp_path / "given", dt.datetime.now(dt.UTC)
    given = local_pair(folder, [HALL], now)
    settings = Settings(data=tmp_path / "var", host=HALL, tls_cert=given.certificate, tls_key=given.key)
    trusted = folder / "authority.pem"
    with heard() as logs:
        async with running(settings, web_root(tmp_path / "web")) as node:
            assert "Strict-Transport-Security" in await headers_of(node, trusted)
            first = await shown(node, trusted)
            good = given.certificate.read_bytes()
            given.certificate.write_text("-----BEGIN CERTIFICATE-----\n")
            os.kill(os.getpid(), signal.SIGHUP)
            await logs.until(lambda line: "why" in line)
            assert await shown(node, trusted) == first
            given.certificate.write_bytes(good)
            local_pair(folder, [HALL, "wall.example"], now)
            os.kill(os.getpid(), signal.SIGHUP)
            await logs.until(renewed)
            assert await shown(node, trusted) != first
    assert len([line for line in logs.entries if "why" in line]) == 1


async def test_files_are_looked_at_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "LOOK_S", 0.01)
    folder, now = tmp_path / "given", dt.datetime.now(dt.UTC)
    given = local_pair(folder, [HALL], now)
    settings = Settings(data=tmp_path / "var", host=HALL, tls_cert=given.certificate, tls_key=given.key)
    with heard() as logs:
        async with running(settings, web_root(tmp_path / "web")) as node:
            first = await shown(node, folder / "authority.pem")
            local_pair(folder, [HALL, "wall.example"], now)
            await logs.until(renewed)
            assert await shown(node, folder / "authority.pem") != first


async def test_files_that_can_not_be_used_end_the_start_with_the_mend(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "var", tls_cert=tmp_path / "gone.pem", tls_key=tmp_path / "gone.key")
    with pytest.raises(Unusable, match=r"gone\.pem can't be read"):
        async with running(replace(settings, host=HALL), web_root(tmp_path / "web")):
            pass


class Logs(LogCapture):
    """What the node logs, to be awaited."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> NoReturn:
        self._news.set()
        super().__call__(logger, name, event)

    async def until(self, said: Callable[[EventDict], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not any(map(said, self.entries)):
                self._news.clear()
                await self._news.wait()


@contextmanager
def heard() -> Iterator[Logs]:
    logs, processors = Logs(), structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [logs]
    try:
        yield logs
    finally:
        processors[:] = before


def renewed(line: EventDict) -> bool:
    return bool(line["event"] == "a renewed certificate is in use")


async def headers_of(node: Node, trusted: Path) -> list[str]:
    context = ssl.create_default_context(cafile=str(trusted))
    async with node.guest(context).http.get(f"{node.origin}/healthz") as answer:
        return list(answer.headers)
