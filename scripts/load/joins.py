"""Viewers that join a real relay process: offer, ICE check, DTLS, first packet, and away again.

Beside them a native load publishes to viewers of its own, who must lose nothing. The control is a bare loop of
aiortc handshakes, both ends in one process on the relay's core.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from aiortc.rtcdtlstransport import RTCCertificate

from media.addresses import free_port
from media.client import RelayClient
from media.handshake import Handshake
from media.model import Kind, Purpose, Route, SessionId, SessionSpec, SlotId
from media.plane import Address, SrtpKeys
from media.stun import request
from scripts.load.cast import AUDIENCE, PICTURE, SOUND, Cast, source
from scripts.load.trial import HOUSE, LOAD_CORE, SUBJECT_CORE, Impossible, Load

PATIENCE_S: Final = 10.0
ANSWER: Final = b"\1\1"
SOURCE: Final = source(0)
STAGE: Final = (Route(SlotId("v0"), SOURCE), Route(SlotId("a0"), SOURCE))
"""what is on it, and so what those who join wait for"""


class Joined(msgspec.Struct, frozen=True):
    """A session as its peer knows it. `ms` from the offer until the keys, and until the first packet."""

    session: SessionId
    local: tuple[str, str]
    remote: tuple[str, str]
    keys: SrtpKeys
    answer: str
    keys_ms: float
    first_packet_ms: float


class Peer(asyncio.DatagramProtocol):
    """One peer's socket: checks, records and media of one session."""

    def __init__(self, certificate: RTCCertificate) -> None:
        self._certificate = certificate
        self.answered, self.heard = asyncio.Event(), asyncio.Event()
        self._handshake: Handshake | None = None
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data.startswith(ANSWER):
            self.answered.set()
        elif 20 <= data[0] <= 63 and self._handshake is not None:
            self._handshake.feed(data)
        elif 128 <= data[0] <= 191 and not 192 <= data[1] <= 223:
            self.heard.set()

    async def shake(self, fingerprint: tuple[str, str]) -> SrtpKeys:
        """DTLS as the client. Raises TimeoutError, HandshakeFailed."""
        assert self.transport is not None
        self._handshake = Handshake(
            self._certificate, "client", [fingerprint], self.transport.sendto, on_close=lambda: None
        )
        return await self._handshake.run()

    def close(self) -> None:
        if self._handshake is not None:
            self._handshake.stop()
        if self.transport is not None:
            self.transport.close()


class Lobby:
    """A relay process with its control socket, and peers that come and go."""

    def __init__(self, client: RelayClient, address: Address, pid: int) -> None:
        self.client, self.address, self.pid = client, address, pid
        self._certificate = RTCCertificate.generateCertificate()
        self._staying: list[Peer] = []

    async def join(self, purpose: Purpose, kinds: Sequence[Kind], *, hear: bool, leave: bool) -> Joined:
        """One session. `hear`: until its first packet; `leave`: and away, else until `close`. Raises TimeoutError,
        Impossible."""
        began_s, name = time.perf_counter(), SessionId(secrets.token_hex(16))
        local = secrets.token_urlsafe(6), secrets.token_urlsafe(18)
        found = self._certificate.getFingerprints()[0]
        offer = _offer(kinds, local, f"{found.algorithm} {found.value}", publishes=purpose is Purpose.PUBLISH)
        whose = {"source": SOURCE} if purpose is Purpose.PUBLISH else {"audience": AUDIENCE}
        self.client.put(SessionSpec(name, purpose, "bench", offer=offer, **whose))
        state = await self.client.negotiated(name, PATIENCE_S)
        if not state.answer:
            raise Impossible(f"the relay refused an offer: {state.reason}")
        remote = _line(state.answer, "a=ice-ufrag:"), _line(state.answer, "a=ice-pwd:")
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_datagram_endpoint(lambda: Peer(self._certificate), remote_addr=self.address)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await _checked(peer, f"{remote[0]}:{local[0]}", remote[1])
                algorithm, _, value = _line(state.answer, "a=fingerprint:").partition(" ")
                keys = await peer.shake((algorithm, value))
                keys_s = time.perf_counter()
                if hear:
                    await peer.heard.wait()
            heard_s = time.perf_counter()
        finally:
            if leave:
                peer.close()
                self.client.drop(name)
            else:
                self._staying.append(peer)
        passed_ms = round((keys_s - began_s) * 1000, 3), round((heard_s - began_s) * 1000, 3)
        return Joined(name, local, remote, keys, state.answer, *passed_ms)

    def close(self) -> None:
        """Goodbye of all who stayed."""
        for peer in self._staying:
            peer.close()


async def _checked(peer: Peer, username: str, pwd: str) -> None:
    assert peer.transport is not None
    while not peer.answered.is_set():
        peer.transport.sendto(request(secrets.token_bytes(12), username, pwd, True))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(peer.answered.wait(), 0.1)


def _line(sdp: str, start: str) -> str:
    return next(line for line in sdp.splitlines() if line.startswith(start)).removeprefix(start)


def _offer(kinds: Sequence[Kind], ice: tuple[str, str], fingerprint: str, *, publishes: bool) -> str:
    """The least that the relay takes for a peer."""
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines.append("a=group:BUNDLE " + " ".join(str(mid) for mid in range(len(kinds))))
    for mid, kind in enumerate(kinds):
        number, codec = (96, "VP8/90000") if kind is Kind.VIDEO else (111, "opus/48000/2")
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}", "c=IN IP4 0.0.0.0", f"a=mid:{mid}", "a=rtcp-mux"]
        lines += ["a=sendonly" if publishes else "a=recvonly", f"a=rtpmap:{number} {codec}"]
        lines += [f"a=rtcp-fb:{number} nack", f"a=rtcp-fb:{number} nack pli"] if kind is Kind.VIDEO else []
        lines += ["a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid", f"a=ice-ufrag:{ice[0]}", f"a=ice-pwd:{ice[1]}"]
        lines += [f"a=fingerprint:{fingerprint}", "a=setup:active"]
        lines += [f"a=ssrc:{0x1000 + mid} cname:bench"] if publishes else []
    return "\r\n".join([*lines, ""])


