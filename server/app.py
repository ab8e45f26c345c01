"""The web process put together: wiring only."""

from __future__ import annotations

import asyncio
import functools
import gc
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web
from msgspec.structs import replace

from media.client import RelayClient
from media.control import Observed
from media.model import SessionId
from rooms.conference import Conference
from rooms.journal import Entry
from rooms.kernel import ConferenceId
from server.admission import Admission
from server.archive import Archive
from server.backup import Backups
from server.ceremonies import Ceremonies
from server.certificates import Certificates, mount_authority
from server.clock import NodeClock
from server.codes import CodePages, Codes
from server.datafolder import DataFolder, held
from server.director import Director
from server.documents import Documents
from server.doors import BODY_MAX, KEEPALIVE_S, Floods, guard, security_headers
from server.doorway import Crowd, Doorway
from server.erasure import Erasure
from server.export import Exports
from server.foundation import laid
from server.hall import Hall
from server.health import Health
from server.held import Held
from server.ice import IceServers
from server.identity import Identity
from server.importing import Importing
from server.listening import listen
from server.local import Local
from server.metrics import Metrics
from server.outgrown import Outgrown
from server.pages import Pages
from server.persons import Persons
from server.records.jobs import Jobs
from server.records.keys import signer
from server.sealer import Means, Sealer
from server.sessions import Sessions
from server.settings import Settings, Unusable
from server.sockets import Sockets
from server.whip import Whip

WEB_ROOT: Final = Path(__file__).parent.parent / "web"
SHUTDOWN_S: Final = 1.0

log = structlog.get_logger()


