"""The machine of an act as data: which move leads from which step to which, and for which kinds.

`Completed` and `ready` happen by themselves once the last party signed or the last hall is ready.
Beside the step an act may be held (pads closed) or on paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from rooms.ceremony.words import Move
from rooms.definition import ProjectKind
from rooms.kernel import Refused


class Step(StrEnum):
    """How far an act is."""

    DRAFTED = "drafted"
    LOCKED = "locked"
    SEATED = "seated"
    READY = "ready"
    ARMED = "armed"
    SIGNING = "signing"
    SIGNED = "signed"
    EXCHANGED = "exchanged"
    UNVEILED = "unveiled"
    SEALED = "sealed"
    VOID = "void"


_ALL: Final = frozenset(ProjectKind)
_HANDS: Final = frozenset({ProjectKind.UNVEILING})
_SIGNED: Final = _ALL - _HANDS
_HANDED_OVER: Final = frozenset({ProjectKind.SIGNING, ProjectKind.APPOINTMENT})

TABLE: Final[Mapping[tuple[Step, Move], tuple[Step, frozenset[ProjectKind]]]] = {
    (Step.DRAFTED, Move.DRAFT): (Step.DRAFTED, _ALL),
    (Step.DRAFTED, Move.LOCK): (Step.LOCKED, _ALL),
    (Step.DRAFTED, Move.VOID): (Step.VOID, _ALL),
    (Step.LOCKED, Move.UNLOCK): (Step.DRAFTED, _ALL),
    (Step.LOCKED, Move.SEAT): (Step.SEATED, _ALL),
    (Step.LOCKED, Move.PAPER): (Step.SIGNED, _SIGNED),
    (Step.LOCKED, Move.VOID): (Step.VOID, _ALL),
    (Step.SEATED, Move.UNLOCK): (Step.DRAFTED, _ALL),
    (Step.SEATED, Move.SEAT): (Step.SEATED, _ALL),
    (Step.SEATED, Move.READY): (Step.READY, _ALL),
    (Step.SEATED, Move.UNREADY): (Step.SEATED, _ALL),
    (Step.SEATED, Move.PAPER): (Step.SIGNED, _SIGNED),
    (Step.SEATED, Move.VOID): (Step.VOID, _ALL),
    (Step.READY, Move.UNLOCK): (Step.DRAFTED, _ALL),
    (Step.READY, Move.SEAT): (Step.SEATED, _ALL),
    (Step.READY, Move.READY): (Step.READY, _ALL),
    (Step.READY, Move.UNREADY): (Step.SEATED, _ALL),
    (Step.READY, Move.ARM): (Step.ARMED, _ALL),
    (Step.READY, Move.PAPER): (Step.SIGNED, _SIGNED),
    (Step.READY, Move.VOID): (Step.VOID, _ALL),
    (Step.ARMED, Move.GO): (Step.SIGNING, _ALL),
    (Step.ARMED, Move.HOLD): (Step.ARMED, _ALL),
    (Step.ARMED, Move.RESUME): (Step.ARMED, _ALL),
    (Step.ARMED, Move.RETAKE): (Step.READY, _ALL),
    (Step.ARMED, Move.PAPER): (Step.SIGNED, _SIGNED),
    (Step.ARMED, Move.VOID): (Step.VOID, _ALL),
    (Step.SIGNING, Move.SIGN): (Step.SIGNING, _SIGNED),
    (Step.SIGNING, Move.PRESS): (Step.SIGNING, _HANDS),
    (Step.SIGNING, Move.COMPLETE): (Step.SIGNED, _ALL),
    (Step.SIGNING, Move.HOLD): (Step.SIGNING, _ALL),
    (Step.SIGNING, Move.RESUME): (Step.SIGNING, _ALL),
    (Step.SIGNING, Move.RETAKE): (Step.READY, _ALL),
    (Step.SIGNING, Move.PAPER): (Step.SIGNED, _SIGNED),
    (Step.SIGNING, Move.UNVEIL): (Step.UNVEILED, _HANDS),
    (Step.SIGNING, Move.VOID): (Step.VOID, _ALL),
    (Step.SIGNED, Move.EXCHANGE): (Step.EXCHANGED, _HANDED_OVER),
    (Step.SIGNED, Move.UNVEIL): (Step.UNVEILED, _ALL - _HANDED_OVER),
    (Step.SIGNED, Move.RETAKE): (Step.READY, _ALL),
    (Step.SIGNED, Move.VOID): (Step.VOID, _ALL),
    (Step.EXCHANGED, Move.UNVEIL): (Step.UNVEILED, _HANDED_OVER),
    (Step.EXCHANGED, Move.VOID): (Step.VOID, _ALL),
    (Step.UNVEILED, Move.SEAL): (Step.SEALED, _ALL),
    (Step.UNVEILED, Move.VOID): (Step.VOID, _ALL),
}
WHILE_HELD: Final = frozenset({Move.HOLD, Move.RESUME, Move.RETAKE, Move.PAPER, Move.VOID})
"""All that may happen to an act that is held."""
AFTER_A_HOLD: Final = frozenset({Move.RESUME})
"""What needs a hold before it."""

LIVE: Final = frozenset({Step.ARMED, Step.SIGNING})
"""The seats of such an act are taken by it."""
ON_STAGE: Final = LIVE | {Step.SIGNED, Step.EXCHANGED}
"""Such an act claims the signing tables' scene."""
DONE: Final = frozenset({Step.SIGNED, Step.EXCHANGED, Step.UNVEILED, Step.SEALED})
"""Counted as signed."""

PRECEDENCE: Final[Mapping[int, tuple[int, ...]]] = {
    1: (1,),
    2: (2, 1),
    3: (2, 3, 1),
    4: (3, 2, 4, 1),
    5: (3, 4, 2, 5, 1),
    6: (4, 3, 5, 2, 6, 1),
}
"""By seats of a table: which one the first party takes, the second, and so on.

Seats count from the left as those who sit there see it: the first in the centre, then right before left.
"""


def after(step: Step, move: Move, kind: ProjectKind, *, held: bool = False) -> Step:
    """Where the move leads. Raises Refused when it may not be made now."""
    found = TABLE.get((step, move))
    if found is None or kind not in found[1]:
        raise Refused("act-moved", step=step.value)
    if held and move not in WHILE_HELD:
        raise Refused("act-held")
    if move in AFTER_A_HOLD and not held:
        raise Refused("act-not-held")
    return found[0]
