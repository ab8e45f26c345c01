"""Which certificate this node shows, kept fresh while it runs; and its authority, for devices to trust."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from media.addresses import of_this_machine
from server import authority
from server.authority import FOLDER
from server.settings import EVERYWHERE, Settings, Unusable
from server.tls import Pair, Terminator, local_pair

LOOK_S: Final = 3.0
"""How often files are looked at; a renewed certificate is in use before anybody asks why not."""
DER: Final = "application/x-x509-ca-cert"
PEM: Final = "application/pem-certificate-chain"
"""RFC 8555, section 9.1."""

log = structlog.get_logger()


class Certificates:
    """The pair that the settings ask for: the given files, or the local authority's."""

    def __init__(self, settings: Settings) -> None:
        """Raises Unusable when the pair can't be used."""
        self._settings = settings
        self._terminator = Terminator(self._pair())
        self._soon = asyncio.Event()
        self._said = ""

    @property
    def context(self) -> ssl.SSLContext:
        """For the listening socket; new connections get renewed files."""
        return self._terminator.context

    def look_soon(self) -> None:
        """Look at the files now; the operator says that they changed."""
        self._soon.set()

    async def keep_fresh(self) -> None:
        """Take changed files, until cancelled. Unusable ones are named once, and the old ones stay."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._soon.wait(), LOOK_S)
            self._soon.clear()
            self._look()

    def _look(self) -> None:
        try:
            self._pair()
            if self._terminator.refresh():
                log.info("a renewed certificate is in use")
            self._said = ""
        except (Unusable, OSError) as wrong:
            if self._said != str(wrong):
                log.warning("the old certificate stays in use", why=str(wrong))
            self._said = str(wrong)

    def _pair(self) -> Pair:
        """The files; the local authority's are made or renewed when they are due."""
        settings = self._settings
        if settings.tls_cert is not None and settings.tls_key is not None:
            return Pair(settings.tls_cert, settings.tls_key)
        try:
            return local_pair(settings.data / FOLDER, names(settings), dt.datetime.now(dt.UTC))
        except (OSError, ValueError) as wrong:
            raise Unusable(
                f"The certificates in {settings.data / FOLDER} can't be used ({wrong}): "
                "mend or remove that folder, or give --tls-cert and --tls-key."
            ) from None


def leaf_fingerprint(settings: Settings) -> bytes:
    """SHA-256 of the certificate that this process shows; empty when it shows none (yet)."""
    if not settings.speaks_tls:
        return b""
    file = settings.tls_cert or settings.data / FOLDER / "certificate.pem"
    try:
        first, _, _ = file.read_text().partition("-----END CERTIFICATE-----")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first + "-----END CERTIFICATE-----\n")).digest()
    except (OSError, ValueError):
        return b""


def names(settings: Settings) -> list[str]:
    """What people may call this node: what they were told, its own name, and all its addresses."""
    told = [settings.host] if settings.host not in EVERYWHERE else []
    if public := urlsplit(settings.public_url).hostname:
        told.append(public)
    machine = socket.gethostname().lower()
    own = [machine, f"{machine}.local"] if machine.isascii() and "." not in machine else [machine]
    found = [*told, *settings.announce, *filter(str.isascii, own), "localhost", *of_this_machine()]
    return list(dict.fromkeys(found))


def mount_authority(app: web.Application, data: Path) -> None:
    """Let devices fetch the authority's certificate; its key never leaves the folder."""

    def give(type: str, body: Callable[[Path], bytes]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            headers = {
                "Content-Disposition": f'attachment; filename="twinhall-{request.path[1:]}"',
                "Cache-Control": "no-cache",
            }
            return web.Response(body=body(data), content_type=type, headers=headers)

        return handler

    app.router.add_get("/authority.crt", give(DER, authority.der))
    app.router.add_get("/authority.pem", give(PEM, lambda data: authority.pem(data).encode()))
