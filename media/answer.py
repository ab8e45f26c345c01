"""The answer as text (RFC 8829 section 5.3, RFC 8839, RFC 8842, RFC 9143): ICE-lite, one port, one bundle."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

import msgspec

from media.model import IceCredentials, Purpose, SlotId
from media.offer import OfferedMedia
from media.payloads import Chosen
from media.plane import OutboundSlot

HOST_PREFERENCE = 126
"""Type preference of host candidates (RFC 8445 section 5.1.2.2)."""
TCP_PREFERENCE = 90
"""The same over TCP, below every way over UDP without a server between (RFC 6544 section 4.2 leaves it to us)."""
PASSIVE = 4 << 13
"""Direction preference of passive host candidates, in its place in the local one (RFC 6544 section 4.2)."""


class Endpoint(msgspec.Struct, frozen=True):
    """What every answer of one relay process says of itself; `addresses` best first, all on `port`, with `tcp` also
    for ICE-TCP."""

    addresses: tuple[str, ...]
    port: int
    fingerprint: str
    tcp: bool = False


class AnsweredMedia(msgspec.Struct, frozen=True):
    """One m-line of the answer: rejected without `chosen`; `slot` is set on lines that we send on."""

    offered: OfferedMedia
    chosen: tuple[Chosen, ...] = ()
    extensions: dict[str, int] = {}
    slot: OutboundSlot | None = None


def write(
    endpoint: Endpoint, ice: IceCredentials, setup: str, cname: str, purpose: Purpose, media: Sequence[AnsweredMedia]
) -> str:
    """The SDP. `setup` is our DTLS role; at least one line is accepted."""
    accepted = [line for line in media if line.chosen]
    bundled = [line.offered.mid for line in accepted if line.offered.mid]
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    if bundled:
        lines.append("a=group:BUNDLE " + " ".join(bundled))
    lines += ["a=ice-lite", "a=msid-semantic: WMS *"]
    for line in media:
        if line.chosen:
            lines += _head(endpoint, line)
            lines += _transport(endpoint, ice, setup)
            lines += [*candidates(endpoint), "a=end-of-candidates"] if line is accepted[0] else []
            lines += _body(line, cname, purpose)
        else:
            lines += _rejected(line.offered)
    return "\r\n".join(lines) + "\r\n"


def slot_stream(slot: SlotId) -> str:
    """`v<n>` and `a<n>` share one MediaStream, so that browsers play them in sync."""
    return f"slot-{slot[1:]}"


def _rejected(offered: OfferedMedia) -> list[str]:
    formats = " ".join(offered.numbers) or "0"
    mid = [f"a=mid:{offered.mid}"] if offered.mid else []
    return [f"m={offered.kind} 0 {offered.protocol} {formats}", "c=IN IP4 0.0.0.0", "a=inactive", *mid]


def _head(endpoint: Endpoint, line: AnsweredMedia) -> list[str]:
    numbers = " ".join(str(chosen.payload.number) for chosen in line.chosen)
    address = endpoint.addresses[0]
    return [
        f"m={line.offered.kind} {endpoint.port} {line.offered.protocol} {numbers}",
        f"c=IN IP{ipaddress.ip_address(address).version} {address}",
    ]


def _transport(endpoint: Endpoint, ice: IceCredentials, setup: str) -> list[str]:
    return [
        f"a=ice-ufrag:{ice.ufrag}",
        f"a=ice-pwd:{ice.pwd}",
        f"a=fingerprint:sha-256 {endpoint.fingerprint}",
        f"a=setup:{setup}",
    ]


def candidates(endpoint: Endpoint) -> list[str]:
    """One host candidate per address, the first preferred; those of TCP after all of UDP (RFC 6544 section 4.5)."""
    lines, count = [], len(endpoint.addresses)
    for index, address in enumerate(endpoint.addresses):
        priority = (HOST_PREFERENCE << 24) + ((65535 - index) << 8) + 255
        lines.append(f"a=candidate:{index + 1} 1 udp {priority} {address} {endpoint.port} typ host")
    for index, address in enumerate(endpoint.addresses if endpoint.tcp else ()):
        priority = (TCP_PREFERENCE << 24) + ((PASSIVE + 8191 - index) << 8) + 255
        place = f"{address} {endpoint.port} typ host tcptype passive"
        lines.append(f"a=candidate:{count + index + 1} 1 tcp {priority} {place}")
    return lines


def _body(line: AnsweredMedia, cname: str, purpose: Purpose) -> Iterator[str]:
    offered = line.offered
    if offered.mid:
        yield f"a=mid:{offered.mid}"
    yield "a=recvonly" if purpose is Purpose.PUBLISH else "a=sendonly"
    yield "a=rtcp-mux"
    if offered.rtcp_rsize:
        yield "a=rtcp-rsize"
    if offered.rtcp_xr and purpose is Purpose.PUBLISH:
        yield "a=rtcp-xr:rcvr-rtt=all"
    for uri, number in line.extensions.items():
        yield f"a=extmap:{number} {uri}"
    for chosen in line.chosen:
        yield from _format(chosen)
    if line.slot is None:
        yield from _simulcast(offered)
    else:
        yield from _streams(line.slot, cname)


def _format(chosen: Chosen) -> Iterator[str]:
    payload = chosen.payload
    channels = f"/{chosen.channels}" if chosen.channels > 1 else ""
    yield f"a=rtpmap:{payload.number} {chosen.name}/{payload.clock_hz}{channels}"
    if payload.fmtp:
        yield f"a=fmtp:{payload.number} {payload.fmtp}"
    for feedback in chosen.feedback:
        yield f"a=rtcp-fb:{payload.number} {feedback}"


def _simulcast(offered: OfferedMedia) -> Iterator[str]:
    """Without this answer browsers send the first layer only (RFC 8853)."""
    if offered.rids:
        yield from (f"a=rid:{rid} recv" for rid in offered.rids)
        yield "a=simulcast:recv " + ";".join(offered.rids)


def _streams(slot: OutboundSlot, cname: str) -> Iterator[str]:
    msid = f"{slot_stream(slot.slot)} {slot.slot}"
    yield f"a=msid:{msid}"
    if slot.rtx_ssrc is not None:
        yield f"a=ssrc-group:FID {slot.ssrc} {slot.rtx_ssrc}"
    for ssrc in (slot.ssrc, slot.rtx_ssrc):
        if ssrc is not None:
            yield f"a=ssrc:{ssrc} cname:{cname}"
            yield f"a=ssrc:{ssrc} msid:{msid}"