async def run(settings: Settings, lock: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT; `lock` as in `held`. Raises Unusable when it can't start."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    listening = listen(settings)
    settings = replace(settings, port=listening.getsockname()[1])
    async with serving(settings, listening, lock=lock, end=ended.set):
        gc.freeze()  # the conferences stay for ever: collections skip them, and nobody waits for that
        log.info("web is up", origin=settings.origin, conferences=settings.conferences)
        await ended.wait()
    log.info("web ends")


@asynccontextmanager
async def serving(
    settings: Settings,
    listening: socket.socket,
    web_root: Path = WEB_ROOT,
    lock: int | None = None,
    end: Callable[[], None] = lambda: None,
) -> AsyncIterator[None]:
    """A whole web process, from the data folder up; on the way out everything closes in the opposite order.

    `end()` is called when it can't go on.
    """
    async with AsyncExitStack() as stack:
        stack.callback(listening.close)
        folder = stack.enter_context(held(settings, lock))
        clock, metrics = NodeClock(), Metrics()
        base = await laid(settings, folder, clock, metrics, stack, end)
        journal, vault, hosts = base.journal, base.vault, base.hosts
        identity = Identity(base.key)

        director, sessions = _media(settings, hosts, clock)
        media = base.media(director)
        health = Health({"journal": journal, "vault": vault}, media, clock, metrics, base.company)
        loop = asyncio.get_running_loop()
        halls: Mapping[ConferenceId, Hall] = {
            host.id: Hall(host, identity, vault.names, media, clock, health.view, loop) for host in hosts
        }
        for store in (journal, vault):
            store.listen(lambda: _all_changed(halls))
        jobs = Jobs()
        sealer = Sealer(Means(journal, vault, jobs, signer(base.key), base.seal, base.records), hosts)
        await sealer.start()
        stack.push_async_callback(sealer.close)
        erasure = Erasure(vault, folder.data, hosts, sealer.forget, lambda: _all_changed(halls, urgent=True))
        stack.push_async_callback(erasure.close)
        codes = Codes(identity, clock)
        ceremonies = Ceremonies(vault, clock, halls.values())
        await ceremonies.remember()
        sockets = Sockets(settings, halls, identity, media, clock, metrics, codes, ceremonies, base.apart_ms)

        floods = Floods(time.monotonic, base.processes)
        ice = IceServers(settings.ice_servers, settings.ice_secret, lambda: clock.now_ms() / 1000, secrets.token_bytes)
        app = web.Application(client_max_size=BODY_MAX, middlewares=[guard(floods, settings), *base.middlewares])
        app.on_response_prepare.append(security_headers(settings))
        sockets.mount(app)
        health.mount(app)
        app.add_routes(Whip(settings, identity, lambda: _conferences(hosts), sessions, director, ice).routes())
        admission = Admission(identity, secure=settings.secure)
        Persons(settings, halls, admission, vault, erasure).mount(app)
        Exports(settings, halls, admission, vault.names).mount(app)
        here = folder.cache if settings.redis else folder.documents
        documents = Documents(settings, halls, admission, jobs, base.documents, here)
        documents.mount(app)
        outgrown = Outgrown(journal, base.documents, documents.tidied)
        stack.push_async_callback(outgrown.close)
        outgrown.start()
        Archive(settings, halls, admission, sealer).mount(app)
        Importing(settings, halls, admission, jobs, ceremonies, clock).mount(app)
        CodePages(settings, halls, admission, identity, codes).mount(app)
        if settings.has_own_authority:
            mount_authority(app, settings.data)
        Pages(settings, web_root, halls, identity, vault, erasure, metrics, floods, ice).mount(app)
        local = web.Application()
        Local(settings, hosts, identity).mount(local)
        Backups(folder, shared=bool(settings.redis)).mount(local)

        base.meet(halls)
        await media.start(sockets)
        stack.push_async_callback(media.close)
        await _serve(settings, app, listening, stack)
        await _serve_local(local, folder, stack)
        stack.push_async_callback(sockets.close)
        for hall in halls.values():
            stack.callback(hall.close)
        yield


def _all_changed(halls: Mapping[ConferenceId, Hall], *, urgent: bool = False) -> None:
    for hall in halls.values():
        hall.changed(urgent=urgent)


def _conferences(hosts: Sequence[Held]) -> dict[ConferenceId, Conference]:
    return {host.id: host.conference for host in hosts}


def _media(settings: Settings, hosts: Sequence[Held], clock: NodeClock) -> tuple[Director, Sessions]:
    """The media side: the relay's client and the director call each other."""
    director: Director

    def observed(frame: Observed) -> None:
        clock.follow(frame.clock_ms)
        director.observed(frame)

    relay = RelayClient(
        settings.run / "relay.sock",
        on_observed=observed,
        on_link=lambda connected: director.linked(connected),
        on_epoch=lambda epoch: director.another_epoch(epoch),
        adopt=lambda spec: director.adopt(spec),
    )
    sessions = Sessions(relay, lambda: SessionId(secrets.token_hex(16)))
    director = Director(relay, sessions, lambda: _conferences(hosts))
    for host in hosts:
        host.listen(functools.partial(_refresh, director, host.id))
    return director, sessions


def _refresh(director: Director, conference: ConferenceId, entries: Sequence[Entry]) -> None:
    director.refresh(conference)


def _certificates(settings: Settings, stack: AsyncExitStack) -> Certificates:
    """The node's certificate, kept fresh until the end; SIGHUP asks to look at once."""
    certificates = Certificates(settings)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, certificates.look_soon)
    stack.callback(loop.remove_signal_handler, signal.SIGHUP)
    stack.callback(asyncio.create_task(certificates.keep_fresh()).cancel)
    return certificates


async def _serve(settings: Settings, app: web.Application, listening: socket.socket, stack: AsyncExitStack) -> None:
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEEPALIVE_S, shutdown_timeout=SHUTDOWN_S)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    context = _certificates(settings, stack).context if settings.speaks_tls else None
    await Doorway(runner, listening, context, None if settings.is_proxied else Crowd()).start()


async def _serve_local(app: web.Application, folder: DataFolder, stack: AsyncExitStack) -> None:
    """The command line's socket: whoever may read the data folder may use it."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(folder.socket)).start()
    except OSError as wrong:
        raise Unusable(f"{folder.socket} can't be made ({wrong}): choose a shorter --data DIR") from wrong
