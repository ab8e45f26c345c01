"""`scripts/bench socket`: what one recipient of a view costs, beside python-socketio's emit and a raw WebSocket.

All three serve as many sockets of another process, in one process and one run; each view is awaited by the last
recipient before the next is sent. CPU time of the serving thread counts.
"""

from __future__ import annotations

import argparse
import resource
import socket
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import socketio
from aiohttp import web

from rooms.features.links import Standing
from rooms.invites import Invite
from rooms.kernel import ConferenceId, InviteId, Role
from scripts.benches import Bench, Outcome, Say
from scripts.benches.crowd import CrowdProcess, Opening
from server.ceremonies import Ceremonies
from server.clock import NodeClock
from server.codes import Codes
from server.fanout import Channel
from server.hall import Hall
from server.identity import Identity, cookie_name
from server.media_port import MediaPort
from server.metrics import Metrics
from server.outbox import Outbox
from server.personal import Personal
from server.presence import Page
from server.settings import Settings
from server.sockets import PATH, Sockets

RAW_MAX: Final = 1.4
EMIT_MAX: Final = 0.35
HOST: Final = "127.0.0.1"
FILES_BESIDE: Final = 200
AT_ONCE: Final = 50
ENGINE: Final = f"{PATH}?EIO=4&transport=websocket"

Send = Callable[[int], Awaitable[None]]


class Benched:
    """As much of a hall as a socket needs: one audience and its view."""

    def __init__(self) -> None:
        self._turn = 0
        self.channel = Channel(lambda: view(self._turn))

    def come(self, page: Page, outbox: Outbox) -> None:
        self.channel.join(outbox)

    def go(self, page: Page) -> None:
        """The bench is over: everybody leaves."""

    async def send(self, turn: int) -> None:
        self._turn = turn
        self.channel.flush()


class NoMedia:
    """A relay that is away."""

    def epoch(self) -> str | None:
        return None


def view(turn: int) -> Mapping[str, Any]:
    """What a take changes in a hall of two, about 400 bytes."""
    gains = {f"changzhou/camera-{n}": (turn + n) % 10 / 10 for n in range(6)}
    tiles = [{"source": f"frankfurt/camera-{(turn + n) % 9}", "slot": f"v{n}"} for n in range(2)]
    stage = {"layout": "side_by_side", "tiles": tiles, "take": {"seq": turn, "at_ms": 1_795_000_000_000 + turn}}
    return {"stage": {**stage, "sound_on": gains}, "people": {"venues": {"changzhou": turn}, "remote": turn}}


class Served(msgspec.Struct):
    """One way to many sockets: how they are opened, and how one view is sent to all of them."""

    opening: Opening
    send: Send
    sent: int = 0


async def fanout(stack: AsyncExitStack) -> Served:
    """Ours: the real sockets of the web process, and a channel of its fan-out."""
    conference, invite, key = ConferenceId("bench"), Invite(InviteId("attendee"), Role.ATTENDEE), bytes(32)
    identity, hall = Identity(key), Benched()
    identity.learn(conference, [(invite, Standing())])
    link = identity.link(identity.token(conference, invite.id, 1))
    settings = Settings(data=Path())
    halls = {conference: cast(Hall, hall)}
    clock = NodeClock()
    codes = Codes(identity, clock)
    ceremonies = Ceremonies(cast(Personal, None), clock, ())  # nobody signs here
    sockets = Sockets(settings, halls, identity, cast(MediaPort, NoMedia()), clock, Metrics(), codes, ceremonies)
    app = web.Application()
    sockets.mount(app)
    cookie = f"{cookie_name(link, secure=settings.secure)}={identity.signed(identity.seat(link, None))}"
    hello = "40" + msgspec.json.encode({"invite": invite.id, "token": link.token}).decode()
    port = await _serve(app, stack)
    stack.push_async_callback(sockets.close)
    return Served(Opening(HOST, port, ENGINE, {"Cookie": cookie}, hello), hall.send, sent=1)


async def emit(stack: AsyncExitStack) -> Served:
    """python-socketio as it comes."""
    io = socketio.AsyncServer(async_mode="aiohttp", transports=["websocket"], http_compression=False)
    app = web.Application()
    io.attach(app)

    async def send(turn: int) -> None:
        await io.emit("view", {"from": turn, "to": turn + 1, "patch": view(turn)})

    port = await _serve(app, stack)
    stack.push_async_callback(io.shutdown)
    return Served(Opening(HOST, port, ENGINE, hello="40"), send)


