"""What an offer means: its m-lines as a peer intends them (RFC 8829, 8839, 8842, 8853, 9143)."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from media.model import IceCredentials
from media.sdp import SDP_MAX, Description, Media, Refusal, read

DIGESTS: Final = frozenset({"sha-256", "sha-384", "sha-512"})
"""Fingerprint algorithms that the handshake can verify; weaker ones are as good as none."""
DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
_NUMBER = re.compile(r"[0-9]{1,10}")
_RTPMAP = re.compile(r"([0-9]{1,3}) +([\w.+-]{1,32})/([0-9]{1,6})(?:/([0-9]{1,2}))?", re.ASCII)
_EXTMAP = re.compile(r"([0-9]{1,3})(?:/(sendrecv|sendonly|recvonly|inactive))? +([!-~]{1,128})(?: .*)?")
_ICE = re.compile(r"[A-Za-z0-9+/=_-]{4,256}")
_TOKEN = re.compile(r"[\w.+!#$%&'*^`{|}~-]{1,64}", re.ASCII)


class Format(msgspec.Struct, frozen=True):
    """One payload type as offered; `name` as it was spelt."""

    number: int
    name: str
    clock_hz: int
    channels: int
    fmtp: str
    feedback: tuple[str, ...]

    def parameter(self, name: str) -> str | None:
        """An fmtp parameter's value, None when it is not there."""
        for part in self.fmtp.split(";"):
            key, _, value = part.strip().partition("=")
            if key.lower() == name:
                return value.strip()
        return None


class OfferedMedia(msgspec.Struct, frozen=True):
    """One m-line. `mid` is "" where none was offered; `serviceable`: RTP over DTLS-SRTP with rtcp-mux;
    `bundled`: on the transport that the offer describes; `ssrcs` in order of appearance, without those in `repairs`
    (RTX SSRC -> repaired SSRC) and those of FEC; `rtcp_xr`: it answers RRTR with DLRR (RFC 3611 section 4.5)."""

    kind: str
    port: int
    protocol: str
    numbers: tuple[str, ...]
    mid: str
    direction: str
    serviceable: bool
    bundled: bool
    formats: tuple[Format, ...]
    extensions: dict[str, int]
    ssrcs: tuple[int, ...]
    repairs: dict[int, int]
    rids: tuple[str, ...]
    simulcast_ssrcs: tuple[int, ...]
    rtcp_rsize: bool
    rtcp_xr: bool


class Offer(msgspec.Struct, frozen=True):
    """A peer's offer: the transport of its bundle, then its m-lines. `setup` is its DTLS role (RFC 5763)."""

    ice: IceCredentials
    fingerprints: tuple[tuple[str, str], ...]
    setup: str
    media: tuple[OfferedMedia, ...]


def understand(text: str) -> Offer:
    """Decode an offer. Raises Refusal for every text that we can't serve."""
    description = read(text)
    if not description.media:
        raise Refusal("no-media", "the offer has no m-line")
    bundle = _bundle(description)
    media = tuple(_media(section, description.session, bundle) for section in description.media)
    mids = [line.mid for line in media if line.mid]
    if len(set(mids)) != len(mids):
        raise Refusal("sdp-unreadable", "two m-lines share one mid")
    return Offer(_ice(description), _fingerprints(description), _setup(description), media)


def credentials(text: str) -> IceCredentials:
    """The ICE credentials of an SDP fragment (RFC 8840), for a restart. Raises Refusal when it has none."""
    lines = (line.strip()[2:].partition(":") for line in text[:SDP_MAX].split("\n"))
    attributes = {key: value.strip() for key, _, value in lines}
    return _checked_ice(attributes.get("ice-ufrag"), attributes.get("ice-pwd"))


def _media(section: Media, session: Media, bundle: frozenset[str] | None) -> OfferedMedia:
    mid = section.first("mid") or ""
    if mid and not _TOKEN.fullmatch(mid):
        raise Refusal("sdp-unreadable", "a mid is no token")
    groups = [group.split() for group in section.all("ssrc-group")]
    repairs = {_ssrc(group[2]): _ssrc(group[1]) for group in groups if len(group) == 3 and group[0] == "FID"}
    hidden = set(repairs) | {_ssrc(group[2]) for group in groups if len(group) == 3 and group[0] == "FEC-FR"}
    announced = dict.fromkeys(_ssrc(value.split(" ")[0]) for value in section.all("ssrc"))
    return OfferedMedia(
        kind=section.kind,
        port=section.port,
        protocol=section.protocol,
        numbers=section.formats,
        mid=mid,
        direction=_direction(section) or _direction(session) or "sendrecv",
        serviceable=_is_serviceable(section),
        bundled=bundle is None or mid in bundle,
        formats=_formats(section),
        extensions=_extensions(section, session),
        ssrcs=tuple(ssrc for ssrc in announced if ssrc not in hidden),
        repairs=repairs,
        rids=_rids(section),
        simulcast_ssrcs=next((tuple(map(_ssrc, group[1:9])) for group in groups if group[:1] == ["SIM"]), ()),
        rtcp_rsize=section.first("rtcp-rsize") is not None,
        rtcp_xr="rcvr-rtt=all" in section.all("rtcp-xr"),
    )


