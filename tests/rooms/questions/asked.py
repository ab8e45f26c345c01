"""A room with questions, as tests steer and read it."""

from __future__ import annotations

from typing import Any

import pytest

from rooms.audience import Audience, Desk
from rooms.conference import Conference
from rooms.features.qa import Questions
from rooms.kernel import Actor, Command, PersonId, Refused, Role
from rooms.questions.commands import (
    Ask,
    Configure,
    Publish,
)
from rooms.questions.words import QuestionId, State
from tests.rooms.hall import ANNA, CHANGZHOU, FRANKFURT, ORGANISER, STAGE, do, opened

BERND = Actor(PersonId("bernd"), Role.ON_SITE, FRANKFURT)
LI = Actor(PersonId("li"), Role.ON_SITE, CHANGZHOU)
MO = Actor(PersonId("mo"), Role.MODERATOR)
MIA = Actor(PersonId("mia"), Role.MODERATOR)
VERA = Actor(PersonId("v"), Role.ATTENDEE)
DAI = Actor(PersonId("dai"), Role.DIRECTOR)
NAMES = {ANNA.person: "Anna", BERND.person: "Bernd", LI.person: "Li", MO.person: "Mo"}
Q1, Q2, Q3 = QuestionId("q1"), QuestionId("q2"), QuestionId("q3")
LONG_CHAIN = 1100
"""Beyond what Python calls into itself."""


def room(*steps: tuple[Command, Actor], rules: Configure | None = None) -> Conference:
    """A conference without cooldown, after these steps, a second apart."""
    conference = opened()
    do(conference, rules or Configure(cooldown_s=0), ORGANISER)
    for number, (command, actor) in enumerate(steps, start=1):
        do(conference, command, actor, now_ms=1000 * number)
    return conference


def refusal(conference: Conference, command: Command, actor: Actor, now_ms: int = 1_000_000) -> tuple[str, Any]:
    with pytest.raises(Refused) as refused:
        conference.decide(command, actor, STAGE, now_ms)
    return refused.value.code, refused.value.params


def code(conference: Conference, command: Command, actor: Actor, now_ms: int = 1_000_000) -> str:
    return refusal(conference, command, actor, now_ms)[0]


def seen(conference: Conference, audience: Audience, now_ms: int = 1_000_000) -> Any:
    return conference.feature(Questions, STAGE).view(audience, NAMES, now_ms)


def own(conference: Conference, actor: Actor) -> Any:
    return conference.mine(actor.person, STAGE, 0)["qa"]


def board(conference: Conference, role: Role = Role.MODERATOR) -> Any:
    return seen(conference, Desk(role))


def state(conference: Conference, id: QuestionId = Q1) -> State:
    question = conference.feature(Questions, STAGE).book.question(id)
    assert question is not None
    return question.state


ASKED = (Ask("Wann beginnt der Bau?"), ANNA)
PUBLISHED = (Publish(Q1), MO)
TWO = (ASKED, (Ask("什么时候开工？"), LI), PUBLISHED, (Publish(Q2), MO))
