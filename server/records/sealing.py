"""The job that prints and seals a record: `Order` in, the sealed PDF out."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import msgspec

from rooms.kernel import Refused
from server.records.canonical import Digest
from server.records.commitments import Opening
from server.records.keys import Seal
from server.records.press import printed
from server.records.seal import Unsealable, sealed
from server.records.wording import words


class Order(msgspec.Struct, frozen=True):
    """What to print, and what to seal it with; whether it may do without a time stamp that is wanted."""

    record: dict[str, Any]
    openings: dict[Digest, Opening]
    seal: Seal
    unstamped: bool = True


def job(given: bytes) -> bytes:
    """Raises Refused `seal-unusable`, `stamp-missing` where the order does not do without one."""
    order = msgspec.json.decode(given, type=Order)
    pdf = printed(order.record, order.openings)
    try:
        made, unstamped = asyncio.run(sealed(pdf, order.seal, words("en")["ceremony"]))
    except Unsealable as wrong:
        print(wrong, file=sys.stderr)
        raise Refused("seal-unusable") from wrong
    if unstamped:
        print(f"no time stamp from {unstamped}", file=sys.stderr)
        if not order.unstamped:
            raise Refused("stamp-missing")
    return made
