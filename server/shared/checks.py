"""What a Redis must be before a node trusts it, each with the mend in words.

A journal holds what people may dispute, so Redis has to sync every write before it answers
(`appendonly yes`, `appendfsync always`) and must never drop a key (`noeviction`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from server.settings import Unusable
from server.shared.store import client, place

OLDEST: Final = (7, 0)
"""Scripts that say what they do (`#!lua`), refused before they begin when memory is full."""
FORMAT_KEY: Final = "twinhall:format"
FORMAT: Final = "1"
CLOCKS_APART_S: Final = 1.0
"""Entries of several machines are ordered by seq, and dated by each machine's clock."""
START_S: Final = 5.0
_TAKE: Final = """#!lua
if redis.call('EXISTS', KEYS[1]) == 0 and redis.call('DBSIZE') == 0 then
    redis.call('SET', KEYS[1], ARGV[1])
end
return redis.call('GET', KEYS[1])
"""
"""Mark an empty database as ours, in one step: processes start at once. The format; nil where others' keys are."""
_DURABLE: Final = {
    "appendonly": ("yes", "it forgets everything when it ends"),
    "appendfsync": ("always", "it acknowledges what a power cut takes away"),
    "no-appendfsync-on-rewrite": ("no", "it syncs nothing while it rewrites its file, as after every erasing"),
    "maxmemory-policy": ("noeviction", "it drops keys when it is full"),
}
"""Settings of Redis, and what it does with any other value."""


class Risk(msgspec.Struct, frozen=True):
    """A setting with which Redis may lose what it acknowledged; None where it does not say it."""

    setting: str
    value: str | None

    def __str__(self) -> str:
        wanted, otherwise = _DURABLE[self.setting]
        now = f"redis-cli config set {self.setting} {wanted} && redis-cli config rewrite"
        mend = f"set `{self.setting} {wanted}` in redis.conf; or, kept over its next start too: {now}"
        if self.value is None:
            return f"it does not say its `{self.setting}` (CONFIG GET): allow that, and {mend}"
        return f"with `{self.setting} {self.value}` {otherwise}: {mend}"


async def check(url: str, now_ms: Callable[[], float], *, allow_loss: bool) -> tuple[Risk, ...]:
    """What may be lost with this Redis; only with `allow_loss` anything. Raises Unusable."""
    redis = client(url, timeout_s=START_S)
    try:
        _check_kind(await redis.info())
        risks = tuple(_risks(await _settings(redis)))
        if risks and not allow_loss:
            raise Unusable(f"Redis at {place(url)}: {risks[0]} (for a try: --redis-allow-loss)")
        asked_s = now_ms() / 1000
        seconds, micros = await redis.time()
        _check_clock(seconds + micros / 1e6, asked_s, now_ms() / 1000)
        await _take_database(redis, url)
    except (RedisError, OSError) as failed:
        raise Unusable(_no_answer(url, failed)) from failed
    finally:
        await redis.aclose()
    return risks


def _check_kind(info: Mapping[str, Any]) -> None:
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise Unusable(f"Redis {version} is too old for the journal: install {oldest} or newer")
    if info.get("cluster_enabled"):
        raise Unusable("this is a Redis Cluster, which splits one journal over machines: give a single Redis")
    if info.get("role") != "master":
        raise Unusable("this Redis is a replica and takes no writes: give the URL of the primary")


async def _settings(redis: Redis) -> Mapping[str, str]:
    try:
        found: Mapping[Any, Any] = await redis.config_get(*_DURABLE)
    except ResponseError:
        return {}
    return {_text(name): _text(value) for name, value in found.items() if value is not None}


def _risks(settings: Mapping[str, str]) -> Iterator[Risk]:
    for name, (wanted, _) in _DURABLE.items():
        if settings.get(name) != wanted:
            yield Risk(name, settings.get(name))


def _check_clock(redis_s: float, asked_s: float, answered_s: float) -> None:
    """Redis read its clock between the two: an answer that took long puts no clock in the wrong."""
    ahead_s = redis_s - min(max(redis_s, asked_s), answered_s)
    if abs(ahead_s) > CLOCKS_APART_S:
        where = "behind" if ahead_s > 0 else "ahead of"
        raise Unusable(
            f"this machine's clock is {abs(ahead_s):.1f} s {where} that of Redis: let both follow NTP (timedatectl)"
        )


async def _take_database(redis: Redis, url: str) -> None:
    """The database is ours, also a full one; or empty and ours from now on."""
    found = await redis.get(FORMAT_KEY) or await redis.register_script(_TAKE)([FORMAT_KEY], [FORMAT])
    if found is None:
        raise Unusable(
            f"the database {place(url)} holds keys of another application: give Twinhall one of its own, "
            "as the number at the URL's end (redis://host/1)"
        )
    if _text(found) != FORMAT:
        raise Unusable(
            f"{place(url)} has data format {_text(found)}, this program knows {FORMAT}: start the newer program"
        )


def _no_answer(url: str, failed: RedisError | OSError) -> str:
    """Why nothing came of it, and what to do."""
    where, why = place(url), str(failed)
    if isinstance(failed, AuthenticationError) or why.startswith(("NOAUTH", "WRONGPASS")) or "authenticat" in why:
        return f"Redis at {where} refuses the password: give the right one as redis://USER:PASSWORD@HOST:PORT"
    if "SSL" in why or "certificate" in why.lower():
        mend = "add the file of its authority to the URL (?ssl_ca_certs=FILE), or give it a certificate for this name"
        return f"Redis at {where} shows no certificate that this machine trusts ({why}): {mend}"
    if isinstance(failed, OutOfMemoryError):
        return f"Redis at {where} is full ({why}): raise its maxmemory, or free memory"
    if isinstance(failed, TimeoutError) or "closed" in why.lower() or "reset" in why.lower():
        other = "no TLS, begin the URL with redis://" if where.startswith("rediss") else "TLS, begin it with rediss://"
        return f"Redis at {where} does not answer ({why}): if it speaks {other}"
    if isinstance(failed, ConnectionError | OSError):
        return f"no Redis at {where} ({why}): start it, or mend the URL"
    return f"Redis at {where} refuses ({why}): mend the rights of this user (ACL)"


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
