"""The supervisor keeps children that live by themselves: small programs stand in for web and relay."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from media.addresses import free_port
from server import settings as options
from server import supervisor
from server.settings import Settings, Unusable
from server.supervisor import Child, Keeper, is_healthy, only_one, supervise
from server.welcome import Link, welcome

pytestmark = pytest.mark.holds

HEALTHY = """
import http.server, sys
class Healthz(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"web": "ok", "relay": "ok"}')
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthz).serve_forever()
"""
ANNOUNCED = "import os, signal, sys; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); signal.pause()"
PATIENT = "import signal; signal.pause()"
DEAF = """
import os, signal, sys
line = os.open(sys.argv[1], os.O_WRONLY)
signal.signal(signal.SIGTERM, lambda number, frame: os.write(line, b"heard\\n"))
os.write(line, b"deaf\\n")
while True:
    signal.pause()
"""


def program(name: str, text: str, *arguments: str) -> Child:
    return Child(name, (sys.executable, "-c", text, *arguments))


class Said:
    """What the supervisor says, to be awaited line by line."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, line: str) -> None:
        self.lines.put_nowait(line)

    async def next(self) -> str:
        return await asyncio.wait_for(self.lines.get(), 30)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "var", port=free_port(), conferences=())


@asynccontextmanager
async def lines_of(fifo: Path) -> AsyncIterator[asyncio.Queue[str]]:
    """What children write to a named pipe at `fifo`, line by line."""
    os.mkfifo(fifo)
    lines: asyncio.Queue[str] = asyncio.Queue()
    with open(os.open(fifo, os.O_RDWR), "rb", buffering=0) as end:  # noqa: ASYNC230
        asyncio.get_running_loop().add_reader(end, lambda: lines.put_nowait(end.readline().decode().strip()))
        try:
            yield lines
        finally:
            asyncio.get_running_loop().remove_reader(end)


@asynccontextmanager
async def running(settings: Settings, *children: Child) -> AsyncIterator[Said]:
    said = Said()
    with only_one(settings):
        work = asyncio.create_task(supervise(settings, children, said))
        try:
            yield said
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


def pids_in(screen: str) -> tuple[int, int]:
    """The processes of web and relay, as the screen names them."""
    web, relay = re.findall(r"process (\d+)", screen)
    return int(web), int(relay)


async def test_a_start_says_what_runs_where_once_all_are_healthy(settings: Settings) -> None:
    web = program("web", HEALTHY, str(settings.port))
    async with running(settings, web, program("relay", PATIENT)) as said:
        screen = await said.next()
        assert settings.origin in screen
        for pid in pids_in(screen):
            os.kill(pid, 0)
        assert str(settings.data) in screen


async def test_a_killed_child_is_started_again_with_one_line_why(settings: Settings) -> None:
    web = program("web", HEALTHY, str(settings.port))
    async with running(settings, web, program("relay", PATIENT)) as said:
        web_pid, relay_pid = pids_in(await said.next())
        os.kill(relay_pid, signal.SIGKILL)
        assert await said.next() == "relay was ended by SIGKILL: starting it again."
        os.kill(web_pid, signal.SIGKILL)
        assert await said.next() == "web was ended by SIGKILL: starting it again."


async def test_one_that_ends_at_each_start_is_started_again_ever_more_seldom(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_STEP_S", 0.1)
    broken = tmp_path / "broken"
    relay = program(
        "relay", f"import os, sys\nif os.path.exists(sys.argv[1]): sys.exit('broken')\n{PATIENT}", str(broken)
    )
    web = program("web", HEALTHY, str(settings.port))
    async with running(settings, web, relay) as said:
        _, relay_pid = pids_in(await said.next())
        broken.touch()
        os.kill(relay_pid, signal.SIGKILL)
        assert await said.next() == "relay was ended by SIGKILL: starting it again."
        assert await said.next() == "relay ended with status 1: starting it again in 0.1 s. broken"
        assert await said.next() == "relay ended with status 1: starting it again in 0.2 s. broken"


async def test_a_machine_that_reaches_others_by_a_proxy_reaches_itself_without(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    async with running(settings, program("web", HEALTHY, str(settings.port)), program("relay", PATIENT)) as said:
        assert settings.origin in await said.next()


async def test_a_standby_serves_after_a_kill_and_gets_a_standby_itself(settings: Settings, tmp_path: Path) -> None:
    web = program("web", HEALTHY, str(settings.port))
    started = tmp_path / "started"
    relay = Child("relay", (sys.executable, "-c", ANNOUNCED, str(started)), spare=True)
    async with lines_of(started) as pids, running(settings, web, relay) as said:
        alive = {int(await pids.get()), int(await pids.get())}  # whichever is quicker to say so
        _, first = pids_in(await said.next())
        [second] = alive - {first}
        os.kill(first, signal.SIGKILL)
        assert await said.next() == f"relay was ended by SIGKILL: process {second} serves, starting a standby."
        third = int(await pids.get())
        os.kill(third, signal.SIGKILL)
        told = f"relay's standby was ended by SIGKILL: process {second} serves, starting a standby"
        assert (await said.next()).startswith(told)


async def test_a_child_that_can_not_start_ends_all_with_its_own_line(settings: Settings) -> None:
    web = program("web", "import sys; sys.exit('Port 8080 is in use: choose another with --port.')")
    with only_one(settings), pytest.raises(Unusable, match=r"^Port 8080 is in use: choose another with --port\.$"):
        await supervise(settings, [web, program("relay", PATIENT)], Said())


async def test_a_stop_leaves_no_process(settings: Settings) -> None:
    web = program("web", HEALTHY, str(settings.port))
    async with running(settings, web, program("relay", PATIENT)) as said:
        pids = pids_in(await said.next())
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_start_without_memory_or_log_ends_nothing_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_STEP_S", 0.1)
    launch, said = asyncio.create_subprocess_exec, Said()

    async def no_memory(*_: object, **__: object) -> None:
        monkeypatch.setattr(asyncio, "create_subprocess_exec", launch)
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    async with asyncio.timeout(30), lines_of(tmp_path / "started") as pids:
        keeper = Keeper(program("relay", ANNOUNCED, str(tmp_path / "started")), tmp_path, said)
        work = asyncio.create_task(keeper.keep())
        first = int(await pids.get())
        keeper.started.set()
        monkeypatch.setattr(asyncio, "create_subprocess_exec", no_memory)
        shutil.rmtree(tmp_path / "log")
        os.kill(first, signal.SIGKILL)
        assert await said.next() == "relay was ended by SIGKILL: starting it again."
        why = f"{sys.executable}: Cannot allocate memory"
        assert await said.next() == f"relay can't be started: starting it again in 0.1 s. {why}"
        assert int(await pids.get()) == keeper.pid
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


def test_a_line_that_nobody_can_read_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", FullDisk())
    supervisor._say("relay was ended by SIGKILL: starting it again.")


@asynccontextmanager
async def deaf_child(folder: Path) -> AsyncIterator[tuple[asyncio.Task[None], asyncio.Queue[str]]]:
    """The task that keeps a child which does not go at SIGTERM, and what the child says; it has to be gone at last."""
    for name in ("run", "log"):
        (folder / name).mkdir()
    async with asyncio.timeout(30), lines_of(folder / "deaf") as lines:
        keeper = Keeper(program("relay", DEAF, str(folder / "deaf")), folder, Said())
        work = asyncio.create_task(keeper.keep())
        assert await lines.get() == "deaf"
        pid = keeper.pid
        yield work, lines
        with contextlib.suppress(asyncio.CancelledError):
            await work
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_deaf_child_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "END_S", 0.05)
    async with deaf_child(tmp_path) as (work, _):
        work.cancel()


async def test_a_second_ctrl_c_leaves_no_deaf_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "END_S", 600)
    async with deaf_child(tmp_path) as (work, lines):
        work.cancel()
        assert await lines.get() == "heard"
        work.cancel()


