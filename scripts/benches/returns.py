"""`scripts/bench returns`: a whole audience's sockets come back at once to a web process that was killed.

What was decided meanwhile must be in the first view of each, and what is decided next must follow without a gap.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
from yarl import URL

from scripts.benches import Bench, Outcome, Say
from scripts.benches.crowd import CrowdProcess, Opening
from scripts.benches.socket import ENGINE, FILES_BESIDE, HOST, raw
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person

BACK_S: Final = 5.0
MORE_MB: Final = 100.0
ALL: Final = "all"
CONFERENCE: Final = "jiangsu-2022"
FIRST, NEXT = 0.1234567, 0.2345678
"""Gains that nobody else would set: in a view they prove that it knows the decision."""


class Figures(msgspec.Struct, frozen=True):
    """All caught up after `back_s`; web computed for `web_cpu_s`; `raw_s`: bare WebSockets opened in this run."""

    clients: int
    back_s: float
    web_cpu_s: float
    raw_s: float
    missed: int
    more_mb: float


async def measure(clients: int, say: Say) -> Figures:
    """One return. The node is this bench's own."""
    async with AsyncExitStack() as stack:
        node = OwnNode(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinhall-returns-"))), CONFERENCE)
        stack.push_async_callback(node.stop)
        await node.start()
        links = await node.links()
        director, guest = await _person(node, links, "director", stack), await _person(node, links, "attendee", stack)
        opening = _opening(node, guest)
        crowd = await CrowdProcess.start()
        stack.push_async_callback(crowd.close)
        node.kill("web")
        node.launch("web")
        await node.ready()
        await _decide(director, links, FIRST)
        say("web was killed, serves again, and something was decided")
        web = node.pid("web")
        before_mb, cpu_s, began_s = memory_mb(web, "VmRSS"), cpu_of(web), time.monotonic()
        await crowd.come(ALL, msgspec.structs.replace(opening, expected=str(FIRST)), clients)
        await crowd.met(ALL)
        back_s, cpu_s = time.monotonic() - began_s, cpu_of(web) - cpu_s
        say(f"{clients} sockets are back and caught up after {back_s:.2f} s")
        await crowd.expect(ALL, str(NEXT))
        await _decide(director, links, NEXT)
        _, missed = await crowd.met(ALL)
        more_mb = memory_mb(web, "VmHWM") - before_mb
        bare = await raw(stack)
        raw_s = await crowd.come("raw", bare.opening, clients)
        return Figures(clients, round(back_s, 2), round(cpu_s, 2), round(raw_s, 2), missed, round(more_mb, 1))


async def _decide(director: Person, links: list[Link], gain: float) -> None:
    source = next(link.source for link in links if link.role == "operator")
    answer = await director.insist({"type": "stage.sound", "source": source, "gain": gain})
    assert "seq" in answer, answer


async def _person(node: OwnNode, links: list[Link], role: str, stack: AsyncExitStack) -> Person:
    link = next(link for link in links if link.role == role)
    return await stack.enter_async_context(Person(node, link, role))


def _opening(node: OwnNode, guest: Person) -> Opening:
    """As the guest's browser opens its socket."""
    cookies = guest.http.cookie_jar.filter_cookies(URL(node.url))
    header = "; ".join(f"{cookie.key}={cookie.value}" for cookie in cookies.values())
    hello = "40" + msgspec.json.encode({"invite": guest.entry["invite"], "token": guest.link.token}).decode()
    return Opening(HOST, node.port, ENGINE, {"Cookie": header}, hello)


def memory_mb(pid: int, name: str) -> float:
    """A line of /proc/PID/status, MB: VmRSS is the memory in use now, VmHWM the most so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def cpu_of(pid: int) -> float:
    """CPU seconds that a process used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    """Measure, and hold it against the promises."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * options.clients + FILES_BESIDE), hard))
    return judged(await measure(options.clients, say))


def judged(figures: Figures) -> Outcome:
    checks = {
        f"all were caught up after {figures.back_s} s, not {BACK_S}": figures.back_s > BACK_S,
        f"{figures.missed} views were missed": figures.missed > 0,
        f"web took {figures.more_mb} MB more, not {MORE_MB}": figures.more_mb > MORE_MB,
    }
    return Outcome(msgspec.to_builtins(figures), tuple(words for words, broken in checks.items() if broken))


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--clients", type=int, default=1000, help="sockets that come back (default: 1000)")


BENCH: Final = Bench("an audience's sockets come back at once: time, memory, views missed", add_options, run)
