"""Two of our own ends shake hands over a wire that the test holds."""

import asyncio

import pytest
from aiortc.rtcdtlstransport import RTCCertificate

from media import handshake
from media.handshake import Handshake, HandshakeFailed
from media.plane import SrtpProfile


def fingerprints(certificate):
    return [(found.algorithm, found.value) for found in certificate.getFingerprints()][:1]


class Pair:
    """A server and a client joined back to back; `closed` names the ends that heard a goodbye."""

    def __init__(self, client_sees=None):
        ours, theirs = RTCCertificate.generateCertificate(), RTCCertificate.generateCertificate()
        self.closed = []
        self.goodbye = asyncio.Event()
        self.sizes = []
        self.server = Handshake(
            ours,
            "server",
            fingerprints(theirs),
            lambda record: self._carry(self.client, record),
            lambda: self._heard("server"),
        )
        self.client = Handshake(
            theirs,
            "client",
            client_sees or fingerprints(ours),
            lambda record: self._carry(self.server, record),
            lambda: self._heard("client"),
        )

    def _heard(self, end):
        self.closed.append(end)
        self.goodbye.set()

    def _carry(self, to, record):
        self.sizes.append(len(record))
        to.feed(record)


async def test_both_ends_get_the_same_keys_crosswise_and_gcm():
    pair = Pair()
    server, client = await asyncio.gather(pair.server.run(), pair.client.run())
    assert server.profile is SrtpProfile.AEAD_AES_128_GCM
    assert (server.send, server.receive) == (client.receive, client.send)
    assert len(server.send) == 28
    assert max(pair.sizes) <= 1500
    pair.server.stop()
    pair.client.stop()


async def test_a_peer_without_gcm_gets_the_older_profile():
    pair = Pair()
    pair.client._dtls._srtp_profiles = [handshake.SRTP_AES128_CM_SHA1_80]
    server, _ = await asyncio.gather(pair.server.run(), pair.client.run())
    assert server.profile is SrtpProfile.AES128_CM_SHA1_80
    assert len(server.receive) == 30
    pair.server.stop()
    pair.client.stop()


async def test_another_certificate_than_the_offer_announced_fails():
    pair = Pair(client_sees=[("sha-256", "00:" * 31 + "00")])
    _, client = await asyncio.gather(pair.server.run(), pair.client.run(), return_exceptions=True)
    assert isinstance(client, HandshakeFailed)
    pair.server.stop()


async def test_a_goodbye_is_heard():
    pair = Pair()
    await asyncio.gather(pair.server.run(), pair.client.run())
    pair.client.stop()
    await asyncio.wait_for(pair.goodbye.wait(), 30)
    assert pair.closed == ["server"]


async def test_silence_and_garbage_end_in_bounded_time(monkeypatch):
    monkeypatch.setattr(handshake, "TIMEOUT_S", 0.05)
    pair = Pair()
    for _ in range(1000):
        pair.server.feed(b"\x16" + b"garbage" * 100)
    with pytest.raises((TimeoutError, HandshakeFailed)):
        await pair.server.run()
