"""`scripts/rehearse`: let simulated people in, show what happens, give a verdict."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec
import socketio

from media.settings import PlaneChoice
from scripts.rehearsal.house import House, Say
from scripts.rehearsal.node import Node, NotReady, OwnNode
from scripts.rehearsal.parts import Findings, registry
from scripts.rehearsal.person import NotAdmitted
from scripts.rehearsal.verdict import Ages, Publisher, Verdict
from scripts.rehearsal.whip import NotAccepted

PASSED, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
Broken = (NotReady, NotAdmitted, NotAccepted, TimeoutError, aiohttp.ClientError, socketio.exceptions.SocketIOError)
"""How a node lets people down; each is a failure of the rehearsal, not of its program."""


def main(arguments: Sequence[str]) -> int:
    """Rehearse as the command line says; the exit status is the verdict's."""
    options = parse(arguments)
    try:
        verdict = asyncio.run(rehearse(options))
    except KeyboardInterrupt:
        print("\ninterrupted; everyone left", file=sys.stderr)
        return INTERRUPTED
    print(report(verdict, as_json=options.json))
    return PASSED if verdict.verdict == "passed" else FAILED


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options, each explained; ends with one line when they can't be understood."""
    options = argparse.ArgumentParser(prog="scripts/rehearse", description=__doc__)
    options.add_argument("conference", nargs="?", default="jiangsu-2022", help="conference id (default: jiangsu-2022)")
    options.add_argument("--seconds", type=float, default=20.0, help="how long everybody watches (default: 20)")
    options.add_argument("--json", action="store_true", help="print the verdict as JSON; progress goes to stderr")
    options.add_argument("--url", help="rehearse on a node that runs; give its --data as well")
    options.add_argument("--data", type=Path, help="data folder of that node (for its links), or to keep a new one's")
    options.add_argument("--part", action="append", choices=list(registry()), help="only this part; may be repeated")
    options.add_argument("--out", type=Path, help="folder for the sealed records of what was signed")
    planes = [choice.value for choice in PlaneChoice]
    options.add_argument("--plane", choices=planes, default="auto", help="what moves the packets of a node of our own")
    found = options.parse_args(arguments)
    if found.out:
        try:
            found.out.mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            options.error(f"--out {found.out} can't be made ({wrong.strerror}): choose another folder")
    if found.url and not found.data:
        options.error("--url needs --data: the links of a node are derived from its data folder")
    return found


async def rehearse(options: argparse.Namespace) -> Verdict:
    """Let everybody in, play the parts, judge."""
    began_s, findings, halls = time.monotonic(), Findings(), []
    say = _say_since(began_s)
    async with AsyncExitStack() as stack:
        try:
            house = await stack.enter_async_context(
                House(await _node(options, stack, say), options.seconds, say, options.out)
            )
            halls = house.halls
            for name, part in registry().items():
                if not options.part or name in options.part:
                    await part.play(house, findings)
        except Broken as broken:
            findings.failures.append(f"{type(broken).__name__}: {broken}")
    return Verdict(
        verdict="failed" if findings.failures else "passed",
        conference=options.conference,
        seconds=round(time.monotonic() - began_s, 1),
        publishers=[Publisher(hall.source, hall.frames_sent) for hall in halls],
        viewers=findings.viewers,
        takes=findings.takes,
        slate=findings.slates,
        questions=findings.questions,
        ceremony=findings.ceremony,
        failures=findings.failures,
    )


async def _node(options: argparse.Namespace, stack: AsyncExitStack, say: Say) -> Node:
    if options.url:
        return Node(options.url, options.data, options.conference)
    data = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinhall-rehearsal-")))
    node = OwnNode(data, options.conference, options.plane)
    stack.push_async_callback(node.stop)
    await node.start()
    say(f"node at {node.url}, media on UDP {node.udp_port}")
    return node


def _say_since(began_s: float) -> Say:
    return lambda line: print(f"{time.monotonic() - began_s:6.1f} s  {line}", file=sys.stderr, flush=True)


def report(verdict: Verdict, *, as_json: bool) -> str:
    """The verdict for a program, or for a person."""
    if as_json:
        return msgspec.json.format(msgspec.json.encode(verdict)).decode()
    lines = [
        f"{seen.name}: {seen.codes_ok} frames read, {seen.gaps} missing, first after {seen.first_frame_ms} ms, "
        f"age {f'{seen.age_ms.p50} / {seen.age_ms.p95} ms' if seen.age_ms else 'unknown'}, "
        f"heard {', '.join(f'{source} {beeps}' for source, beeps in seen.sound.items())}"
        for seen in verdict.viewers
    ]
    if asked := verdict.questions:
        lines.append(
            f"questions: {asked.found} of {asked.acknowledged} found, {asked.doubled} doubled, "
            f"{asked.votes_found} of {asked.votes_acknowledged} votes"
        )
    if held := verdict.ceremony:
        lines.append(
            f"ceremony: {held.signed} of {held.projects} signed, {held.found} of {held.acknowledged} signatures found, "
            f"{held.doubled} doubled, pads within {held.skew_ms} ms, {held.records} records, "
            f"ink {_p95(held.ink_ms)} and echo {_p95(held.echo_ms)}"
        )
    return "\n".join([*lines, *verdict.failures, f"{verdict.conference}: {verdict.verdict} in {verdict.seconds} s"])


def _p95(times: Ages | None) -> str:
    return f"{times.p95} ms (p95)" if times else "unknown"
