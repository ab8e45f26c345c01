"""Which plane serves: the native one where it is built, the Python one everywhere."""

from __future__ import annotations

from collections.abc import Callable

from media.plane import Plane
from media.plane_native import NativePlane
from media.plane_python import PythonPlane
from media.settings import PlaneChoice


class NotBuilt(Exception):
    """The native plane was asked for by name and can't be loaded; the text says why."""


def plane(choice: PlaneChoice, media_ms: Callable[[], float] | None = None) -> tuple[Plane, str]:
    """The plane, and a line that says why it is not the native one ("" if it is, or was not to be).

    Raises NotBuilt.
    """
    if choice is PlaneChoice.PYTHON:
        return PythonPlane(media_ms=media_ms), ""
    missing = _missing()
    if not missing:
        return NativePlane(media_ms), ""
    if choice is PlaneChoice.NATIVE:
        raise NotBuilt(f"the native plane can't be loaded ({missing}): run scripts/prepare, or choose --plane auto")
    return PythonPlane(media_ms=media_ms), f"the Python plane serves, the native one can't be loaded: {missing}"


def built() -> dict[str, Callable[[], Plane]]:
    """Every plane that can run here, by name."""
    return {"python": PythonPlane} if _missing() else {"python": PythonPlane, "native": NativePlane}


def _missing() -> str:
    """Why the native plane can't be loaded; "" if it can."""
    try:
        import twinhall_native  # noqa: F401
    except ImportError as missing:
        return str(missing)
    return ""
