"""Who reads an act's documents and its record: the organiser, the officer, and those at whose seats it is signed.

A tablet shows what lies before its seat, and nothing of other acts: what other parties sign is not for its hands.
"""

from __future__ import annotations

from typing import Final

from rooms.ceremony.model import Act
from rooms.invites import seat_of
from rooms.kernel import Refused, Role
from server.identity import Link

READERS: Final = frozenset({Role.ORGANISER, Role.PROTOCOL_OFFICER, Role.SIGNATORY})


def check_reads(link: Link, act: Act) -> None:
    """Raises Refused `act-not-yours` for a signatory who is not seated at the act."""
    if link.invite.role == Role.SIGNATORY and seat_of(link.invite.id) not in act.seats:
        raise Refused("act-not-yours")
