"""How a task ends that waits on a library."""

from __future__ import annotations

import asyncio
from typing import Any, Final

AGAIN_S: Final = 0.1


async def ended(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel until they are done: now and then a client library swallows a cancellation (redis-py at its timeouts)."""
    left = {task for task in tasks if task is not None and not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
