"""The forum of 2024 on a node of its own: its letters, its report and its initiative."""

import pytest

from tests.browser.apart import doors, eye, nothing_misbehaves, room
from tests.browser.tables import halls, pads, protocol, walls

__all__ = ["doors", "eye", "halls", "nothing_misbehaves", "pads", "protocol", "room", "walls"]


@pytest.fixture(scope="package")
def conference() -> str:
    return "beijing-2024"
