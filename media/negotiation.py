"""Offer -> PlaneSession and answer (WHIP RFC 9725, WHEP, JSEP RFC 8829). Pure: randomness comes in as an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from media import answer, payloads
from media.answer import AnsweredMedia, Endpoint
from media.model import Codec, IceCredentials, Kind, PublicationId, Purpose, SessionSpec, SlotId
from media.offer import Offer, OfferedMedia, understand
from media.plane import Extensions, InboundTrack, OutboundSlot, PlaneSession
from media.sdp import Refusal

__all__ = ["Negotiated", "Refusal", "ice_credentials", "negotiate"]

EXTENSIONS: Final = {
    "urn:ietf:params:rtp-hdrext:sdes:mid": "mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id": "rid",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id": "repaired_rid",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time": "abs_send_time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01": "transport_cc",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time": "abs_capture_time",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level": "audio_level",
}
"""Header extensions that planes read or write -> their field in `Extensions`."""
RandomBytes = Callable[[int], bytes]


class Negotiated(msgspec.Struct, frozen=True):
    """An accepted session: for the plane, for the peer, and for the handshake.

    `role` is our DTLS role, `fingerprints` those of the peer's certificate. `deaf` are the
    slots whose line has no codec in common, with the reason in words.
    """

    session: PlaneSession
    answer: str
    role: str
    fingerprints: tuple[tuple[str, str], ...]
    deaf: dict[SlotId, str]


def negotiate(
    spec: SessionSpec, publication: PublicationId | None, endpoint: Endpoint, random: RandomBytes
) -> Negotiated:
    """Answer an offer. Raises Refusal for every offer that is not served, and nothing else."""
    offer = understand(spec.offer)
    lines = list(_publish(spec, offer) if spec.purpose is Purpose.PUBLISH else _play(spec, offer, random))
    accepted = [line for line in lines if line.chosen]
    if not accepted:
        raise _nothing(spec, offer)
    ice, cname = ice_credentials(random), random(8).hex()
    role = "client" if offer.setup == "passive" else "server"
    text = answer.write(endpoint, ice, _setup(role), cname, spec.purpose, lines)
    return Negotiated(
        session=PlaneSession(
            id=spec.id,
            purpose=spec.purpose,
            local=ice,
            remote=offer.ice,
            cname=cname,
            source=spec.source,
            publication=publication,
            audience=spec.audience,
            inbound=tuple(_track(line) for line in accepted) if spec.purpose is Purpose.PUBLISH else (),
            outbound=tuple(line.slot for line in accepted if line.slot is not None),
        ),
        answer=text,
        role=role,
        fingerprints=offer.fingerprints,
        deaf=_deaf(spec, offer, lines),
    )


def ice_credentials(random: RandomBytes) -> IceCredentials:
    """Fresh ones: over 24 and 128 bits of randomness (RFC 8839 section 5.4)."""
    return IceCredentials(random(6).hex(), random(16).hex())


def _setup(role: str) -> str:
    return "active" if role == "client" else "passive"


def _publish(spec: SessionSpec, offer: Offer) -> Iterator[AnsweredMedia]:
    """The first line of each kind that the peer sends on; a line whose codec we do not serve refuses the
    whole offer, for a hall must hear at once that its picture would be missing."""
    taken: set[str] = set()
    for line in offer.media:
        if line.kind in taken or not _is_usable(line, "sendonly"):
            yield AnsweredMedia(line)
            continue
        chosen = payloads.choose(line, spec.codecs, Purpose.PUBLISH)
        if not chosen:
            raise _unsupported(spec)
        taken.add(line.kind)
        yield AnsweredMedia(line, chosen, _extensions(line))


def _play(spec: SessionSpec, offer: Offer, random: RandomBytes) -> Iterator[AnsweredMedia]:
    """Every line that the peer receives on becomes a slot; a line counts even if it is rejected, so that
    slot n stays the page's n-th line."""
    ssrcs = _ssrcs(random)
    for slot, line in _slots(offer):
        chosen = payloads.choose(line, spec.codecs, Purpose.PLAY) if _is_usable(line, "recvonly") else ()
        if slot is None or not chosen:
            yield AnsweredMedia(line)
            continue
        extensions = _extensions(line)
        outbound = OutboundSlot(
            slot=slot,
            mid=line.mid,
            kind=Kind(line.kind),
            payloads=tuple(part.payload for part in chosen),
            extensions=_ids(extensions),
            ssrc=next(ssrcs),
            rtx_ssrc=next(ssrcs) if any(part.payload.apt is not None for part in chosen) else None,
        )
        yield AnsweredMedia(line, chosen, extensions, outbound)


