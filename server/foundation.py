"""What a web process stands on: its key, journal, vault and conferences, in the data folder or shared in Redis."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack

import msgspec
import structlog
from aiohttp.typedefs import Middleware
from redis.exceptions import RedisError

from rooms.definition import Definition
from rooms.kernel import ConferenceId, Json, Refused
from server.certificates import leaf_fingerprint
from server.clock import Clock
from server.datafolder import DataFolder
from server.definitions import definitions
from server.director import Director
from server.hall import Hall
from server.held import Held
from server.host import Host
from server.identity import node_key
from server.journal import Journal
from server.journal.redis import RedisJournal
from server.journal.sqlite import SqliteJournal
from server.media_port import MediaPort
from server.metrics import Metrics
from server.personal import Personal
from server.records.keys import Seal, given_seal, own_seal
from server.sealer import known_files
from server.settings import EVERYWHERE, Settings, Unusable, outer_address
from server.shared.apart import Apart
from server.shared.checks import check
from server.shared.company import Company
from server.shared.follower import BLOCK_MS
from server.shared.forwarding import forwarding
from server.shared.keys import shared_key, shared_seal
from server.shared.lease import Lease
from server.shared.line import Line
from server.shared.member import Member
from server.shared.messages import NodeId
from server.shared.shelf import RedisShelf
from server.shared.store import TIMEOUT_S, RedisStore, client, place
from server.shared.vault import SharedVault
from server.shelf import FolderShelf, Shelf, moved
from server.storage import Unwritable
from server.vault import Vault

LINE_S: float = 5.0
NAMED_S: float = 5.0
"""For so long Redis may take a dead process' connection for a living one's."""

log = structlog.get_logger()


class Foundation(msgspec.Struct, frozen=True):
    """The parts of a process that others build on. `meet` is called once there are halls."""

    key: bytes
    seal: Seal
    journal: Journal
    vault: Personal
    documents: Shelf
    records: Shelf
    hosts: Sequence[Held]
    meet: Callable[[Mapping[ConferenceId, Hall]], None] = lambda halls: None
    processes: Callable[[], int] = lambda: 1
    company: Callable[[ConferenceId], Mapping[str, Json]] = lambda conference: {}
    media: Callable[[Director], MediaPort] = lambda director: director
    middlewares: Sequence[Middleware] = ()
    apart_ms: Callable[[], float] = lambda: 0.0
    """What our clock may be off from the other processes'."""


async def laid(
    settings: Settings,
    folder: DataFolder,
    clock: Clock,
    metrics: Metrics,
    stack: AsyncExitStack,
    end: Callable[[], None],
) -> Foundation:
    """Where the settings say; it is closed with the stack. `end()` makes the process end. Raises Unusable."""
    founding = definitions(settings.conferences)
    if settings.redis:
        return await _shared(settings, folder, founding, clock, metrics, stack, end)
    vault = Vault(folder.vault)
    stack.push_async_callback(vault.close)
    journal = SqliteJournal(folder.journal)
    stack.push_async_callback(journal.close)
    hosts = [Host(journal, each, clock) for each in founding]
    await _open(hosts, metrics, stack)
    documents, records = FolderShelf(folder.documents).tidied(), FolderShelf(folder.records).tidied()
    return Foundation(node_key(folder.key), _own_seal(settings, folder), journal, vault, documents, records, hosts)