def test_a_second_supervisor_of_one_data_folder_is_refused(settings: Settings) -> None:
    with only_one(settings), pytest.raises(Unusable, match="runs already"), only_one(settings):
        pass


def test_a_data_folder_that_can_not_be_made_gets_the_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unusable, match="choose --data DIR"), only_one(Settings(data=tmp_path / "file" / "var")):
        pass


def test_the_relay_gets_its_share_of_the_options() -> None:
    settings = Settings(data=Path("d"), host="10.0.0.1", udp_port=9000, announce=("192.0.2.7", "2001:db8::7"))
    relay, web = supervisor.commands(settings, ["--port", "1"], 7)
    assert relay.command[3:] == (
        *("--data", "d", "--host", "10.0.0.1", "--udp-port", "9000", "--plane", "auto", "--log", "json"),
        *("--announce", "192.0.2.7", "2001:db8::7", "--standby"),
    )
    assert web.command[3:] == ("--port", "1", "--standby", "--listening", "7")
    assert web.inherits == (7,)


def test_a_long_log_is_kept_beside_and_its_writers_go_on_in_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LOG_MOST_BYTES", 10)
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"the first day\n")
        start = log.stat().st_size
        supervisor._shorten(log)
        writer.write(b"after\n")
        supervisor._shorten(log)
    assert log.read_bytes() == b"after\n"
    assert log.with_suffix(".log.1").read_bytes() == b"the first day\n"
    assert supervisor._last_line(log, start) == "after"


def test_a_relay_leaves_the_tcp_port_to_pages_on_the_same_number() -> None:
    relay, _ = supervisor.commands(Settings(port=443, udp_port=443), [], 7)
    assert "--no-tcp" in relay.command
    relay, _ = supervisor.commands(Settings(port=443, udp_port=8443), [], 7)
    assert "--no-tcp" not in relay.command


def test_ports_left_to_us_get_numbers_that_stay() -> None:
    settings = options.parse(supervisor.settled(["--port", "0", "--udp-port", "0"]))
    assert settings.port
    assert settings.udp_port
    assert supervisor.settled(["--port", "80"]) == ["--port", "80"]


def test_the_screen_shows_one_link_per_role_and_counts_the_rest() -> None:
    links = [
        Link(role="operator", source="changzhou/camera-1", url="http://h/c/venue#1"),
        Link(role="operator", source="changzhou/table", url="http://h/c/venue#2"),
        Link(role="director", url="http://h/c/director#3"),
    ]
    screen = welcome(Settings(), {"web": 1, "relay": 2}, links)
    assert "operator  http://h/c/venue#1" in screen
    assert "venue#2" not in screen
    assert "director  http://h/c/director#3" in screen
    assert "and 1 more" in screen


async def test_a_node_that_can_store_nothing_is_up_all_the_same() -> None:
    """/healthz answers 503 then; pages show what there is, and say why nothing is taken."""

    async def unwell(request: web.Request) -> web.Response:
        return web.json_response({"web": "ok", "relay": "ok", "journal": "redis-full"}, status=503)

    app = web.Application()
    app.router.add_get("/healthz", unwell)
    async with TestServer(app) as server:
        assert await asyncio.to_thread(is_healthy, Settings(port=server.port or 0))
    assert not await asyncio.to_thread(is_healthy, Settings(port=server.port or 0))