async def raw(stack: AsyncExitStack) -> Served:
    """aiohttp's WebSocket alone: the text is made once, each socket's `send_str` is awaited."""
    here: list[web.WebSocketResponse] = []

    async def come(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        here.append(ws)
        async for _ in ws:
            pass
        return ws

    async def send(turn: int) -> None:
        text = "42" + msgspec.json.encode(["view", {"from": turn, "to": turn + 1, "patch": view(turn)}]).decode()
        for ws in here:
            await ws.send_str(text)

    app = web.Application()
    app.router.add_get("/", come)
    return Served(Opening(HOST, await _serve(app, stack), "/"), send)


WAYS: Final[Mapping[str, Callable[[AsyncExitStack], Awaitable[Served]]]] = {"fanout": fanout, "emit": emit, "raw": raw}


async def _serve(app: web.Application, stack: AsyncExitStack) -> int:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    listening = socket.create_server((HOST, 0), backlog=1024)
    await web.SockSite(runner, listening).start()
    return int(listening.getsockname()[1])


async def measure(clients: int, pairs: int, views: int, say: Say) -> dict[str, list[float]]:
    """CPU time in us per recipient and view of each way, one value per pair."""
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    async with AsyncExitStack() as stack:
        served = {name: await serve(stack) for name, serve in WAYS.items()}
        crowd = await CrowdProcess.start()
        stack.push_async_callback(crowd.close)
        for name, way in served.items():
            for _ in range(0, clients, AT_ONCE):
                await crowd.come(name, way.opening, min(AT_ONCE, clients))
                await crowd.heard(name, way.sent)
            say(f"{clients} sockets of {name} are open")
        for pair in range(-1, pairs):
            for name in sorted(served, key=lambda name: (list(WAYS).index(name) + pair) % len(WAYS)):
                us = await _once(crowd, name, served[name], views) / clients * 1e6
                if pair >= 0:
                    found[name].append(us)
            if pair >= 0:
                say(f"{pair + 1}/{pairs} " + ", ".join(f"{name} {values[-1]:.1f} us" for name, values in found.items()))
    return found


async def _once(crowd: CrowdProcess, name: str, way: Served, views: int) -> float:
    """CPU seconds of one view; each is read by everybody before the next."""
    began_s = time.thread_time()
    for _ in range(views):
        way.sent += 1
        await way.send(way.sent)
        await crowd.heard(name, way.sent)
    return (time.thread_time() - began_s) / views


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    """Measure all three ways in turns, and judge the ratios."""
    need = 2 * len(WAYS) * options.clients + FILES_BESIDE
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(min(need, hard), 1024), hard))
    return judged(options.clients, await measure(options.clients, options.pairs, options.views, say))


def judged(clients: int, found: Mapping[str, Sequence[float]]) -> Outcome:
    """The figures against the promises. A ratio is the median over the pairs: one disturbed turn counts little."""
    ratios = {
        other: [ours / theirs for ours, theirs in zip(found["fanout"], found[other], strict=True)]
        for other in ("raw", "emit")
    }
    ratio = {other: round(statistics.median(values), 3) for other, values in ratios.items()}
    figures: dict[str, object] = {"clients": clients, "pairs": len(found["fanout"])}
    figures |= {f"{name}_us": round(statistics.median(values), 2) for name, values in found.items()}
    figures |= {f"ratio_to_{other}": value for other, value in ratio.items()}
    figures["spread"] = {f"{name}_us": _spread(values) for name, values in found.items()} | {
        f"ratio_to_{other}": _spread(values) for other, values in ratios.items()
    }
    broken = []
    if ratio["raw"] > RAW_MAX:
        broken.append(f"a recipient costs {ratio['raw']} of a raw socket's, not {RAW_MAX}")
    if ratio["emit"] > EMIT_MAX:
        broken.append(f"a recipient costs {ratio['emit']} of emit's, not {EMIT_MAX}")
    return Outcome(figures, tuple(broken))


def _spread(values: Sequence[float]) -> list[float]:
    """The least and the most."""
    return [round(min(values), 3), round(max(values), 3)]


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--clients", type=int, default=1000, help="sockets of each way (default: 1000)")
    options.add_argument("--pairs", type=int, default=7, help="turns of each way (default: 7)")
    options.add_argument("--views", type=int, default=5, help="views a turn (default: 5)")


BENCH: Final = Bench("what one recipient of a view costs, beside emit and a raw WebSocket", add_options, run)
