"""`scripts/bench NAME`: measure, print the figures with the machine, and fail when a promise is broken."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence

import msgspec
import structlog

from scripts.benches import Bench, Outcome, Say, registry
from scripts.benches.machine import Machine, machine

KEPT, BROKEN, INTERRUPTED = 0, 1, 130


def main(arguments: Sequence[str]) -> int:
    """Run the bench that the command line names; the exit status says whether its promises hold."""
    benches = registry()
    options = parse(arguments, benches)
    _log_to_stderr()
    here = machine()
    try:
        outcome = asyncio.run(_run(benches[options.bench], options, _say_since(time.monotonic())))
    except asyncio.CancelledError:
        return INTERRUPTED
    print(report(here, outcome, as_json=options.json))
    return BROKEN if outcome.broken else KEPT


async def _run(bench: Bench, options: argparse.Namespace, say: Say) -> Outcome:
    """Run it; Ctrl-C and SIGTERM end it tidily, also where the shell has SIGINT ignored (a job in the background)."""
    work = asyncio.ensure_future(bench.run(options, say))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    return await work


def _log_to_stderr() -> None:
    """Figures alone are printed; a failure without its locals, whose drawing would hold the loop for a second."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def parse(arguments: Sequence[str], benches: dict[str, Bench]) -> argparse.Namespace:
    """The options; ends with one line when they can't be understood."""
    options = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    chosen = options.add_subparsers(dest="bench", required=True, metavar="NAME")
    for name, bench in benches.items():
        one = chosen.add_parser(name, help=bench.shows, description=bench.shows)
        one.add_argument("--json", action="store_true", help="print the figures as JSON; progress goes to stderr")
        bench.add_options(one)
    return options.parse_args(arguments)


def report(here: Machine, outcome: Outcome, *, as_json: bool) -> str:
    """The figures for a program, or for a person."""
    whole = {"machine": here, **outcome.figures, "broken": outcome.broken}
    if as_json:
        return msgspec.json.format(msgspec.json.encode(whole)).decode()
    lines = [f"{name}: {msgspec.json.encode(value).decode()}" for name, value in whole.items() if name != "broken"]
    return "\n".join([*lines, *(f"broken: {words}" for words in outcome.broken)])


def _say_since(began_s: float) -> Say:
    return lambda line: print(f"{time.monotonic() - began_s:6.1f} s  {line}", file=sys.stderr, flush=True)
