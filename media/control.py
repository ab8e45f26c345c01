"""Desired and Observed: the versioned frames between web and relay, and nothing else.

Declarative: each side says what is, a lost frame or a restart of either side
heals by the next full one. Frames are MessagePack behind a 4-byte big-endian
length on the Unix socket `run/relay.sock` of the data folder.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

import msgspec

from media.model import (
    AudienceName,
    PublicationState,
    Route,
    SessionId,
    SessionSpec,
    SessionState,
    SlateSpec,
    SlotId,
    SourceName,
    SourceSpec,
    Traffic,
)

VERSION: Final = 1
FRAME_MAX: Final = 64 * 1024 * 1024
"""bytes; 10,000 sessions with their offers stay below it."""


class Desired(msgspec.Struct, frozen=True, tag="desired"):
    """What web wants. `base` None: this frame is whole, whatever it does not name must go.

    Otherwise it changes revision `base`: `sessions`, `routes` entries replace
    those of the same key and `gone` sessions end. A relay that is not at
    `base` asks for a whole frame by observing `revision` -1.
    """

    revision: int
    base: int | None
    sessions: dict[SessionId, SessionSpec] = {}
    gone: tuple[SessionId, ...] = ()
    routes: dict[AudienceName, tuple[Route, ...]] = {}
    sources: tuple[SourceSpec, ...] | None = None
    slates: tuple[SlateSpec, ...] | None = None


class Observed(msgspec.Struct, frozen=True, tag="observed"):
    """What is. `epoch` changes with each relay process: sessions of another epoch are gone.

    `revision` is the last Desired in force. `whole` frames hold everything; others
    hold the sessions, publications and slots that changed. A session that ended
    is observed once in phase ENDED with its reason. `showing` is what each audience's
    slots show now (a route that waits for a keyframe still shows the old source).
    `candidates` are the relay's own `a=candidate` lines, in whole frames.
    `clock_ms` is what the common clock adds to this machine's elapsed time (media.clock).
    """

    epoch: str
    revision: int
    whole: bool
    clock_ms: float
    sessions: dict[SessionId, SessionState] = {}
    publications: dict[SourceName, PublicationState] = {}
    dark: tuple[SourceName, ...] = ()
    showing: dict[AudienceName, dict[SlotId, SourceName]] = {}
    traffic: Traffic | None = None
    candidates: tuple[str, ...] = ()
    version: int = VERSION


Frame = Desired | Observed
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


async def read(reader: asyncio.StreamReader) -> Frame:
    """The next frame. Raises EOFError at the end, ValueError for a frame that is not ours."""
    try:
        head = await reader.readexactly(4)
        size = int.from_bytes(head)
        if size > FRAME_MAX:
            raise ValueError(f"frame of {size} bytes is over {FRAME_MAX}")
        return cast(Frame, _decoder.decode(await reader.readexactly(size)))
    except asyncio.IncompleteReadError as cut:
        raise EOFError("the other side closed the control socket") from cut
    except msgspec.DecodeError as broken:
        raise ValueError(f"control frame not understood: {broken}") from broken


def write(writer: asyncio.StreamWriter, frame: Frame) -> None:
    """Queue one frame; the caller drains."""
    body = _encoder.encode(frame)
    writer.write(len(body).to_bytes(4) + body)
