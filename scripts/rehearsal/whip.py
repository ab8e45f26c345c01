"""An aiortc peer that publishes by WHIP (RFC 9725) or plays by WHEP."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urljoin

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcconfiguration import RTCBundlePolicy

CONNECT_S: Final = 10.0


class NotAccepted(Exception):
    """The node refused a session: the HTTP status and what it said."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:200]}")
        self.status = status


def peer() -> RTCPeerConnection:
    """A peer connection that asks no STUN server."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def candidates_last(answer: str) -> str:
    """The answer with its candidates in the last section too.

    An answer names them in the first section of a bundle (RFC 8843 section 7.3); aiortc looks in the last one.
    """
    lines = answer.splitlines()
    named = [line for line in lines if line.startswith(("a=candidate:", "a=end-of-candidates"))]
    return "\r\n".join([*lines, *(named if answer.count("\nm=") > 1 else ()), ""])


class Session:
    """One WHIP or WHEP session: a peer connection and the resource that stands for it."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str, connection: RTCPeerConnection) -> None:
        self.connection = connection
        self.resource = ""
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._connected = asyncio.Event()
        self.connection.on("connectionstatechange", self._changed)

    async def start(self) -> None:
        """Offer, take the answer, and wait until media may flow. Raises NotAccepted, TimeoutError."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        headers = {**self._headers, "Content-Type": "application/sdp"}
        offer = self.connection.localDescription.sdp
        async with self._http.post(self._url, data=offer, headers=headers) as answer:
            text = await answer.text()
            if answer.status != 201:
                raise NotAccepted(answer.status, text)
            self.resource = urljoin(self._url, answer.headers["Location"])
        await self.connection.setRemoteDescription(RTCSessionDescription(candidates_last(text), "answer"))
        async with asyncio.timeout(CONNECT_S):
            await self._connected.wait()

    async def stop(self) -> None:
        """Say goodbye to the node, if it still listens, and close."""
        if self.resource:
            try:
                async with self._http.delete(self.resource, headers=self._headers):
                    self.resource = ""
            except (aiohttp.ClientError, TimeoutError):
                self.resource = ""
        await self.connection.close()

    def _changed(self) -> None:
        if self.connection.connectionState == "connected":
            self._connected.set()
