"""The planes that can be put under load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from media.plane import Plane
from media.plane_python import PythonPlane

PLANES: Final[dict[str, Callable[[], Plane]]] = {"python": PythonPlane}
