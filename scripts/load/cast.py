"""Who publishes and who watches in a run, as the plane and as the load must know it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from media.model import (
    AudienceName,
    Codec,
    IceCredentials,
    Kind,
    PublicationId,
    Purpose,
    Route,
    SessionId,
    SlotId,
    SourceName,
)
from media.plane import (
    Address,
    Extensions,
    InboundTrack,
    OutboundSlot,
    PayloadType,
    PlaneSession,
    SrtpKeys,
    SrtpProfile,
)
from media.stun import request

VP8: Final = PayloadType(96, Codec.VP8, 90000, nack=True, pli=True)
VP8_RTX: Final = PayloadType(97, Codec.VP8, 90000, apt=96)
OPUS: Final = PayloadType(111, Codec.OPUS, 48000)
MID: Final = Extensions(mid=1)
NUMBERED: Final = Extensions(mid=1, transport_cc=2)
AUDIENCE: Final = AudienceName("bench.stage:attendee")
FIRST_SSRC: Final = 0x0100_0000
RTX_APART: Final = 0x0100_0000
MASTER: Final = 28
"""bytes of an AEAD_AES_128_GCM master key and salt"""
TIMED_MOST: Final = 8
"""viewers whose packets are opened and timed, evenly among all"""


class Flow(msgspec.Struct, frozen=True):
    """What one SSRC sends: `burst` packets of `len` bytes (clear, header included) every `period_us`."""

    kind: Kind
    period_us: int
    burst: int
    len: int
    keyframe_burst: int = 1


PICTURE: Final = Flow(Kind.VIDEO, 33_333, 9, 1184, 36)
"""720p as the issue of speed has it: 30 frames a second of 9 packets, sealed 1200 B each"""
SOUND: Final = Flow(Kind.AUDIO, 20_000, 1, 140)
"""Opus, 50 packets a second"""


class Line(msgspec.Struct, frozen=True):
    """What a viewer tells of its line, as browsers do: when each packet came (transport-wide feedback); and where
    `limit_bps` is not 0, that it carries no more (REMB)."""

    limit_bps: int = 0


class Seat(msgspec.Struct, frozen=True):
    """A session and the keys that its handshake would have made, from the plane's side."""

    session: PlaneSession
    keys: SrtpKeys


