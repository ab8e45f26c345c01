"""The UDP way between a page and the node: it can take another path, as for a phone that leaves the Wi-Fi, or none."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from playwright.async_api import BrowserContext, Route

SESSIONS: Final = re.compile("/whep/")
Address = tuple[str, int]


class _End(asyncio.DatagramProtocol):
    def __init__(self, way: UdpWay, *, inner: bool) -> None:
        self._way, self._inner = way, inner

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._way.carry(data, addr, inner=self._inner)


class UdpWay:
    """Between the page (outside) and the node's media port (inside)."""

    def __init__(self, node_port: int) -> None:
        self._node = ("127.0.0.1", node_port)
        self._page: Address | None = None
        self._outside: asyncio.DatagramTransport
        self._inside: asyncio.DatagramTransport
        self.silent = False

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._outside, _ = await loop.create_datagram_endpoint(
            lambda: _End(self, inner=False), local_addr=("0.0.0.0", 0)
        )
        await self.move()

    async def move(self) -> None:
        """From now on the node sees the page at another address; the old one is dead."""
        former = getattr(self, "_inside", None)
        loop = asyncio.get_running_loop()
        self._inside, _ = await loop.create_datagram_endpoint(
            lambda: _End(self, inner=True), local_addr=("127.0.0.1", 0)
        )
        if former is not None:
            former.close()

    async def lay(self, context: BrowserContext) -> None:
        """The pages' answers name this way's port, and no TCP."""
        await context.route(SESSIONS, self._answer)

    def carry(self, data: bytes, addr: Address, *, inner: bool) -> None:
        if not inner:
            self._page = addr
        if self.silent:
            return
        if inner and self._page is not None:
            self._outside.sendto(data, self._page)
        elif not inner and not self._inside.is_closing():
            self._inside.sendto(data, self._node)

    def close(self) -> None:
        self._outside.close()
        self._inside.close()

    async def _answer(self, route: Route) -> None:
        if route.request.method != "POST":
            await route.continue_()
            return
        answer = await route.fetch()
        port = self._outside.get_extra_info("sockname")[1]
        lines = [line for line in (await answer.text()).split("\r\n") if " tcptype " not in line]
        body = "\r\n".join(re.sub(rf" {self._node[1]} typ ", f" {port} typ ", line) for line in lines)
        await route.fulfill(response=answer, body=body)