async def _shared(
    settings: Settings,
    folder: DataFolder,
    founding: Sequence[Definition],
    clock: Clock,
    metrics: Metrics,
    stack: AsyncExitStack,
    end: Callable[[], None],
) -> Foundation:
    """A process among others that have the same Redis."""
    risks = await check(settings.redis, clock.now_ms, allow_loss=settings.redis_allow_loss)
    for risk in risks:
        log.warning("this Redis may lose what it acknowledged", reason=str(risk))
    if folder.journal.exists():
        log.warning("the data folder's own journal is not used: `python -m server journal` moves it to Redis")
    store = RedisStore(settings.redis)
    stack.push_async_callback(store.close)
    blocking = client(settings.redis, timeout_s=BLOCK_MS / 1000 + TIMEOUT_S)
    stack.push_async_callback(blocking.aclose)
    node = node_of(settings)
    line = Line(settings.redis, node, lambda message: company.hear(message))
    stack.push_async_callback(line.close)
    vault = SharedVault(store, line)
    stack.push_async_callback(vault.close)
    journal, lease = RedisJournal(store), Lease(store, node)

    def host(definition: Definition) -> Host:
        return Host(journal, definition, clock)

    parts = (host, journal, store, blocking, lease, line, metrics)

    def member(definition: Definition) -> Member:
        return Member(definition, *parts, lambda node: company.returns(node), lambda: company.yields())

    members = [member(each) for each in founding]
    apart = Apart(store.redis, clock.now_ms, metrics)
    address = f"{'https' if settings.speaks_tls else 'http'}://{_inner(settings)}:{settings.port}"
    company = Company(
        store,
        vault,
        members,
        clock,
        metrics,
        address,
        lambda: leaf_fingerprint(settings),
        apart,
        end,
        standby=settings.standby,
    )
    stack.push_async_callback(company.close)
    try:
        key = await shared_key(store, folder.key)
        seal = _own_seal(settings, folder)
        if not seal.p12:
            seal = await shared_seal(store, seal, folder.keys / "seal")
        await vault.open()
        line.start()
        await asyncio.wait_for(line.up.wait(), LINE_S)
        await _only(line)
        await apart.measure()
    except (Unwritable, TimeoutError, RedisError) as failed:
        raise Unusable(f"Redis at {place(settings.redis)} went away at the start ({failed}): start again") from failed
    documents, records = RedisShelf(store, "documents"), RedisShelf(store, "records")
    await _open(members, metrics, stack)
    await _shelved(folder, documents, records, members)
    return Foundation(
        key,
        seal,
        journal,
        vault,
        documents,
        records,
        members,
        lambda halls: company.meet(line, halls),
        company.processes,
        lambda conference: {"processes": company.view(conference), "risks": msgspec.to_builtins(risks)},
        lambda director: company.media(director, line),
        (forwarding(company.elsewhere, company.another),),
        lambda: apart.bound_ms,
    )


async def _only(line: Line) -> None:
    """Two of one name would both take its leases, and fence each other for ever. Raises Unusable, RedisError."""
    if not await line.alone(NAMED_S):
        what = f"another process at this Redis is called {line.node} too, as on a copied machine"
        raise Unusable(f"{what}: give this one another host name, or another --port")


def node_of(settings: Settings) -> NodeId:
    """The name of a process with these settings on this machine."""
    return NodeId(f"{socket.gethostname()}:{settings.port}")


def _inner(settings: Settings) -> str:
    """The address that other machines reach this process at."""
    host = outer_address() if settings.host in EVERYWHERE else settings.host
    return f"[{host}]" if ":" in host else host


async def _shelved(folder: DataFolder, documents: Shelf, records: Shelf, hosts: Sequence[Held]) -> None:
    """What the folder has of these conferences, from a time when it was used alone, is for all now. Raises Unusable.

    No record of them stays in it: who erases a person at another process can't reach it there. Files that these
    journals do not name are another node's, and left alone.
    """
    known_documents, known_records = known_files(hosts)
    own = FolderShelf(folder.records)
    try:
        await moved(FolderShelf(folder.documents), documents, known_documents)
        shared = await moved(own, records, known_records)
        ours = tuple({f"item.{name.split('.')[1]}." for name in shared})
        await own.drop([*shared, *(name for name in await own.names() if ours and name.startswith(ours))])
    except Refused as refusal:
        what = f"documents and records in {folder.data} can't be moved to Redis ({refusal.code})"
        raise Unusable(f"{what}: give it memory (maxmemory), or move them away") from refusal


def _own_seal(settings: Settings, folder: DataFolder) -> Seal:
    """What records are sealed with: what was given, or the node's own. Raises Unusable."""
    if settings.seal_p12 is not None:
        return given_seal(settings.seal_p12, settings.seal_password, settings.tsa)
    return own_seal(folder.keys, dt.datetime.now(dt.UTC), settings.tsa)


async def _open(hosts: Sequence[Held], metrics: Metrics, stack: AsyncExitStack) -> None:
    for host in hosts:
        host.listen(lambda entries: metrics.entries.inc(len(entries)))
        await host.open()
        stack.push_async_callback(host.close)