def _slots(offer: Offer) -> Iterator[tuple[SlotId | None, OfferedMedia]]:
    counts = {Kind.VIDEO: 0, Kind.AUDIO: 0}
    for line in offer.media:
        if line.kind not in ("audio", "video"):
            yield None, line
            continue
        kind = Kind(line.kind)
        yield SlotId(f"{kind[0]}{counts[kind]}"), line
        counts[kind] += 1


def _is_usable(line: OfferedMedia, direction: str) -> bool:
    """On the bundle's transport, in our direction."""
    return line.serviceable and line.bundled and line.direction in ("sendrecv", direction)


def _extensions(line: OfferedMedia) -> dict[str, int]:
    return {uri: number for uri, number in line.extensions.items() if uri in EXTENSIONS}


def _ids(extensions: dict[str, int]) -> Extensions:
    return Extensions(**{EXTENSIONS[uri]: number for uri, number in extensions.items()})


def _track(line: AnsweredMedia) -> InboundTrack:
    offered = line.offered
    layered = dict.fromkeys(offered.ssrcs, "")
    layered |= {ssrc: str(index) for index, ssrc in enumerate(offered.simulcast_ssrcs)}
    return InboundTrack(
        mid=offered.mid,
        kind=Kind(offered.kind),
        payloads=tuple(part.payload for part in line.chosen),
        extensions=_ids(line.extensions),
        ssrcs={} if offered.rids else layered,
        repairs=offered.repairs,
        rids=offered.rids,
    )


def _ssrcs(random: RandomBytes) -> Iterator[int]:
    """Random, never 0, never twice in one session."""
    used = {0}
    while True:
        ssrc = int.from_bytes(random(4))
        if ssrc not in used:
            used.add(ssrc)
            yield ssrc


def _deaf(spec: SessionSpec, offer: Offer, lines: list[AnsweredMedia]) -> dict[SlotId, str]:
    if spec.purpose is Purpose.PUBLISH:
        return {}
    return {
        slot: f"no codec in common; served are {_served(spec, Kind(line.offered.kind))}"
        for (slot, _), line in zip(_slots(offer), lines, strict=True)
        if slot is not None and not line.chosen and _is_usable(line.offered, "recvonly")
    }


def _nothing(spec: SessionSpec, offer: Offer) -> Refusal:
    direction = "sendonly" if spec.purpose is Purpose.PUBLISH else "recvonly"
    if any(_is_usable(line, direction) for line in offer.media):
        return _unsupported(spec)
    verb = "sends" if spec.purpose is Purpose.PUBLISH else "receives"
    return Refusal("no-media", f"no m-line {verb} audio or video over DTLS-SRTP with rtcp-mux")


def _unsupported(spec: SessionSpec) -> Refusal:
    served = f"video {_served(spec, Kind.VIDEO)}; audio {_served(spec, Kind.AUDIO)}"
    return Refusal("codec-unsupported", f"no codec in common on a line; served are {served}")


def _served(spec: SessionSpec, kind: Kind) -> str:
    """The codecs of a kind in words; RED rides on Opus and is none by itself."""
    names = [codec for codec in spec.codecs if (codec in payloads.AUDIO) == (kind is Kind.AUDIO) and codec != Codec.RED]
    return ", ".join(names) or "none"
