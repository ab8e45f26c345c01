from __future__ import annotations

import itertools
import re
from pathlib import Path

import msgspec
import pytest

from rooms.conference import Conference
from rooms.features import commands, events, kinds, roles_by_command, tag, urgent
from rooms.kernel import Actor, Command, DeviceId, InviteId, PersonId, Refused, Role
from rooms.questions.commands import Answer, Ask, Claim, Consent, InviteGuest, Publish
from rooms.questions.words import How, QuestionId
from tests.rooms.ceremony import evening
from tests.rooms.hall import ANNA, CHANGZHOU, CZ, STAGE, given, opened

EXAMPLES = {
    "people.enter": {},
    "people.erase": {"person": "anna"},
    "links.revoke": {"invite": "attendee"},
    "links.renew": {"invite": "attendee"},
    "stage.preview": {"layout": "full", "sources": [CZ]},
    "stage.take": {"layout": "full", "sources": [CZ]},
    "stage.sound": {"source": CZ, "gain": 0.5},
    "stage.delay": {"source": CZ, "delay_ms": 40},
    "stage.item": {"item": "opening"},
    "qa.ask": {"text": "Wann?"},
    "qa.edit": {"question": "q1", "text": "Wo?"},
    "qa.withdraw": {"question": "q1"},
    "qa.vote": {"question": "q1", "on": True},
    "qa.show_presence": {},
    "qa.consent": {"question": "q1", "yes": True},
    "qa.claim": {"question": "q1"},
    "qa.release": {"question": "q1"},
    "qa.publish": {"question": "q1"},
    "qa.decline": {"question": "q1", "reason": "off_topic"},
    "qa.merge": {"question": "q1", "into": "q2"},
    "qa.translate": {"question": "q1", "language": "en", "text": "When?"},
    "qa.shortlist": {"question": "q1"},
    "qa.air": {"question": "q1"},
    "qa.answer": {"question": "q1", "how": "live"},
    "qa.archive": {"question": "q1"},
    "qa.undo": {"question": "q1"},
    "qa.invite": {"question": "q1"},
    "qa.bring": {"question": "q1"},
    "qa.send_back": {"question": "q1"},
    "qa.turns": {"by": "venues"},
    "qa.doors": {"asking": False, "voting": True},
    "qa.configure": {"cooldown_s": 0},
    **{name: fields for name, (_, fields) in evening.EXAMPLES.items()},
}
P = Actor(PersonId("p"), Role.ATTENDEE)
P_MODERATES = Actor(PersonId("p"), Role.MODERATOR)
ASKED = [(Ask("Wann?"), P), (Ask("Wieso?"), ANNA)]
PUBLISHED = [*ASKED, (Publish(QuestionId("q1")), P_MODERATES)]
INVITED = [*PUBLISHED, (InviteGuest(QuestionId("q1")), P_MODERATES)]
BEFORE: dict[str, list[tuple[Command, Actor]]] = {
    **dict.fromkeys(("edit", "withdraw", "claim", "publish", "decline", "merge", "translate"), ASKED),
    "release": [*ASKED, (Claim(QuestionId("q1")), P_MODERATES)],
    **dict.fromkeys(("vote", "shortlist", "air", "answer", "undo", "invite"), PUBLISHED),
    "archive": [*PUBLISHED, (Answer(QuestionId("q1"), How.LIVE), P_MODERATES)],
    **dict.fromkeys(("consent", "send_back"), INVITED),
    "bring": [*INVITED, (Consent(QuestionId("q1"), yes=True), P)],
}
"""What has to happen before a command on a question does anything."""


def before(name: str) -> tuple[Conference, int]:
    """Where the command does something, and when."""
    if name in evening.EXAMPLES:
        scene = evening.EXAMPLES[name][0]()
        return scene.conference, scene.now_ms
    return given(*BEFORE.get(name.removeprefix("qa."), ())), 0


def example(name: str) -> Command:
    kind, _ = commands()[name]
    return msgspec.convert({"type": name, **EXAMPLES[name]}, kind)


def test_the_folder_is_the_registry() -> None:
    assert {"ceremony", "links", "people", "qa", "stage"} <= {kind.name for kind in kinds()}


def test_tags_begin_with_their_feature_s_name() -> None:
    for name, (_, kind) in [*commands().items(), *events().items()]:
        assert name.startswith(f"{kind.name}.")


def test_features_say_which_of_their_events_two_halls_wait_for() -> None:
    assert all(set(kind.urgent) <= set(kind.events) for kind in kinds())
    named = {tag(event) for event in urgent()}
    assert named >= {"stage.taken", "qa.aired", "qa.guest_moved", "ceremony.went"}
    assert not named & {"qa.asked", "qa.voted", "people.entered", "links.revoked"}


def test_the_server_knows_nothing_of_questions() -> None:
    """What the house does for them it does for every feature: taking the feature away leaves no word behind."""
    server = Path(__file__).parents[3] / "server"
    named = [
        file.name for file in server.rglob("*.py") if re.search(r"[\"']qa\.|features\.qa", file.read_text("utf-8"))
    ]
    assert named == []


def test_every_command_has_an_example_here() -> None:
    assert set(EXAMPLES) == set(commands())


@pytest.mark.parametrize(("name", "role"), list(itertools.product(sorted(EXAMPLES), Role)))
def test_a_command_is_decided_for_the_roles_of_the_table_and_refused_to_all_others(name: str, role: Role) -> None:
    actor = Actor(PersonId("p"), role, CHANGZHOU, CZ, InviteId("pad-changzhou-2"), DeviceId("tablet"), CHANGZHOU)
    if role in roles_by_command()[name]:
        conference, now_ms = before(name)
        assert conference.decide(example(name), actor, STAGE, now_ms)
    else:
        assert refusal(opened(), example(name), actor) == ("role-not-admitted", {"role": role.value, "command": name})


def refusal(conference: Conference, command: Command, actor: Actor) -> tuple[str, dict[str, str | int]]:
    with pytest.raises(Refused) as refused:
        conference.decide(command, actor, STAGE, 0)
    return refused.value.code, refused.value.params
