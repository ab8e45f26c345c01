"""The planes that must keep the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from media.plane import Plane
from media.plane_python import PythonPlane
from tests.contract.wire import Wire

PLANES: dict[str, Callable[[], Plane]] = {"python": PythonPlane}


@pytest.fixture(params=list(PLANES))
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wire]:
    made = Wire(PLANES[request.param]())
    await made.open()
    yield made
    await made.close()
