"""A job that does nothing but fail fails in one way, whatever it failed of."""

from __future__ import annotations

import asyncio

import pytest

from server.records.jobs import Job, JobFailed, Jobs


async def test_a_job_that_finds_no_process_has_failed_and_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    jobs = Jobs()
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "create_subprocess_exec", full)
        with pytest.raises(JobFailed, match="seal can't be started"):
            await jobs.run(Job.SEAL, b"")
