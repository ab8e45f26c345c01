"""What forwarding must know of each codec: keyframes, sizes, and numbers that must run on over a switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from media import av1, h264, vp8, vp9
from media.model import Codec
from media.plane import PayloadType

STARTS_KEYFRAME: Final[dict[Codec, Callable[[bytes], bool]]] = {
    Codec.VP8: vp8.starts_keyframe,
    Codec.H264: h264.starts_keyframe,
    Codec.VP9: vp9.starts_keyframe,
    Codec.AV1: av1.starts_keyframe,
}
PICTURE_SIZE: Final[dict[Codec, Callable[[bytes], tuple[int, int] | None]]] = {
    Codec.VP8: vp8.picture_size,
    Codec.H264: h264.picture_size,
    Codec.VP9: vp9.picture_size,
    Codec.AV1: av1.picture_size,
}
SHIFTED: Final[dict[Codec, Callable[[bytes, int, int], bytes]]] = {Codec.VP8: vp8.shifted, Codec.VP9: vp9.shifted}


def picture_numbers(codec: Codec, payload: bytes) -> tuple[int, int] | None:
    """(PictureID, TL0PICIDX) of a VP8 or VP9 packet; None for codecs without them."""
    if codec is Codec.VP8:
        vp8_descriptor = vp8.read_descriptor(payload)
        return (vp8_descriptor.picture.value, vp8_descriptor.tl0) if vp8_descriptor else None
    if codec is Codec.VP9:
        vp9_descriptor = vp9.read_descriptor(payload)
        return (vp9_descriptor.picture.value, vp9_descriptor.tl0) if vp9_descriptor else None
    return None


def parameters(fmtp: str) -> dict[str, str]:
    """`a=b;c=d` of an fmtp line, keys and values in lower case."""
    pairs = (part.partition("=") for part in fmtp.lower().split(";"))
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip()}


def matching(payloads: Sequence[PayloadType], sent: PayloadType) -> PayloadType | None:
    """The payload type that carries what `sent` carries, None if none can.

    H264: packetization modes must be equal, profiles should; VP9 and AV1 profiles must be equal.
    """
    wanted = parameters(sent.fmtp)
    best: tuple[int, PayloadType | None] = (-1, None)
    for offered in payloads:
        if offered.codec is sent.codec and offered.apt is None:
            score = _likeness(sent.codec, wanted, parameters(offered.fmtp))
            if score > best[0]:
                best = (score, offered)
    return best[1]


def _likeness(codec: Codec, sent: dict[str, str], offered: dict[str, str]) -> int:
    if codec is Codec.H264:
        if sent.get("packetization-mode", "0") > offered.get("packetization-mode", "0"):
            return -1
        a, b = sent.get("profile-level-id", "42"), offered.get("profile-level-id", "42")
        return (
            2 * (a[:2] == b[:2])
            + (a[:4] == b[:4])
            + (sent.get("packetization-mode", "0") == offered.get("packetization-mode", "0"))
        )
    if codec is Codec.VP9:
        return 0 if sent.get("profile-id", "0") == offered.get("profile-id", "0") else -1
    if codec is Codec.AV1:
        return 0 if sent.get("profile", "0") == offered.get("profile", "0") else -1
    return 0


def repair_for(payloads: Sequence[PayloadType], number: int) -> int | None:
    """The RTX payload type that repairs `number` (RFC 4588), None where not negotiated."""
    return next((payload.number for payload in payloads if payload.apt == number), None)
