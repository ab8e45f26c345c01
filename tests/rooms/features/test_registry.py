from __future__ import annotations

import itertools

import msgspec
import pytest

from rooms.conference import Conference
from rooms.features import commands, events, kinds, roles_by_command
from rooms.kernel import Actor, Command, PersonId, Refused, Role
from tests.rooms.hall import CZ, STAGE, opened

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
}


def example(name: str) -> Command:
    kind, _ = commands()[name]
    return msgspec.convert({"type": name, **EXAMPLES[name]}, kind)


def test_the_folder_is_the_registry() -> None:
    assert {"links", "people", "stage"} <= {kind.name for kind in kinds()}


def test_tags_begin_with_their_feature_s_name() -> None:
    for name, (_, kind) in [*commands().items(), *events().items()]:
        assert name.startswith(f"{kind.name}.")


def test_every_command_has_an_example_here() -> None:
    assert set(EXAMPLES) == set(commands())


@pytest.mark.parametrize(("name", "role"), list(itertools.product(sorted(EXAMPLES), Role)))
def test_a_command_is_decided_for_the_roles_of_the_table_and_refused_to_all_others(name: str, role: Role) -> None:
    actor = Actor(PersonId("p"), role, source=CZ)
    if role in roles_by_command()[name]:
        assert opened().decide(example(name), actor, STAGE, 0)
    else:
        assert refusal(opened(), example(name), actor) == ("role-not-admitted", {"role": role.value, "command": name})


def refusal(conference: Conference, command: Command, actor: Actor) -> tuple[str, dict[str, str | int]]:
    with pytest.raises(Refused) as refused:
        conference.decide(command, actor, STAGE, 0)
    return refused.value.code, refused.value.params
