"""The built-in conference definitions, as TOML texts beside this file."""

from __future__ import annotations

from importlib import resources


def names() -> tuple[str, ...]:
    """Ids of the built-in conferences, sorted."""
    folder = resources.files(__name__)
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


def text(name: str) -> str:
    """The TOML of the built-in conference `name`. Raises KeyError for another name."""
    if name not in names():
        raise KeyError(name)
    return (resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8")
