"""/healthz and /metrics, and the organiser's health in words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aiohttp import web

from rooms.kernel import Json
from server.clock import Clock
from server.host import Host
from server.media_port import MediaPort
from server.metrics import CONTENT_TYPE, Metrics


class Health:
    """How this node is."""

    def __init__(self, hosts: Sequence[Host], media: MediaPort, clock: Clock, metrics: Metrics) -> None:
        self._hosts = hosts
        self._media = media
        self._clock = clock
        self._metrics = metrics
        self._started_ms = clock.now_ms()

    def mount(self, app: web.Application) -> None:
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/metrics", self._metrics_text)

    def view(self) -> Mapping[str, Json]:
        """The `health` of an organiser's view."""
        up_s = int((self._clock.now_ms() - self._started_ms) / 1000)
        web_part = {"pid": os.getpid(), "up_s": up_s, "started_ms": int(self._started_ms)}
        return {"web": web_part, "relay": self._media.health()}

    async def _healthz(self, request: web.Request) -> web.Response:
        writable = all([await host.probe() for host in self._hosts])
        told = {
            "web": "ok",
            "relay": "ok" if self._media.epoch() else "lost",
            "journal": "ok" if writable else "refuses writes: see the log, make space on the disk",
        }
        status = HTTPStatus.OK if writable else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response(told, status=status, headers={"Cache-Control": "no-store"})

    async def _metrics_text(self, request: web.Request) -> web.Response:
        self._metrics.relay.set(1 if self._media.epoch() else 0)
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})