@contextlib.asynccontextmanager
async def lobby(plane: str) -> AsyncIterator[Lobby]:
    """A relay process on its core, its control socket connected, one audience routed to one source."""
    with tempfile.TemporaryDirectory(prefix="twinhall-joins-") as folder:
        address = Address(("127.0.0.1", free_port()))
        options = ["--data", folder, "--udp-port", str(address[1]), "--announce", address[0], "--plane", plane]
        command = [sys.executable, "-m", "media", *options]
        quiet = asyncio.subprocess.DEVNULL  # it tells of every session
        relay = await asyncio.create_subprocess_exec(*command, cwd=HOUSE, stdout=quiet, stderr=quiet)
        os.sched_setaffinity(relay.pid, {SUBJECT_CORE})
        connected = asyncio.Event()
        client = RelayClient(Path(folder) / "run" / "relay.sock", lambda frame: None, lambda link: connected.set())
        client.route(AUDIENCE, STAGE)
        client.start()
        try:
            await asyncio.wait_for(connected.wait(), PATIENCE_S)
            with contextlib.closing(Lobby(client, address, relay.pid)) as hall:
                yield hall
        finally:
            await client.close()
            with contextlib.suppress(ProcessLookupError):
                relay.send_signal(signal.SIGTERM)
            await relay.wait()


async def at_a_rate(hall: Lobby, per_s: int, seconds: float) -> tuple[list[Joined], list[str], float]:
    """Joins that begin by the clock: those that succeeded, why the others did not, and joins per second achieved."""
    tasks = []
    began_s = time.perf_counter()
    for number in range(round(per_s * seconds)):
        await asyncio.sleep(max(0.0, began_s + number / per_s - time.perf_counter()))
        tasks.append(asyncio.create_task(hall.join(Purpose.PLAY, (Kind.VIDEO, Kind.AUDIO), hear=True, leave=True)))
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    achieved = len(tasks) / (time.perf_counter() - began_s)
    succeeded = [one for one in ended if isinstance(one, Joined)]
    return succeeded, [repr(one) for one in ended if not isinstance(one, Joined)], achieved


async def bare_handshakes(seconds: float) -> float:
    """aiortc handshakes per second, both ends in this process, one pair after the other."""
    certificate = RTCCertificate.generateCertificate()
    fingerprints = [(one.algorithm, one.value) for one in certificate.getFingerprints()][:1]
    count, began_s = 0, time.perf_counter()
    while time.perf_counter() - began_s < seconds:
        ends: dict[str, Handshake] = {}

        def end(role: str, other: str, ends: dict[str, Handshake] = ends) -> Handshake:
            return Handshake(
                certificate, role, fingerprints, lambda record: ends[other].feed(record), on_close=lambda: None
            )

        ends |= {"server": end("server", "client"), "client": end("client", "server")}
        await asyncio.gather(*(one.run() for one in ends.values()))
        for one in ends.values():
            one.stop()
        count += 1
    return count / (time.perf_counter() - began_s)


async def bare_rate(seconds: float) -> float:
    """`bare_handshakes` in a process of its own, on the relay's core."""
    pipe = asyncio.subprocess.PIPE
    loop = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, str(seconds), stdout=pipe, cwd=HOUSE)
    told, _ = await loop.communicate()
    return float(told)


@contextlib.asynccontextmanager
async def beside(relay: Lobby, viewers: int) -> AsyncIterator[Load]:
    """A publisher and `viewers` viewers who shook hands here, and whose media the native load goes on with."""
    kinds = (Kind.VIDEO, Kind.AUDIO)
    publisher = await relay.join(Purpose.PUBLISH, kinds, hear=False, leave=False)
    watching = [await relay.join(Purpose.PLAY, kinds, hear=False, leave=False) for _ in range(viewers)]
    cast = Cast(1, viewers, (PICTURE, SOUND))
    seats = [(_peer(one), _ssrcs(one)) for one in watching]
    spec = cast.told(relay.address, relay.pid, (SUBJECT_CORE, LOAD_CORE), [_peer(publisher)], seats)
    with tempfile.TemporaryDirectory(prefix="twinhall-joins-") as folder:
        async with Load.started(spec, Path(folder)) as load:
            await load.connect(viewers)
            await load.begin(viewers)
            yield load


def _ssrcs(joined: Joined) -> list[int]:
    """Those that the answer announces."""
    lines = [line for line in joined.answer.splitlines() if line.startswith("a=ssrc:")]
    return list(dict.fromkeys(int(line.removeprefix("a=ssrc:").partition(" ")[0]) for line in lines))


def _peer(joined: Joined) -> dict[str, Any]:
    """The peer's side of a joined session: its check and its keys."""
    check = request(b"bench-bench-", f"{joined.remote[0]}:{joined.local[0]}", joined.remote[1], True)
    return {"check": check.hex(), "keys": {"send": joined.keys.send.hex(), "receive": joined.keys.receive.hex()}}


if __name__ == "__main__":  # the control, on the relay's core
    os.sched_setaffinity(0, {SUBJECT_CORE})
    print(asyncio.run(bare_handshakes(float(sys.argv[1]))))
