"""Questions in words: ids, states, reasons, and the limits that both commands and views keep."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NewType

QuestionId = NewType("QuestionId", str)

TEXT_MAX: Final = 300
"""Grapheme clusters of a question, a translation, an answer, a note."""
WINDOW: Final = 50
"""Rows of one list that a view or an answer to a read holds."""


class State(StrEnum):
    """Where a question is."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    DECLINED = "declined"
    MERGED = "merged"
    SHORTLISTED = "shortlisted"
    ON_AIR = "on_air"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    ARCHIVED = "archived"


class Reason(StrEnum):
    """Why a question is declined; its asker reads it."""

    OFF_TOPIC = "off_topic"
    DUPLICATE = "duplicate"
    UNCLEAR = "unclear"
    IMPOLITE = "impolite"
    PERSONAL = "personal"
    NO_TIME = "no_time"
    OTHER = "other"


class How(StrEnum):
    """How a question was answered."""

    LIVE = "live"
    WRITTEN = "written"
    PRIVATE = "private"
    FOLLOW_UP = "follow_up"


class Moderation(StrEnum):
    """Whether somebody reads a question before everybody does."""

    BEFORE = "before"
    AFTER = "after"


class Turns(StrEnum):
    """Between whom the queue takes turns."""

    NONE = "none"
    VENUES = "venues"
    LANGUAGES = "languages"
    BOTH = "both"


class GuestStep(StrEnum):
    """How far an asker is on the way to the stage."""

    INVITED = "invited"
    AGREED = "agreed"
    REFUSED = "refused"
    ON_STAGE = "on_stage"
    SENT_BACK = "sent_back"


class Order(StrEnum):
    """How found questions are sorted."""

    VOTES = "votes"
    TIME = "time"
    TURNS = "turns"
