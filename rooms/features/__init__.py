"""The registry of features: every module of this folder holds one. Removing a file removes its feature.

A feature that is too large for one file keeps its words, rules and rows in a package of its own beside this folder
(`rooms/questions`, `rooms/ceremony`), as pure as the rest; its file here says what it is to the house.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType

from rooms.kernel import Command, Event, Feature, Query, Role

Kind = type[Feature]
"""A feature's class."""


@cache
def kinds() -> tuple[Kind, ...]:
    """The feature of each module, in the modules' alphabetical order."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(_kind_in(importlib.import_module(f"{__name__}.{name}")) for name in modules)


def _kind_in(module: ModuleType) -> Kind:
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "admits")
    ]
    assert len(found) == 1, f"{module.__name__} must hold exactly one feature, not {len(found)}"
    return found[0]


@cache
def commands() -> Mapping[str, tuple[type[Command], Kind]]:
    """Every command class and its feature, by tag."""
    return MappingProxyType({tag(command): (command, kind) for kind in kinds() for command in kind.admits})


@cache
def events() -> Mapping[str, tuple[type[Event], Kind]]:
    """Every event class and its feature, by tag."""
    return MappingProxyType({tag(event): (event, kind) for kind in kinds() for event in kind.events})


@cache
def urgent() -> frozenset[type[Event]]:
    """The events whose views go out ahead of all others."""
    return frozenset(event for kind in kinds() for event in kind.urgent)


@cache
def queries() -> Mapping[str, tuple[type[Query], Kind]]:
    """Every query class and its feature, by tag."""
    reads = [(query, kind) for kind in kinds() for query in getattr(kind, "reads", ())]
    return MappingProxyType({tag(query): (query, kind) for query, kind in reads})


@cache
def roles_by_command() -> Mapping[str, frozenset[Role]]:
    """The table of roles x commands: which roles each command admits."""
    return MappingProxyType({name: kind.admits[command] for name, (command, kind) in commands().items()})


def tag(kind: type[Command | Event | Query]) -> str:
    """`stage.take`"""
    return str(kind.__struct_config__.tag)
