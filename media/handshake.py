"""DTLS over the plane's one port: aiortc's RTCDtlsTransport above, the plane's validated tuple below (RFC 5764)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from OpenSSL import SSL

from media.plane import SrtpKeys, SrtpProfile

TIMEOUT_S: Final = 10.0
RECORDS_MAX: Final = 64
"""A flight is at most a dozen datagrams; more wait for nothing."""
HANDSHAKE_BYTES_MAX: Final = 16 * 1024
"""Per handshake: what a peer may make us buffer before it is authenticated."""
DATAGRAM_MAX: Final = 1500
RESEND_S: Final = (0.15, 0.4)
"""After a flight without a reply it is sent again, long before OpenSSL's own second: a peer whose DTLS
starts a moment after its ICE (FFmpeg), and a lost datagram, then cost little. Replay windows drop what came twice."""
PROFILES: Final = {
    SRTP_AEAD_AES_128_GCM: SrtpProfile.AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80: SrtpProfile.AES128_CM_SHA1_80,
}
"""Best first: GCM costs a quarter of the other."""
_EXPORTER = b"EXTRACTOR-dtls_srtp"


class HandshakeFailed(Exception):
    """The peer's certificate, its profiles or its records do not fit; the session can't be secured."""


class Handshake:
    """One session's DTLS association. Feed it records; `run` returns the keys once.

    It stays alive after `run` (a lost last flight is answered again) and calls `on_close`
    when the peer closes it, until `stop`.
    """

    def __init__(
        self,
        certificate: RTCCertificate,
        role: str,
        fingerprints: Sequence[tuple[str, str]],
        send: Callable[[bytes], None],
        on_close: Callable[[], None],
    ) -> None:
        """`role` is ours, "server" or "client"; `fingerprints` (algorithm, value) are the peer's."""
        self._wire = _Wire(role, send)
        self._peer = RTCDtlsParameters([RTCDtlsFingerprint(*fingerprint) for fingerprint in fingerprints])
        self._dtls = RTCDtlsTransport(cast(Any, self._wire), [certificate])
        self._dtls._set_role(role)
        self._dtls._srtp_profiles = list(PROFILES)
        self._role = role
        self._on_close = on_close

    def feed(self, record: bytes) -> None:
        """A datagram from the validated tuple, first byte 20-63. Too many are dropped."""
        self._wire.feed(record)

    async def run(self) -> SrtpKeys:
        """Shake hands. Raises TimeoutError after 10 s, HandshakeFailed."""
        async with asyncio.timeout(TIMEOUT_S):
            await self._dtls.start(self._peer)
        if self._dtls.state != "connected":
            raise HandshakeFailed("certificate, profile or records do not fit")
        self._wire.trust()
        self._dtls.on("statechange", self._changed)
        return self._keys()

    def stop(self) -> None:
        """Say goodbye (close_notify) where there is someone to hear it. Returns at once, unlike aiortc's."""
        self._dtls.remove_all_listeners()
        self._wire.hush()
        if self._dtls._task is not None:
            self._dtls._task.cancel()
        if self._dtls.state == "connected":
            ssl: Any = self._dtls._ssl
            with contextlib.suppress(SSL.Error):
                ssl.shutdown()
            with contextlib.suppress(SSL.Error):
                self._wire.send(ssl.bio_read(DATAGRAM_MAX))

    def _changed(self) -> None:
        if self._dtls.state == "closed":
            self._on_close()

    def _keys(self) -> SrtpKeys:
        ssl: Any = self._dtls._ssl
        chosen = ssl.get_selected_srtp_profile()
        profile = next(profile for profile in PROFILES if profile.openssl_profile == chosen)
        material = ssl.export_keying_material(_EXPORTER, 2 * (profile.key_length + profile.salt_length))
        client, server = profile.get_key_and_salt(material, 0), profile.get_key_and_salt(material, 1)
        receive, send = (client, server) if self._role == "server" else (server, client)
        return SrtpKeys(PROFILES[profile], receive=receive, send=send)


class _Wire:
    """What RTCDtlsTransport needs of an ICE transport."""

    def __init__(self, role: str, send: Callable[[bytes], None]) -> None:
        self.role = "controlled" if role == "client" else "controlling"
        self.send = send
        self._records: asyncio.Queue[bytes] = asyncio.Queue(RECORDS_MAX)
        self._budget = HANDSHAKE_BYTES_MAX
        self._trusted = False
        self._flight: list[bytes] = []
        self._timers: list[asyncio.TimerHandle] = []

    def feed(self, record: bytes) -> None:
        if not record or self._records.full():
            return
        if not self._trusted:
            self._budget -= len(record)
            if self._budget < 0:
                return
        self.hush()
        self._records.put_nowait(record)

    def trust(self) -> None:
        self._trusted = True

    def hush(self) -> None:
        """Resend nothing: the flight was answered, or the session is over."""
        for timer in self._timers:
            timer.cancel()
        self._timers, self._flight = [], []

    async def _recv(self) -> bytes:
        return await self._records.get()

    async def _send(self, record: bytes) -> None:
        self.send(record)
        if not self._trusted and len(self._flight) < RECORDS_MAX:
            self._flight.append(record)
            self._timers = self._timers or [
                asyncio.get_running_loop().call_later(after_s, self._resend) for after_s in RESEND_S
            ]

    def _resend(self) -> None:
        for record in self._flight:
            self.send(record)
