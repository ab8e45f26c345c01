"""Deleted bytes leave Redis' files: append-only file and dump are written anew.

Who deletes marks it in the same transaction, so that it is made up for whoever dies before it was done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from server.shared.store import awaited

DUE: Final = "twinhall:forgetting"
"""Counts deletions; gone once Redis' files are without all of them."""
REWRITE_S: Final = 60.0
LOOK_AGAIN_S: Final = 0.05
_DONE: Final = """#!lua flags=allow-oom
return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0
"""


def mark(steps: Any) -> None:
    """In the transaction that deletes."""
    steps.incr(DUE)


async def forget(redis: Redis) -> None:
    """Until no file of Redis holds what was deleted before."""
    due = await redis.get(DUE)
    if due is None:
        return
    began_s = time.monotonic()
    await _written(redis, redis.bgrewriteaof, began_s)
    saves = await awaited(redis.config_get("save", "dbfilename"))
    if saves.get(b"save") or saves.get("save"):
        await _written(redis, redis.bgsave, began_s)
    await awaited(redis.eval(_DONE, 1, DUE, due))


async def _written(redis: Redis, begin: Callable[[], Any], began_s: float) -> None:
    """A file begun after now, once no other is being written, and done."""
    while True:
        await _until_idle(redis, began_s)
        try:
            await awaited(begin())
        except ResponseError as busy:  # another process was quicker
            if "in progress" not in str(busy) and "child process" not in str(busy):
                raise
        else:
            break
    await _until_idle(redis, began_s)


async def _until_idle(redis: Redis, began_s: float) -> None:
    while time.monotonic() - began_s < REWRITE_S:
        state = await redis.info("persistence")
        busy = ("aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress")
        if not any(state.get(name) for name in busy):
            return
        await asyncio.sleep(LOOK_AGAIN_S)
    raise ResponseError(f"Redis did not write its files anew within {REWRITE_S:.0f} s")
