"""Every role tries every command on a real host: exactly the table's cells are open."""

from __future__ import annotations

import enum
import types
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rooms import features, roles
from rooms.journal import envelope
from rooms.kernel import Actor, Command, PersonId, Refused, Role, Scope
from server.host import Host
from tests.rooms.ceremony.evening import EXAMPLES
from tests.rooms.hall import STAGE
from tests.server.test_host import House, house  # noqa: F401

pytestmark = pytest.mark.holds

DOCS = Path(__file__).resolve().parents[2] / "docs" / "roles.md"


def sample(kind: Any) -> Any:
    """Some JSON value of a field's type; a new type of field fails here, not silently."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return sample(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return sample(arguments[0])
    if origin in (tuple, list, frozenset):
        return []
    if origin is dict:
        return {}
    if isinstance(kind, typing.NewType):
        return sample(kind.__supertype__)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind)).value
    plain: dict[Any, Any] = {str: "x", int: 1, float: 0.5, bool: True, type(None): None}
    return plain[kind]


def body(command: type[Command], scope: Scope, id: str) -> dict[str, Any]:
    """The command as a page sends it."""
    kinds = typing.get_type_hints(command, include_extras=True)
    needed = {field.name for field in msgspec.structs.fields(command) if field.required}
    _, fields = EXAMPLES.get(features.tag(command)) or (None, {name: sample(kinds[name]) for name in needed})
    room = {"room": STAGE} if scope is Scope.ROOM else {}
    return {"id": id, "command": {"type": features.tag(command), **fields}, **room}


async def answer(host: Host, sent: dict[str, Any], actor: Actor) -> str:
    try:
        await host.handle(envelope(sent), actor)
    except Refused as refusal:
        return refusal.code
    return "done"


@pytest.mark.parametrize("name", sorted(features.commands()))
async def test_a_command_is_open_to_exactly_its_roles(house: House, name: str) -> None:  # noqa: F811
    command, kind = features.commands()[name]
    for number, role in enumerate(Role):
        actor = Actor(PersonId(f"person-{role}"), role)
        said = await answer(house.host, body(command, kind.scope, str(number)), actor)
        assert said != "command-unreadable", "the sample reaches the host"
        assert (said != "role-not-admitted") == (role in kind.admits[command]), role


def test_the_printed_table_is_current() -> None:
    assert DOCS.read_text() == roles.table(), "run: python -m rooms.roles > docs/roles.md"
