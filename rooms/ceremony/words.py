"""The ceremony in words: ids, limits, moves, and the values that its commands and events share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, NewType

import msgspec
from msgspec import Meta

from rooms.definition import PARTIES_MAX, SLUG, Words
from rooms.kernel import DeviceId, LanguageTag, ProjectId, SeatId, VenueId

MemberId = NewType("MemberId", str)
Digest = NewType("Digest", str)
"""SHA-256 in small hexadecimal digits: of a document's bytes, of a record, of a commitment."""

Id = Annotated[ProjectId, Meta(pattern=SLUG, max_length=40)]
Venue = Annotated[VenueId, Meta(pattern=SLUG, max_length=40)]
Seat = Annotated[SeatId, Meta(pattern=SLUG, max_length=43)]
Sha256 = Annotated[Digest, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Language = Annotated[LanguageTag, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\Z")]
Party = Annotated[int, Meta(ge=0, lt=PARTIES_MAX)]
Take = Annotated[int, Meta(ge=1, le=1000)]
Ms = Annotated[float, Meta(ge=0, le=1e14)]
"""Unix time on the common clock."""
OffsetMs = Annotated[float, Meta(ge=-1e14, le=1e14)]
BoundMs = Annotated[float, Meta(ge=0, le=1e14)]
Share = Annotated[float, Meta(ge=0, le=1)]

LEAD_MS: Final = 3000
"""From GO to the pads' opening: every pad has heard of it by then, also over a slow line."""
UNVEIL_LEAD_MS: Final = 1000
"""From the officer's move to the seal on every screen."""
TOLERANCE_MS: Final = 300
"""Halls whose reveals are further apart are seen to be; the officer may set another."""
DOCUMENTS_MAX: Final = 8
STROKES_MAX: Final = 200
POINTS_MAX: Final = 4000
"""Points of one signature: half a minute at the rate of a good pen."""

Point = tuple[Share, Share, Share, Ms]
"""x and y as shares of the signing field, pressure, common time."""
Stroke = Annotated[tuple[Point, ...], Meta(min_length=1, max_length=POINTS_MAX)]
Documents = Annotated[dict[Language, Sha256], Meta(max_length=DOCUMENTS_MAX)]


class Move(StrEnum):
    """What takes an act from one step to another; the table says when."""

    DRAFT = "draft"
    LOCK = "lock"
    UNLOCK = "unlock"
    SEAT = "seat"
    READY = "ready"
    UNREADY = "unready"
    ARM = "arm"
    GO = "go"
    HOLD = "hold"
    RESUME = "resume"
    SIGN = "sign"
    PRESS = "press"
    COMPLETE = "complete"
    RETAKE = "retake"
    PAPER = "paper"
    VOID = "void"
    EXCHANGE = "exchange"
    UNVEIL = "unveil"
    SEAL = "seal"


class PartyWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party as an organiser writes it."""

    venue: Venue
    names: Words
    title: Words | None = None
    authority: Words | None = None


class Pad(msgspec.Struct, frozen=True):
    """A tablet as it stood by last: when, how far its clock is from the common one, and how sure that is."""

    seen_ms: int
    offset_ms: float
    bound_ms: float
    device: DeviceId
