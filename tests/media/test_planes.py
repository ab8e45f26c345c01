"""Which plane serves, where the native one is built and where it is not."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from media.planes import NotBuilt, plane
from media.settings import PlaneChoice


def test_without_the_native_plane_the_python_plane_serves_and_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "twinhall_native", None)
    chosen, why = plane(PlaneChoice.AUTO)
    assert chosen.name == "python"
    assert why.startswith("the Python plane serves")
    assert "\n" not in why


def test_the_native_plane_serves_where_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "twinhall_native", ModuleType("twinhall_native"))
    for choice in (PlaneChoice.AUTO, PlaneChoice.NATIVE):
        chosen, why = plane(choice)
        assert (chosen.name, why) == ("native", "")


def test_the_python_plane_serves_when_asked_for_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "twinhall_native", ModuleType("twinhall_native"))
    chosen, why = plane(PlaneChoice.PYTHON)
    assert (chosen.name, why) == ("python", "")


def test_who_insists_on_a_native_plane_that_is_not_built_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "twinhall_native", None)
    with pytest.raises(NotBuilt, match="run scripts/prepare"):
        plane(PlaneChoice.NATIVE)
