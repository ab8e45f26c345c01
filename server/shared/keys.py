"""Keys that all processes of a node have in common: whichever starts first gives its own to Redis."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from server.identity import KEY_BYTES, node_key
from server.records.keys import Seal, seal_pair
from server.settings import Unusable
from server.shared.store import RedisStore, awaited
from server.storage import store as store_file

KEY: Final = "twinhall:key"
SEAL: Final = "twinhall:seal"


class _Pem(msgspec.Struct, frozen=True):
    """A seal as Redis has it."""

    certificate: str
    key: str


async def shared_key(store: RedisStore, path: Path) -> bytes:
    """The node's key, from which all links derive. Raises Unwritable, Unusable."""
    key = await _first(store, KEY, node_key(path))
    if len(key) != KEY_BYTES:
        raise _damaged(KEY)
    return key


async def shared_seal(store: RedisStore, own: Seal, folder: Path) -> Seal:
    """What every process seals with; another's stands beside our own in `folder`. Raises Unwritable, Unusable."""
    ours = _pem(own)
    try:
        found = msgspec.json.decode(await _first(store, SEAL, msgspec.json.encode(ours)), type=_Pem)
    except msgspec.MsgspecError:
        raise _damaged(SEAL) from None
    if found == ours:
        return own
    certificate, key = folder / "shared.pem", folder / "shared.key"
    try:
        store_file(key, found.key.encode())
        store_file(certificate, found.certificate.encode())
    except OSError as wrong:
        raise Unusable(
            f"the seal's key can't be kept in {folder} ({wrong.strerror}): mend the folder's rights"
        ) from wrong
    return replace(own, certificate=str(certificate.absolute()), key=str(key.absolute()))


def seal_of(keys: Path) -> bytes:
    """The node's own seal in a folder's `keys`, as Redis has it; empty where there is none."""
    pair = seal_pair(keys)
    if not pair.certificate.exists():
        return b""
    return msgspec.json.encode(_pem(Seal(str(pair.certificate), str(pair.key))))


def keep_seal(keys: Path, seal: bytes) -> None:
    """Make a seal as Redis has it the folder's own, which has none. Raises Unusable."""
    pair = seal_pair(keys)
    if pair.certificate.exists():
        return
    try:
        found = msgspec.json.decode(seal, type=_Pem)
    except msgspec.MsgspecError as wrong:
        raise Unusable(f"the file's seal is damaged ({wrong}): export it again") from None
    pair.certificate.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    store_file(pair.key, found.key.encode())
    store_file(pair.certificate, found.certificate.encode())


def _pem(seal: Seal) -> _Pem:
    return _Pem(Path(seal.certificate).read_text(), Path(seal.key).read_text())


async def _first(store: RedisStore, name: str, own: bytes) -> bytes:
    """What is there, also in a full Redis; or from now on our own."""
    found: bytes | None = await store.read(lambda redis: awaited(redis.get(name)))
    if found is None:
        await store.write(lambda redis: redis.set(name, own, nx=True))
        found = await store.read(lambda redis: awaited(redis.get(name)))
    return found or b""


def _damaged(name: str) -> Unusable:
    return Unusable(f"the key {name} in Redis is damaged: delete it, and the next start gives the data folder's")
