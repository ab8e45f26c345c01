"""/healthz and /metrics, and the organiser's health in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

from aiohttp import web

from rooms.kernel import ConferenceId, Json
from server.clock import Clock
from server.lines import MediaFigures
from server.media_port import MediaPort
from server.metrics import CONTENT_TYPE, Metrics
from server.storage import Reason


class Stored(Protocol):
    """What may refuse to store: the journal, the vault."""

    @property
    def refusing(self) -> Reason | None: ...


class Health:
    """How this node is."""

    def __init__(
        self,
        stores: Mapping[str, Stored],
        media: MediaPort,
        clock: Clock,
        metrics: Metrics,
        company: Callable[[ConferenceId], Mapping[str, Json]],
    ) -> None:
        """`company(conference)`: the other processes, and what may be lost, where there are any."""
        self._company = company
        self._stores = stores
        self._media = media
        self._clock = clock
        self._metrics = metrics
        self._started_ms = clock.now_ms()
        metrics.registry.register(MediaFigures(media.measured))

    def mount(self, app: web.Application) -> None:
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/metrics", self._metrics_text)

    def view(self, conference: ConferenceId) -> Mapping[str, Json]:
        """The `health` of an organiser's view."""
        up_s = int((self._clock.now_ms() - self._started_ms) / 1000)
        web_part = {"pid": os.getpid(), "up_s": up_s, "started_ms": int(self._started_ms)}
        return {
            "web": web_part,
            "relay": self._media.health(),
            **self._company(conference),
            **{name: {"state": state} for name, state in self._states()},
        }

    def _states(self) -> list[tuple[str, str]]:
        """`ok` or the refusal's code of each store."""
        return [(name, store.refusing or "ok") for name, store in self._stores.items()]

    async def _healthz(self, request: web.Request) -> web.Response:
        told = {"web": "ok", "relay": "ok" if self._media.epoch() else "lost", **dict(self._states())}
        writable = not any(store.refusing for store in self._stores.values())
        status = HTTPStatus.OK if writable else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response(told, status=status, headers={"Cache-Control": "no-store"})

    async def _metrics_text(self, request: web.Request) -> web.Response:
        relay = self._media.health()
        self._metrics.relay.set(relay["state"] == "ok")
        self._metrics.sessions.set(relay.get("sessions", 0))
        self._metrics.packets.set(relay.get("packets_per_s", 0))
        for name, store in self._stores.items():
            self._metrics.writable.labels(name).set(not store.refusing)
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})
