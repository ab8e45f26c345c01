"""One job, in this process: `python -m server.records JOB < input > answer`; see jobs.py."""

from __future__ import annotations

import os
import resource
import sys
from typing import Final

from rooms.kernel import Refused
from server.records.jobs import REFUSED_STATUS, Job

MEMORY_BYTES: Final = 4 * 1024**3
"""Of address space: the fonts that pages are printed with are mapped into it."""
CPU_S: Final = 60


def main(job: Job) -> int:
    """Do the job; each one's libraries are loaded for it alone."""
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    given = sys.stdin.buffer.read()
    try:
        answer = _done(job, given)
    except Refused as refusal:
        print(refusal.code, file=sys.stderr)
        return REFUSED_STATUS
    sys.stdout.buffer.write(answer)
    return 0


def _done(job: Job, given: bytes) -> bytes:
    match job:
        case Job.SEAL:
            from server.records import sealing

            return sealing.job(given)
        case Job.INSPECT:
            from server.records import inspection

            return inspection.job(given)
        case Job.RENDER:
            from server.records import pages

            return pages.job(given)
        case Job.SHEET:
            from server.records import sheet

            return sheet.job(given)


if __name__ == "__main__":
    sys.exit(main(Job(sys.argv[1])))
