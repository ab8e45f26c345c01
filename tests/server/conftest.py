"""A whole web process on a free port, without a relay, and guests who use it as browsers do."""

from __future__ import annotations

from rooms.kernel import ConferenceId

CONFERENCE = ConferenceId("jiangsu-2022")
PATIENCE_S = 20.0
PAGES: tuple[str, ...] = ("index", "lobby", "questions", "venue", "speaker", "wall", "confidence", "pad")
PAGES += ("director", "moderator", "organiser", "officer")
