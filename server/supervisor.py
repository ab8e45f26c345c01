"""Keeps web and relay alive, each with a warm standby, and shows once what runs where.

`python -m server.supervisor [options]`: the options are those of the web process; the
relay gets its share. Ctrl-C or SIGTERM ends all. A child that can't start at all ends
everything with its own one line. When one dies later, its standby serves at once (the lock
that it waits for is free, media.turn), and a new standby is started, with back-off.

The supervisor holds the socket of pages, so that who comes while web changes is served a moment later.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import shutil
import signal
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from media.addresses import free_port
from media.children import signalled
from server import settings as options
from server.authority import fingerprint
from server.definitions import definition
from server.listening import listen
from server.settings import Settings, Unusable
from server.welcome import Link, welcome

BACKOFF_FIRST_S: Final = 0.0
BACKOFF_STEP_S: Final = 0.5
BACKOFF_MOST_S: Final = 10.0
STEADY_S: Final = 5.0
"""A child that ran this long is followed by one without back-off: it did not fail to start."""
PROGRAM: Final = "scripts/run"
START_S: Final = 60.0
"""Slow discs and cold caches included; longer means that it hangs."""
PROBE_S: Final = 0.05
ANSWER_S: Final = 1.0
END_S: Final = 2.0
"""From SIGTERM to SIGKILL: Ctrl-C promises an end within 3 s."""
LOG_MOST_BYTES: Final = 10_000_000
LOG_LOOK_S: Final = 60.0
LAST_BYTES: Final = 65_536
INVITES: Final = "/invites/{conference}"
"""On the web process' local socket (server.local, which is not imported: it would cost a second)."""
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None)


class Child(msgspec.Struct, frozen=True):
    """A process to keep: its name (also of its log) and command; with `spare` a second one waits for its death.

    `inherits` are descriptors that it gets.
    """

    name: str
    command: tuple[str, ...]
    spare: bool = False
    inherits: tuple[int, ...] = ()


class StartFailed(Exception):
    """A child ended before it was ever healthy: its last line."""


class Keeper:
    """Keeps one child, and its spare, alive for as long as `keep` runs; cancelling that ends them."""

    def __init__(self, child: Child, data: Path, say: Callable[[str], None]) -> None:
        self.child = child
        self.begun, self.started = asyncio.Event(), asyncio.Event()
        self._alive: list[int] = []
        self._log = data / "log" / f"{child.name}.log"
        self._say = say

    @property
    def pid(self) -> int:
        """The process that serves: the oldest one alive; 0 when there is none."""
        return self._alive[0] if self._alive else 0

    async def keep(self) -> None:
        """Start the child, once it serves its spare, and again whatever ends. Raises StartFailed before that."""
        lives = [self._keep_log(), self._keep_one(), *([self._keep_spare()] if self.child.spare else [])]
        tasks = [asyncio.create_task(life, name=self.child.name) for life in lives]
        try:
            failed, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            await failed.pop()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_log(self) -> None:
        while True:
            await asyncio.to_thread(_shorten, self._log)
            await asyncio.sleep(LOG_LOOK_S)

    async def _keep_spare(self) -> None:
        await self.started.wait()
        await self._keep_one()

    async def _keep_one(self) -> None:
        backoff_s = BACKOFF_FIRST_S
        while True:
            began_s = time.monotonic()
            who, how, last_words = await self._live_once()
            if not self.started.is_set():
                raise StartFailed(last_words or f"{who} {how} without a word; see {self._log}")
            if time.monotonic() - began_s > STEADY_S:
                backoff_s = BACKOFF_FIRST_S
            self._say(f"{who} {how}: {self._next(backoff_s)}. {last_words}".rstrip())
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s or BACKOFF_STEP_S, BACKOFF_MOST_S)

    def _next(self, backoff_s: float) -> str:
        after = f" in {backoff_s:.1f} s" if backoff_s else ""
        if self._alive:
            return f"process {self.pid} serves, starting a standby{after}"
        return f"starting it again{after}"

    async def _live_once(self) -> tuple[str, str, str]:
        """From start to end: who it was then, how it ended, and its last line."""
        try:
            process, start = await self._launched()
        except OSError as failed:
            words = f"{failed.filename or self.child.command[0]}: {failed.strerror}"
            return self._called(served=not self._alive), "can't be started", words
        self._alive.append(process.pid)
        self.begun.set()
        try:
            code = await process.wait()
            served = process.pid == self.pid
        finally:
            await _end(process)
            self._alive.remove(process.pid)
        return self._called(served=served), _how(code), _last_line(self._log, start) if code >= 0 else ""

    def _called(self, *, served: bool) -> str:
        return self.child.name if served else f"{self.child.name}'s standby"

    async def _launched(self) -> tuple[asyncio.subprocess.Process, int]:
        """A new process, and where its part of the log begins. Raises OSError: no memory, no number, no file left."""
        self._log.parent.mkdir(exist_ok=True)
        with self._log.open("ab") as log:
            start = log.tell()
            process = await asyncio.create_subprocess_exec(
                *self.child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
                pass_fds=self.child.inherits,
            )
        return process, start


