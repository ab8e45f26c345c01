"""The planes that can be put under load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from media import planes
from media.plane import Plane

PLANES: Final[dict[str, Callable[[], Plane]]] = planes.built()
DEFAULT: Final = "native" if "native" in PLANES else "python"
"""what a relay on this machine serves with"""
