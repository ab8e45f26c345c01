"""Both shelves keep the same promises: a data folder's, and the one that all processes share."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from rooms.kernel import Refused
from scripts.benches.redis_process import RedisProcess
from server.shared.shelf import CHUNK_BYTES, ROOM_BYTES, RedisShelf
from server.shared.store import RedisStore
from server.shelf import FolderShelf, Shelf, moved
from tests.server.disks import tiny

LONG = bytes(range(256)) * (CHUNK_BYTES * 2 // 256) + b"the end"


def name(data: bytes, begin: str = "") -> str:
    return begin + hashlib.sha256(data).hexdigest()


class Kept:
    """One kind of shelf, opened as often as there are processes; `spoil` changes what is kept under a name, `age` is
    the day that makes all of it old."""

    def __init__(
        self,
        opened: Callable[[], Shelf],
        spoil: Callable[[str], Awaitable[None]],
        holds: Callable[[bytes], bool],
        age: Callable[[], Awaitable[None]],
    ) -> None:
        self.opened, self.spoil, self.holds, self.age = opened, spoil, holds, age


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def redis_server(folder: Path, stack: AsyncExitStack, **options: str) -> RedisProcess:
    server = RedisProcess(folder, **options)
    await server.start()
    stack.callback(server.stop)
    return server


def shared(server: RedisProcess, stack: AsyncExitStack) -> RedisShelf:
    store = RedisStore(server.url)
    stack.push_async_callback(store.close)
    return RedisShelf(store, "documents")


def any_file_holds(folder: Path, data: bytes) -> bool:
    return any(data in file.read_bytes() for file in folder.rglob("*") if file.is_file())


@pytest.fixture(params=["folder", "redis"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path, stack: AsyncExitStack) -> Kept:
    if request.param == "folder":

        async def spoil(name: str) -> None:
            (tmp_path / f"{name}.pdf").write_bytes(b"something else")

        async def age() -> None:
            for name in await FolderShelf(tmp_path).names():
                os.utime(tmp_path / f"{name}.pdf", (0, 0))

        return Kept(lambda: FolderShelf(tmp_path), spoil, lambda data: any_file_holds(tmp_path, data), age)
    server = await redis_server(tmp_path / "redis", stack)

    async def spoil_chunk(name: str) -> None:
        await shared(server, stack)._store.redis.hset(f"twinhall:documents:{name}", "0", b"something else")  # type: ignore[misc]

    async def expire() -> None:
        redis = shared(server, stack)._store.redis
        for key in await redis.keys("twinhall:documents:*:put"):
            assert await redis.ttl(key) > 0
            await redis.delete(key)

    return Kept(lambda: shared(server, stack), spoil_chunk, lambda data: any_file_holds(server.folder, data), expire)


@pytest.mark.parametrize("data", [b"%PDF-1.7", LONG])
async def test_what_was_put_by_one_process_is_given_by_another_byte_for_byte(kept: Kept, data: bytes) -> None:
    await kept.opened().put(name(data), data)
    again = kept.opened()
    assert await again.get(name(data)) == data
    assert list(await again.names()) == [name(data)]


async def test_what_is_not_there_is_none_and_dropping_it_changes_nothing(kept: Kept) -> None:
    shelf = kept.opened()
    await shelf.drop([name(LONG)])
    await shelf.drop([])
    assert await shelf.get(name(LONG)) is None
    assert list(await shelf.names()) == []


async def test_a_repeat_changes_nothing(kept: Kept) -> None:
    shelf = kept.opened()
    for _ in range(2):
        await shelf.put(name(LONG), LONG)
    assert (await shelf.get(name(LONG)), list(await shelf.names())) == (LONG, [name(LONG)])


async def test_what_is_dropped_is_gone_for_every_process_and_the_rest_stays(kept: Kept) -> None:
    one, two = kept.opened(), kept.opened()
    for begin in ("act.c.one.", "act.c.two."):
        await one.put(name(LONG, begin), LONG)
    await two.drop([name(LONG, "act.c.one.")])
    assert await one.get(name(LONG, "act.c.one.")) is None
    assert list(await one.names()) == [name(LONG, "act.c.two.")]


async def test_what_was_outgrown_goes_but_what_was_put_again_stays(kept: Kept) -> None:
    one, two = kept.opened(), kept.opened()
    for begin in ("act.c.one.", "act.c.two.", "act.c.three."):
        await one.put(name(LONG, begin), LONG)
    await kept.age()
    await one.put(name(LONG, "act.c.two."), LONG)
    await two.outgrow([name(LONG, "act.c.one."), name(LONG, "act.c.two."), name(b"nowhere")])
    assert set(await one.names()) == {name(LONG, "act.c.two."), name(LONG, "act.c.three.")}
    assert await two.get(name(LONG, "act.c.two.")) == LONG
    assert await one.get(name(LONG, "act.c.one.")) is None


async def test_no_file_holds_what_was_erased(kept: Kept) -> None:
    one, two = kept.opened(), kept.opened()
    await one.put("item.c.forum.0", b"Annabella Quastenflosser signed")
    assert kept.holds(b"Quastenflosser"), "the control: it was written"
    await two.erase(["item.c.forum.0"])
    assert not kept.holds(b"Quastenflosser")
    assert await one.get("item.c.forum.0") is None


async def test_damaged_bytes_are_not_given(kept: Kept) -> None:
    shelf = kept.opened()
    await shelf.put(name(LONG), LONG)
    await kept.spoil(name(LONG))
    assert await shelf.get(name(LONG)) is None


async def test_half_a_file_is_never_seen_and_goes_by_itself(tmp_path: Path, stack: AsyncExitStack) -> None:
    server = await redis_server(tmp_path / "redis", stack)
    shelf = shared(server, stack)
    redis = shelf._store.redis

    class Killed(Exception):
        pass

    async def die() -> int:
        raise Killed

    shelf._count = lambda *_: die()  # type: ignore[assignment, misc]
    with pytest.raises(Killed):
        await shelf.put(name(LONG), LONG)
    again = shared(server, stack)
    assert (await again.get(name(LONG)), list(await again.names())) == (None, [])
    left = await redis.keys("twinhall:documents:*")
    assert all([await redis.ttl(key) > 0 for key in left]), left


async def test_redis_killed_after_the_answer_has_the_file(tmp_path: Path, stack: AsyncExitStack) -> None:
    server = await redis_server(tmp_path / "redis", stack)
    shelf = shared(server, stack)
    await shelf.put(name(LONG), LONG)
    server.kill()
    await server.start()
    assert await shelf.get(name(LONG)) == LONG


async def test_a_redis_without_room_refuses_and_the_journal_still_has_some(
    tmp_path: Path, stack: AsyncExitStack
) -> None:
    server = await redis_server(tmp_path / "redis", stack, maxmemory=str(ROOM_BYTES + 4_000_000))
    shelf = shared(server, stack)
    with pytest.raises(Refused, match="redis-full"):
        await shelf.put("a", bytes(4_000_000))
    await shelf.put(name(LONG), LONG)
    assert await shelf.get(name(LONG)) == LONG
    assert shelf._store.refusing is None


async def test_a_full_disk_refuses_and_keeps_no_half(tmp_path: Path) -> None:
    with tiny(tmp_path / "disk") as folder:
        shelf = FolderShelf(folder)
        with pytest.raises(Refused, match="journal-full"):
            await shelf.put("a", bytes(2_000_000))
        assert list(folder.iterdir()) == []
        await shelf.put(name(LONG), LONG)


async def test_a_full_redis_gives_what_it_has_and_takes_nothing(tmp_path: Path, stack: AsyncExitStack) -> None:
    server = await redis_server(tmp_path / "redis", stack)
    shelf = shared(server, stack)
    await shelf.put(name(LONG), LONG)
    await shelf._store.redis.config_set("maxmemory", "1")
    with pytest.raises(Refused, match="redis-full"):
        await shelf.put("a", b"%PDF")
    assert await shelf.get(name(LONG)) == LONG


async def test_a_folder_s_files_come_to_the_others_but_for_damaged_and_unknown_ones(
    tmp_path: Path, stack: AsyncExitStack
) -> None:
    server = await redis_server(tmp_path / "redis", stack)
    folder, shelf = FolderShelf(tmp_path), shared(server, stack)
    await folder.put(name(LONG), LONG)
    await folder.put(name(b"good"), b"bad")
    await folder.put(name(b"unknown"), b"unknown")
    for _ in range(2):
        assert await moved(folder, shelf, [name(LONG), name(b"good"), name(b"elsewhere")]) == [name(LONG)]
    assert list(await shelf.names()) == [name(LONG)]
