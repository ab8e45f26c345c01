"""The parts of a rehearsal: each file is one; the folder is the registry."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable

import msgspec

from scripts.rehearsal.house import House
from scripts.rehearsal.verdict import Ceremony, Questions, Seen, Slate, Take


class Findings(msgspec.Struct):
    """What the parts found, for the verdict."""

    viewers: list[Seen] = []
    takes: list[Take] = []
    slates: list[Slate] = []
    questions: Questions | None = None
    ceremony: Ceremony | None = None
    failures: list[str] = []


class Part(msgspec.Struct, frozen=True):
    """One act; `place` orders the acts. A part's file holds it as PART."""

    place: int
    play: Callable[[House, Findings], Awaitable[None]]


def registry() -> dict[str, Part]:
    """Every part by its file's name, in the order in which they are played."""
    modules = {
        found.name: importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    }
    return dict(sorted(((name, module.PART) for name, module in modules.items()), key=lambda item: item[1].place))
