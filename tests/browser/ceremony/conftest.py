"""A node of its own, with signing tables in both halls."""

from tests.browser.apart import conference, doors, eye, nothing_misbehaves, room
from tests.browser.tables import halls, pads, protocol, walls

__all__ = ["conference", "doors", "eye", "halls", "nothing_misbehaves", "pads", "protocol", "room", "walls"]