def _is_serviceable(section: Media) -> bool:
    """RTP over DTLS-SRTP on one port: the only thing a WebRTC endpoint speaks (RFC 8834, 8835)."""
    offered = section.port != 0 or section.first("bundle-only") is not None
    secure = section.protocol.endswith(("/SAVPF", "/SAVP"))
    return offered and secure and section.kind in ("audio", "video") and section.first("rtcp-mux") is not None


def _direction(section: Media) -> str | None:
    return next((name for name, _ in section.attributes if name in DIRECTIONS), None)


def _formats(section: Media) -> tuple[Format, ...]:
    """Payload types in the order of preference that the m-line gives them."""
    parameters = dict(_numbered(value) for value in section.all("fmtp"))
    feedback: dict[str, list[str]] = {}
    for value in section.all("rtcp-fb"):
        number, _, what = value.partition(" ")
        feedback.setdefault(number, []).append(what.strip().lower())
    maps = {}
    for value in section.all("rtpmap"):
        if (match := _RTPMAP.fullmatch(value)) is not None:
            maps[match[1]] = (match[2], int(match[3]), int(match[4] or 1))
    return tuple(
        Format(
            int(number),
            *maps[number],
            fmtp=parameters.get(number, ""),
            feedback=tuple(dict.fromkeys(feedback.get(number, []) + feedback.get("*", []))),
        )
        for number in dict.fromkeys(section.formats)
        if number in maps and int(number) < 128
    )


def _numbered(value: str) -> tuple[str, str]:
    number, _, rest = value.partition(" ")
    return number, rest.strip()


def _extensions(section: Media, session: Media) -> dict[str, int]:
    """Header extension URI -> id, ids of one-byte headers only (RFC 8285)."""
    extensions = {}
    for value in (*session.all("extmap"), *section.all("extmap")):
        match = _EXTMAP.fullmatch(value)
        if match is not None and 0 < int(match[1]) < 15 and match[2] != "inactive":
            extensions[match[3]] = int(match[1])
    return extensions


def _rids(section: Media) -> tuple[str, ...]:
    """RIDs that the peer will send, in the order of its simulcast line (RFC 8853); of alternatives the first."""
    described = [value.split(" ") for value in section.all("rid")]
    sending = {part[0] for part in described if part[1:2] == ["send"] and _TOKEN.fullmatch(part[0])}
    simulcast = (section.first("simulcast") or "").split(" ")
    if "send" not in simulcast[:-1]:
        return ()
    streams = simulcast[simulcast.index("send") + 1].removeprefix("rid=").split(";")
    rids = dict.fromkeys(stream.split(",")[0].lstrip("~") for stream in streams)
    return tuple(rid for rid in rids if rid in sending)[:8]


def _ssrc(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) >= 1 << 32:
        raise Refusal("sdp-unreadable", "an SSRC is no number of 32 bits")
    return int(text)


def _first(description: Description, name: str) -> str | None:
    """A transport attribute: of the session, or of the first m-line that has it (the bundle's)."""
    return next((found for part in (description.session, *description.media) if (found := part.first(name))), None)


def _ice(description: Description) -> IceCredentials:
    for part in (*description.media, description.session):
        if (ufrag := part.first("ice-ufrag")) and (pwd := part.first("ice-pwd")):
            return _checked_ice(ufrag, pwd)
    return _checked_ice(_first(description, "ice-ufrag"), _first(description, "ice-pwd"))


def _checked_ice(ufrag: str | None, pwd: str | None) -> IceCredentials:
    if ufrag is None or pwd is None or not _ICE.fullmatch(ufrag) or not _ICE.fullmatch(pwd) or len(pwd) < 22:
        raise Refusal("sdp-unreadable", "ice-ufrag (4 to 256 characters) and ice-pwd (22 to 256) are needed")
    return IceCredentials(ufrag, pwd)


def _fingerprints(description: Description) -> tuple[tuple[str, str], ...]:
    """(algorithm, value) pairs of the bundle's transport that can be verified."""
    for part in (*description.media, description.session):
        pairs = [value.split() for value in part.all("fingerprint")]
        usable = tuple((pair[0].lower(), pair[1].upper()) for pair in pairs if len(pair) == 2)
        if usable := tuple(pair for pair in usable if pair[0] in DIGESTS):
            return usable
    raise Refusal("sdp-unreadable", "a DTLS fingerprint by sha-256, sha-384 or sha-512 is needed")


def _setup(description: Description) -> str:
    setup = _first(description, "setup") or "active"
    if setup not in ("actpass", "active", "passive"):
        raise Refusal("sdp-unreadable", "a=setup is actpass, active or passive")
    return setup


def _bundle(description: Description) -> frozenset[str] | None:
    """The bundle's mids; None without a group, when all m-lines have one transport anyway (RFC 9143)."""
    for value in description.session.all("group"):
        group = value.split()
        if group[:1] == ["BUNDLE"]:
            return frozenset(group[1:])
    ufrags = {ufrag for section in description.media if (ufrag := section.first("ice-ufrag"))}
    if len(ufrags) > 1:
        raise Refusal("sdp-unreadable", "a session has one transport: offer all m-lines in one BUNDLE group")
    return None
