"""The Unix socket of the command line: what only this machine's operator may ask."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aiohttp import web

from server.doors import refused
from server.held import Held
from server.identity import Identity
from server.links import rows
from server.settings import Settings

INVITES = "/invites/{conference}"


class Local:
    """Answers `python -m server invites`."""

    def __init__(self, settings: Settings, hosts: Sequence[Held], identity: Identity) -> None:
        self._settings = settings
        self._hosts = {host.id: host for host in hosts}
        self._identity = identity

    def mount(self, app: web.Application) -> None:
        app.router.add_get(INVITES, self._invites)

    async def _invites(self, request: web.Request) -> web.Response:
        host = next((host for id, host in self._hosts.items() if id == request.match_info["conference"]), None)
        if host is None:
            return refused("conference-unknown", 404, known=", ".join(self._hosts))
        listed = list(rows(self._settings.origin, host.conference, self._identity))
        return web.Response(body=msgspec.json.encode(listed), content_type="application/json")