class Cast(msgspec.Struct, frozen=True):
    """`publishers` of one source each, all of `flows`; each of `viewers` sees or hears every source. Without a `line`
    viewers tell nothing: nothing is numbered, probed or paced for them."""

    publishers: int
    viewers: int
    flows: tuple[Flow, ...]
    line: Line | None = None

    @property
    def packets_per_s(self) -> float:
        """Published in real time, by all."""
        return self.publishers * sum(1e6 / flow.period_us * flow.burst for flow in self.flows)

    @property
    def slots(self) -> int:
        """Of each viewer."""
        return self.publishers * len(self.flows)

    def seats(self) -> list[Seat]:
        """Publishers first."""
        publishing = [self._publisher(number) for number in range(self.publishers)]
        return publishing + [self._viewer(number) for number in range(self.viewers)]

    def routes(self) -> list[Route]:
        return [Route(slot, source(number)) for number, _, slot in self._places()]

    def spec(self, seats: Sequence[Seat], plane: Address, pid: int, cores: tuple[int, int]) -> Mapping[str, Any]:
        """What `twinhall-bench load` reads; `cores` are the plane's and the load's."""
        publishing, watching = seats[: self.publishers], seats[self.publishers :]
        viewers = [(_peer(seat) | _repairs(seat), [slot.ssrc for slot in seat.session.outbound]) for seat in watching]
        return self.told(plane, pid, cores, [_peer(seat) for seat in publishing], viewers)

    def told(
        self,
        plane: Address,
        pid: int,
        cores: tuple[int, int],
        publishers: Sequence[Mapping[str, Any]],
        viewers: Sequence[tuple[Mapping[str, Any], Sequence[int]]],
    ) -> Mapping[str, Any]:
        """The same of peers (check and keys) and of the SSRCs of each viewer's slots."""
        timed = {round(n * (self.viewers - 1) / TIMED_MOST) for n in range(TIMED_MOST + 1)}
        streams = [self._stream(place, flow) for place, flow in enumerate(self.flows)]
        return {
            "plane": f"{plane[0]}:{plane[1]}",
            "subject_pid": pid,
            "subject_core": cores[0],
            "load_core": cores[1],
            "numbers_id": NUMBERED.transport_cc if self.line else 0,
            "limit_bps": self.line.limit_bps if self.line else 0,
            "publishers": [{**peer, "streams": streams} for peer in publishers],
            "viewers": [
                {**peer, "ssrcs": ssrcs, "address": f"127.1.{number >> 8}.{number & 255}", "opened": number in timed}
                for number, (peer, ssrcs) in enumerate(viewers)
            ],
        }

    def _publisher(self, number: int) -> Seat:
        tracks = tuple(
            InboundTrack(str(place), flow.kind, _payloads(flow.kind), MID, ssrcs={0x1000 + place: ""})
            for place, flow in enumerate(self.flows)
        )
        publication = PublicationId(f"{number:032x}")
        return _seat(f"p{number:04}", Purpose.PUBLISH, source=source(number), publication=publication, inbound=tracks)

    def _viewer(self, number: int) -> Seat:
        slots = tuple(self._slot(number, place, flow, slot) for place, (_, flow, slot) in enumerate(self._places()))
        return _seat(f"v{number:04}", Purpose.PLAY, audience=AUDIENCE, outbound=slots)

    def _slot(self, viewer: int, place: int, flow: Flow, slot: SlotId) -> OutboundSlot:
        ssrc = FIRST_SSRC + viewer * self.slots + place
        rtx_ssrc = ssrc + RTX_APART if self.line and flow.kind is Kind.VIDEO else None
        extensions = NUMBERED if self.line else MID
        return OutboundSlot(slot, str(place), flow.kind, _payloads(flow.kind), extensions, ssrc, rtx_ssrc)

    def _places(self) -> list[tuple[int, Flow, SlotId]]:
        """(publisher, flow, slot) of each of a viewer's slots."""
        return [
            (number, flow, SlotId(f"{'v' if flow.kind is Kind.VIDEO else 'a'}{number}"))
            for number in range(self.publishers)
            for flow in self.flows
        ]

    def _stream(self, place: int, flow: Flow) -> Mapping[str, Any]:
        number = _payloads(flow.kind)[0].number
        return {**msgspec.to_builtins(flow), "ssrc": 0x1000 + place, "payload_type": number}


def _payloads(kind: Kind) -> tuple[PayloadType, ...]:
    return (VP8, VP8_RTX) if kind is Kind.VIDEO else (OPUS,)


def source(number: int) -> SourceName:
    return SourceName(f"bench:camera-{number}")


def _seat(name: str, purpose: Purpose, **rest: Any) -> Seat:
    whole = {"source": None, "publication": None, "audience": None} | rest
    local = IceCredentials(f"relay-{name}", f"the-relay's-password-for-{name}")
    remote = IceCredentials(f"peer-{name}", f"the-peer's-password-{name}")
    session = PlaneSession(SessionId(f"{name:0>32}"), purpose, local, remote, "bench", **whole)
    dice = random.Random(name)
    keys = SrtpKeys(SrtpProfile.AEAD_AES_128_GCM, dice.randbytes(MASTER), dice.randbytes(MASTER))
    return Seat(session, keys)


def _repairs(seat: Seat) -> dict[str, Any]:
    return {"rtx_ssrcs": [slot.rtx_ssrc for slot in seat.session.outbound if slot.rtx_ssrc is not None]}


def _peer(seat: Seat) -> dict[str, Any]:
    """The peer's side of a session: its check, and the keys turned round."""
    session, keys = seat.session, seat.keys
    check = request(b"bench-bench-", f"{session.local.ufrag}:{session.remote.ufrag}", session.local.pwd, True)
    return {"check": check.hex(), "keys": {"send": keys.receive.hex(), "receive": keys.send.hex()}}
