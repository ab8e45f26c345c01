"""The programme on the calendar: as held, or moved to today for a rehearsal."""

from __future__ import annotations

import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rooms.definition import Definition

OVERRUN: Final = datetime.timedelta(hours=6)
"""A conference that runs past midnight is still held on its day, not rehearsed on the next."""


def _local(definition: Definition, now_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(now_ms / 1000, ZoneInfo(definition.main.zone))


def is_rehearsal(definition: Definition, now_ms: int) -> bool:
    """Whether the conference's day is past at the main venue."""
    return (_local(definition, now_ms) - OVERRUN).date() > definition.day


def day_in_force(definition: Definition, now_ms: int) -> datetime.date:
    """The day the programme stands on: today in a rehearsal, else the day of the definition."""
    return _local(definition, now_ms).date() if is_rehearsal(definition, now_ms) else definition.day


def instant(definition: Definition, now_ms: int, minutes: int) -> str:
    """`minutes` after midnight on the main venue's clock on the day in force, as ISO 8601 UTC to the second."""
    hours, rest = divmod(minutes, 60)
    day = day_in_force(definition, now_ms) + datetime.timedelta(days=hours // 24)
    local = datetime.datetime.combine(day, datetime.time(hours % 24, rest), ZoneInfo(definition.main.zone))
    return local.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