async def supervise(settings: Settings, children: Sequence[Child], say: Callable[[str], None]) -> None:
    """Keep the children until cancelled; says `welcome` when web and relay are healthy. Raises Unusable."""
    keepers = [Keeper(child, settings.data, say) for child in children]
    greeting = asyncio.create_task(_greet(settings, keepers, say))
    tasks = [asyncio.create_task(keeper.keep(), name=keeper.child.name) for keeper in keepers]
    try:
        done, _ = await asyncio.wait([greeting, *tasks], return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    except StartFailed as failed:
        raise Unusable(str(failed)) from None
    finally:
        for task in (greeting, *tasks):
            task.cancel()
        await asyncio.gather(greeting, *tasks, return_exceptions=True)


async def _greet(settings: Settings, keepers: Sequence[Keeper], say: Callable[[str], None]) -> None:
    try:
        async with asyncio.timeout(START_S):
            for keeper in keepers:
                await keeper.begun.wait()
            while not await asyncio.to_thread(is_healthy, settings):  # noqa: ASYNC110
                await asyncio.sleep(PROBE_S)
    except TimeoutError:
        raise StartFailed(f"web and relay were not ready within {START_S:.0f} s; see {settings.data}/log") from None
    for keeper in keepers:
        keeper.started.set()
    pids = {keeper.child.name: keeper.pid for keeper in keepers}
    authority = fingerprint(settings.data) if settings.has_own_authority else ""
    say(welcome(settings, pids, await links_of(settings), authority))


def is_healthy(settings: Settings) -> bool:
    """Whether web answers, and says that it has the relay; also while nothing can be stored, which pages say."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    try:
        with contextlib.closing(_connection(host, settings)) as web:
            web.request("GET", "/healthz")
            return bool(json.load(web.getresponse()).get("relay") == "ok")
    except (OSError, ValueError, http.client.HTTPException):
        return False


def _connection(host: str, settings: Settings) -> http.client.HTTPConnection:
    """Straight to ourselves, whatever proxy this machine uses for others (`http_proxy`).

    The certificate is not looked at: it names the public host, not this one.
    """
    if not settings.speaks_tls:
        return http.client.HTTPConnection(host, settings.port, timeout=ANSWER_S)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, settings.port, timeout=ANSWER_S, context=context)


async def links_of(settings: Settings) -> list[Link]:
    """The links of all conferences, as the running web process gives them on its local socket."""
    links: list[Link] = []
    for named in settings.conferences:
        conference = definition(named).id
        reader, writer = await asyncio.open_unix_connection(settings.run / "web.sock")
        try:
            writer.write(f"GET {INVITES.format(conference=conference)} HTTP/1.0\r\n\r\n".encode())
            _, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        links += msgspec.json.decode(body, type=list[Link])
    return links


def commands(settings: Settings, arguments: Sequence[str], listening: int) -> list[Child]:
    """Web with all options as given and the socket of pages, the relay with the options that are its own."""
    relay = ["--data", str(settings.data), "--host", settings.host, "--udp-port", str(settings.udp_port)]
    relay += ["--plane", settings.plane, "--log", "json"]
    if settings.announce:
        relay += ["--announce", *settings.announce]
    if settings.port == settings.udp_port:
        relay.append("--no-tcp")
    return [
        Child("relay", (sys.executable, "-m", "media", *relay, "--standby"), spare=True),
        Child(
            "web",
            (sys.executable, "-m", "server", *arguments, "--standby", "--listening", str(listening)),
            spare=True,
            inherits=(listening,),
        ),
    ]


@contextlib.contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """One supervisor per data folder. Raises Unusable when another has it, or it can't be written."""
    try:
        for folder in (settings.run, settings.data / "log"):
            folder.mkdir(parents=True, exist_ok=True)
        lock = (settings.run / "supervisor.lock").open("a+")
    except OSError as wrong:
        reason = f"{settings.data}: {wrong.strerror}"
        raise Unusable(f"The data folder can't be written ({reason}): mend its rights or choose --data DIR.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unusable(f"Twinhall runs already on {settings.data}: stop it, or choose --data DIR.") from None
        yield


def _shorten(log: Path) -> None:
    """Keep a long log as `.1` and begin anew; its writers append, so they go on at its start."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_MOST_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def _last_line(log: Path, start: int) -> str:
    """The last line that was written since `start`; none where somebody took the log away."""
    try:
        with log.open("rb") as written:
            size = written.seek(0, os.SEEK_END)
            written.seek(max(0 if size < start else start, size - LAST_BYTES))
            lines = written.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""


def _say(line: str) -> None:
    """For whoever looks on; a full disk behind it, or a reader who left, loses the line, and nothing else."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def _how(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


async def _end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM, and SIGKILL for what does not listen, also when we are told a second time to end."""
    if process.returncode is not None:
        return
    signalled(process, signal.SIGTERM)
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), END_S)
    finally:
        signalled(process, signal.SIGKILL)
        await process.wait()


def _die_with_parent() -> None:
    """In the child: SIGTERM when the supervisor dies, so that no orphan holds the ports (Linux)."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _until_signal(settings: Settings, arguments: Sequence[str]) -> None:
    with only_one(settings), listen(settings) as pages:
        children = commands(settings, arguments, pages.fileno())
        work = asyncio.ensure_future(supervise(settings, children, _say))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work


def settled(arguments: Sequence[str]) -> list[str]:
    """The arguments with a number for each port that was left to us: a child that is started again keeps it."""
    settings = options.parse(arguments, PROGRAM)
    chosen = list(arguments)
    for option, port in {"--port": settings.port, "--udp-port": settings.udp_port}.items():
        if port == 0:
            chosen += [option, str(free_port())]
    return chosen


def main(arguments: Sequence[str]) -> int:
    arguments = settled(arguments)
    settings = options.parse(arguments, PROGRAM)
    os.umask(0o077)
    try:
        asyncio.run(_until_signal(settings, arguments))
    except Unusable as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
