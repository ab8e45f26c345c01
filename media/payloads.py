"""Which payload types of an offer we serve, and what we say about each (RFC 8829 section 5.3.1, RFC 6184, RFC 7587)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from media.model import Codec, Kind, Purpose
from media.offer import Format, OfferedMedia
from media.plane import PayloadType

AUDIO: Final = frozenset({Codec.OPUS, Codec.RED})
CLOCK_HZ: Final = {Codec.OPUS: 48_000, Codec.RED: 48_000}
VIDEO_CLOCK_HZ: Final = 90_000
FEEDBACK: Final = ("nack", "nack pli", "ccm fir", "transport-cc", "goog-remb")
LIBWEBRTC_MARK: Final = "http://www.webrtc.org/experiments/rtp-hdrext/video-timing"
"""Offered by Chromium's kin alone: they read x-google-* and ramp up at once; others may stumble over it."""
OPUS_IN: Final = {
    "stereo": "1",
    "sprop-stereo": "1",
    "maxaveragebitrate": "128000",
    "useinbandfec": "1",
    "usedtx": "0",
}
"""Hall sound: 48 kHz stereo, well over 96 kbit/s as received; no gaps, for they would look like a lost source."""
OPUS_OUT: Final = {"stereo": "1", "sprop-stereo": "1", "useinbandfec": "1"}
VIDEO_IN: Final = {"x-google-start-bitrate": "2500"}
"""kbit/s: 720p is sharp from the first second on."""
_H264_PROFILES: Final = ("42e0", "42c0", "4200", "4de0", "4d40", "4d00", "640c", "6400")
"""profile_idc and profile-iop, most widely decoded first: constrained baseline, baseline, main, high.
Packetization mode 0 is served to those who know no other."""


class Chosen(msgspec.Struct, frozen=True):
    """A payload type in the answer: as the plane wants it, and the words of the answer about it."""

    payload: PayloadType
    name: str
    channels: int
    feedback: tuple[str, ...]


def choose(line: OfferedMedia, codecs: Sequence[Codec], purpose: Purpose) -> tuple[Chosen, ...]:
    """Payload types to answer with, best first; RTX follows what it repairs. Empty: nothing in common.

    A publisher gets the one best codec of its kind (with RTX, and RED behind Opus where the codec
    list has it), so that what it sends never changes under its viewers; a player keeps all of them.
    """
    primaries = [(codec, found) for codec in codecs for found in _offered(line, codec)]
    if purpose is Purpose.PUBLISH:
        primaries = _best(primaries)
    opus_first = sorted(primaries, key=lambda pair: pair[0] is Codec.RED)
    if all(codec is Codec.RED for codec, _ in opus_first):
        return ()
    repairs = {int(apt): found for found in line.formats if (apt := _repaired(found)) is not None}
    chosen = []
    for codec, found in opus_first:
        chosen.append(_chosen(line, codec, found, purpose))
        if (rtx := repairs.get(found.number)) is not None:
            chosen.append(_rtx(codec, found, rtx))
    return tuple(chosen)


def _offered(line: OfferedMedia, codec: Codec) -> Iterator[Format]:
    """The payload types of `codec` on this line, best first."""
    kind = Kind.AUDIO if codec in AUDIO else Kind.VIDEO
    clock_hz = CLOCK_HZ.get(codec, VIDEO_CLOCK_HZ)
    found = [
        offered
        for offered in line.formats
        if line.kind == kind and offered.name.lower() == codec.lower() and offered.clock_hz == clock_hz
    ]
    match codec:
        case Codec.H264:
            served = [offered for offered in found if _h264_profile(offered) in _H264_PROFILES]
            whole = [offered for offered in served if offered.parameter("packetization-mode") == "1"]
            yield from sorted(whole or served, key=lambda offered: _H264_PROFILES.index(_h264_profile(offered)))
        case Codec.VP9:
            yield from (offered for offered in found if (offered.parameter("profile-id") or "0") == "0")
        case Codec.AV1:
            yield from (offered for offered in found if (offered.parameter("profile") or "0") == "0")
        case _:
            yield from found


def _best(primaries: list[tuple[Codec, Format]]) -> list[tuple[Codec, Format]]:
    """The first payload type of the first codec, and the first RED."""
    best = [pair for pair in primaries if pair[0] is not Codec.RED][:1]
    return best + [pair for pair in primaries if pair[0] is Codec.RED][:1]


def _h264_profile(offered: Format) -> str:
    """profile_idc and profile-iop as four hex digits; absent means baseline (RFC 6184 section 8.1)."""
    profile = (offered.parameter("profile-level-id") or "42000a").lower()[:4]
    if profile in _H264_PROFILES:
        return profile
    return {"42": "42e0", "4d": "4d00", "64": "6400"}.get(profile[:2], profile)


def _repaired(offered: Format) -> str | None:
    apt = offered.parameter("apt") if offered.name.lower() == "rtx" else None
    return apt if apt is not None and apt.isascii() and apt.isdigit() and len(apt) < 4 else None


def _chosen(line: OfferedMedia, codec: Codec, offered: Format, purpose: Purpose) -> Chosen:
    feedback = tuple(word for word in FEEDBACK if word in offered.feedback)
    payload = PayloadType(
        number=offered.number,
        codec=codec,
        clock_hz=offered.clock_hz,
        fmtp=_fmtp(line, codec, offered, purpose),
        nack="nack" in feedback,
        pli="nack pli" in feedback,
        transport_cc="transport-cc" in feedback,
        remb="goog-remb" in feedback,
    )
    return Chosen(payload, offered.name, offered.channels, feedback)


def _rtx(codec: Codec, repaired: Format, rtx: Format) -> Chosen:
    payload = PayloadType(rtx.number, codec, rtx.clock_hz, apt=repaired.number, fmtp=f"apt={repaired.number}")
    return Chosen(payload, rtx.name, 1, ())


def _fmtp(line: OfferedMedia, codec: Codec, offered: Format, purpose: Purpose) -> str:
    if codec is Codec.OPUS:
        return _merged(offered.fmtp, OPUS_IN if purpose is Purpose.PUBLISH else OPUS_OUT)
    if codec is not Codec.RED and purpose is Purpose.PUBLISH and LIBWEBRTC_MARK in line.extensions:
        return _merged(offered.fmtp, VIDEO_IN)
    return _merged(offered.fmtp, {}) if codec is not Codec.RED else offered.fmtp


def _merged(offered: str, ours: dict[str, str]) -> str:
    """The offered parameters with ours over them; printable ASCII only."""
    parts = (part.strip() for part in offered.split(";") if part.isascii() and part.isprintable())
    known = {key: value for key, _, value in (part.partition("=") for part in parts) if key}
    return ";".join(f"{key}={value}" for key, value in (known | ours).items())
