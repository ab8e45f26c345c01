"""A log that never stops what it tells of: on a full disk its lines are lost, and nothing else."""

from __future__ import annotations

import contextlib

import structlog


class Printer(structlog.PrintLogger):
    """Prints lines to a stream; a line that can't be written is left out."""

    def msg(self, message: str) -> None:
        with contextlib.suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg
