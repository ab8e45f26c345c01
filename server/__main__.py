"""`python -m server`: the web process; `python -m server invites`: its links; `journal`: moved elsewhere."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import sys
from collections.abc import Sequence
from typing import Final

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from media.printer import Printer
from server import cli
from server.app import run
from server.datafolder import await_turn
from server.journal import moving
from server.settings import Unusable, parse

COLLECTED_EVERY: Final = (50_000, 10, 10)
"""Objects more than before, and so many collections of the younger ones: by Python's own 700 whatever a thousand
sockets have in flight looks old, and all is searched every few seconds, which takes some hundred ms."""


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 after a clean end, 1 with one line when the node can't start."""
    if arguments[:1] == ["invites"]:
        return cli.main(arguments[1:])
    if arguments[:1] == ["journal"]:
        return moving.main(arguments[1:])
    settings = parse(arguments)
    os.umask(0o077)
    _allow_many_sockets()
    _log_to_stderr(settings.log_level)
    gc.set_threshold(*COLLECTED_EVERY)
    try:
        lock = await_turn(settings) if settings.standby else None
        asyncio.run(run(settings, lock))
    except Unusable as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def _allow_many_sockets() -> None:
    """As many descriptors as we may have: 1,024 are less than one audience."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _log_to_stderr(level: str) -> None:
    """One JSON object per line; names and texts of people are never in it."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: Printer(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
