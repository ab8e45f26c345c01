"""A Redis that can't keep a journal is refused before anything is written, with the mend in words."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from media import addresses
from scripts.benches.redis_process import RedisProcess
from server.settings import Unusable
from server.shared import checks, store
from server.shared.checks import FORMAT_KEY, check
from server.shared.store import client


def now_ms() -> float:
    return time.time() * 1000


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisProcess]:
    server = RedisProcess(tmp_path / "redis")
    await server.start()
    yield server
    server.stop()


async def refusal(url: str, clock: Callable[[], float] = now_ms) -> str:
    with pytest.raises(Unusable) as refused:
        await check(url, clock, allow_loss=False)
    return str(refused.value)


async def test_a_sound_redis_is_taken_and_taken_again(server: RedisProcess) -> None:
    for _ in range(2):
        assert await check(server.url, now_ms, allow_loss=False) == ()


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("appendfsync", "everysec", "redis-cli config set appendfsync always"),
        ("appendonly", "no", "redis-cli config set appendonly yes && redis-cli config rewrite"),
        ("no-appendfsync-on-rewrite", "yes", "redis-cli config set no-appendfsync-on-rewrite no"),
        ("maxmemory-policy", "allkeys-lru", "redis-cli config set maxmemory-policy noeviction"),
    ],
)
async def test_a_redis_that_may_lose_is_refused_but_for_tries(
    server: RedisProcess, name: str, value: str, mend: str
) -> None:
    redis = client(server.url)
    await redis.config_set(name, value)
    assert mend in await refusal(server.url)
    [risk] = await check(server.url, now_ms, allow_loss=True)
    assert f"`{name} {value}`" in str(risk)
    await redis.aclose()


async def test_keys_of_another_application_are_left_alone(server: RedisProcess) -> None:
    redis = client(server.url)
    await redis.set("cart:7", "apples")
    assert "another application" in await refusal(server.url)
    assert await redis.dbsize() == 1
    await redis.aclose()


async def test_data_of_a_newer_program_is_refused(server: RedisProcess) -> None:
    redis = client(server.url)
    await redis.set(FORMAT_KEY, "2")
    assert "data format 2, this program knows 1: start the newer program" in await refusal(server.url)
    await redis.aclose()


async def test_a_replica_is_refused(server: RedisProcess) -> None:
    redis = client(server.url)
    await redis.replicaof("127.0.0.1", "1")
    assert "give the URL of the primary" in await refusal(server.url)
    await redis.aclose()


async def test_a_cluster_is_refused(tmp_path: Path) -> None:
    bus = str(addresses.free_port())  # by itself it is the port + 10,000, which may be more than there are
    server = RedisProcess(tmp_path / "redis", cluster_enabled="yes", cluster_port=bus)
    await server.start()
    assert "Cluster" in await refusal(server.url)
    server.stop()


async def test_an_older_redis_is_refused(server: RedisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "OLDEST", (99, 0))
    assert "is too old for the journal: install 99.0" in await refusal(server.url)


async def test_a_clock_that_is_off_is_refused(server: RedisProcess) -> None:
    assert "s ahead of that of Redis" in await refusal(server.url, lambda: now_ms() + 3000)


async def test_an_answer_that_took_long_puts_no_clock_in_the_wrong(server: RedisProcess) -> None:
    began_ms = now_ms()
    readings_ms = iter((began_ms - 30_000, began_ms + 30_000))
    assert await check(server.url, lambda: next(readings_ms), allow_loss=False) == ()


@pytest.mark.parametrize("given", ["", ":opensesame@"])
async def test_a_wrong_password_is_refused_and_never_said(tmp_path: Path, given: str) -> None:
    server = RedisProcess(tmp_path / "redis", requirepass="right")
    await server.start()
    said = await refusal(f"redis://{given}127.0.0.1:{server.port}/0")
    assert "refuses the password" in said
    assert "opensesame" not in said
    server.stop()


async def test_a_redis_that_speaks_tls_is_named_as_such() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        assert "if it speaks TLS, begin it with rediss://" in await refusal(f"redis://127.0.0.1:{port}")


async def test_a_redis_without_tls_is_named_as_such(server: RedisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "TIMEOUT_S", 0.2)
    assert "if it speaks no TLS, begin the URL with redis://" in await refusal(server.url.replace("redis:", "rediss:"))


async def test_where_no_redis_is_the_place_is_named(server: RedisProcess) -> None:
    server.kill()
    assert f"no Redis at {server.url}" in await refusal(server.url)


async def test_a_full_redis_is_refused_unless_it_is_ours(server: RedisProcess) -> None:
    redis = client(server.url)
    await redis.config_set("maxmemory", "1")
    said = await refusal(server.url)
    assert "is full" in said
    assert "raise its maxmemory" in said
    await redis.config_set("maxmemory", "0")
    await check(server.url, now_ms, allow_loss=False)
    await redis.config_set("maxmemory", "1")
    assert await check(server.url, now_ms, allow_loss=False) == ()
    await redis.aclose()
