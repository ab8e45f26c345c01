"""The planes that must keep the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from media.plane import Capability, Plane
from media.plane_native import NativePlane
from media.plane_python import PythonPlane
from tests.contract.wire import Way, Wire

PLANES: dict[str, Callable[[], Plane]] = {"python": PythonPlane, "native": NativePlane}


WAYS: dict[str, Way] = {
    "udp4": Way("127.0.0.1", tcp=False),
    "udp6": Way("::1", tcp=False),
    "tcp4": Way("127.0.0.1", tcp=True),
    "tcp6": Way("::1", tcp=True),
}


@pytest.fixture(params=[f"{plane}-{way}" for plane in PLANES for way in WAYS])
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wire]:
    plane, way = request.param.split("-")
    if plane == "native":
        pytest.importorskip("twinhall_native", reason="the native plane is not built here")
    made = Wire(PLANES[plane](), WAYS[way])
    if WAYS[way].tcp and Capability.ICE_TCP not in made.plane.capabilities:
        pytest.skip("this plane has no ICE-TCP")
    await made.open()
    yield made
    await made.close()
