"""A plain nginx, as docs/nginx.conf has it, before two web processes: no request has to come back to the same one."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest

from media import addresses
from scripts.rehearsal.node import HOUSE
from tests.server.conftest import Guest, Node
from tests.server.shared.conftest import Pair

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
TAKE = {"layout": "full", "sources": ["frankfurt/camera-1"]}


def configured(folder: Path, ports: list[int], port: int) -> Path:
    """The example, with these processes, without TLS, and with all that it writes in `folder`."""
    text = (HOUSE / "docs" / "nginx.conf").read_text()
    servers = "\n".join(f"server 127.0.0.1:{each} max_fails=1 fail_timeout=2s;" for each in ports)
    text = re.sub(r"server 10\.0\.0\.1:.*\n\s*server 10\.0\.0\.2:.*", servers, text)
    text = re.sub(r"ssl_certificate.*\n", "", text).replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    places = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    text = text.replace("http {", f"http {{ access_log off; {places}", 1)
    file = folder / "nginx.conf"
    file.write_text(f"pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off;\n{text}")
    return file


@contextmanager
def balancing(folder: Path, *nodes: Node) -> Iterator[str]:
    """The origin of an nginx before the nodes."""
    folder.mkdir()
    port = addresses.free_port()
    file = configured(folder, [node.settings.port for node in nodes], port)
    nginx = subprocess.Popen([NGINX, "-c", str(file), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        nginx.terminate()
        nginx.wait(5)


async def entered(origin: str, stack: AsyncExitStack, pair: Node, role: str, name: str) -> Guest:
    """A guest through the balancer, once it listens."""
    guest = Guest(origin)
    stack.push_async_callback(guest.close)
    row = await pair.link(role)
    async with asyncio.timeout(10):
        while True:
            try:
                return await guest.open(row, name)
            except OSError:
                await asyncio.sleep(0.02)


@pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed: apt-get install nginx-light")
async def test_any_process_takes_any_request_and_one_may_go(pair: Pair, tmp_path: Path) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    async with AsyncExitStack() as stack:
        origin = stack.enter_context(balancing(tmp_path / "nginx", one, two))
        desks = [await entered(origin, stack, two, "director", f"Dora {number}") for number in range(4)]
        seqs = [(await desk.command(f"c{n}", "stage.take", **TAKE))["seq"] for n, desk in enumerate(desks)]
        for desk in desks:
            await desk.until(lambda view: view["stage"].get("take", {}).get("seq") == max(seqs))
        organiser = await entered(origin, stack, two, "organiser", "Olga")
        await organiser.until(lambda view: [row["pages"] for row in view["health"]["processes"]] != [5, 0])

        await pair.end(0)
        late = await entered(origin, stack, two, "director", "Emil")
        answer = await late.command("after", "stage.delay", source="frankfurt/camera-1", delay_ms=30)
        assert answer["seq"] > max(seqs)
        assert await late.command("after", "stage.delay", source="frankfurt/camera-1", delay_ms=30) == answer
