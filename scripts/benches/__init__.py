"""The benches: each file that holds a BENCH is one subcommand of `scripts/bench`; the folder is the registry."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping

import msgspec

Say = Callable[[str], None]
"""Shows one line of progress."""


class Outcome(msgspec.Struct, frozen=True):
    """The figures as they are printed, and what was promised and not kept, in words."""

    figures: Mapping[str, object]
    broken: tuple[str, ...] = ()


class Bench(msgspec.Struct, frozen=True):
    """One measurement: what it shows, its options, and how it runs."""

    shows: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Say], Awaitable[Outcome]]


def registry() -> dict[str, Bench]:
    """Every bench by its file's name."""
    names = [found.name for found in pkgutil.iter_modules(__path__)]
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {name: module.BENCH for name, module in modules.items() if hasattr(module, "BENCH")}
