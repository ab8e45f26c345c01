"""One ceremony's records, printed and sealed once for all tests."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rooms.kernel import ItemId, ProjectId
from server.records.canonical import Digest
from server.records.keys import own_seal
from server.records.press import printed
from server.records.record import Kept, act_record, ceremony_record, commitments, record_digest
from server.records.seal import sealed
from tests.server.records.staged import FRAME, MEMORANDUM, PROJECT, VOIDED, Stage, staged


class Made(msgspec.Struct, frozen=True):
    """A record, and its sealed PDF."""

    value: dict[str, Any]
    pdf: bytes


@pytest.fixture(scope="session")
def stage() -> Stage:
    return staged()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def records(stage: Stage, keys: Path) -> Mapping[str, Made]:
    """By the name that a file has when it leaves the node."""
    seal = own_seal(keys, dt.datetime.now(dt.UTC))

    def made(value: dict[str, Any]) -> Made:
        openings = {digest: stage.openings[digest] for digest in commitments(value)}
        pdf, unstamped = asyncio.run(sealed(printed(value, openings), seal, "Record of a ceremony"))
        assert not unstamped
        return Made(value, pdf)

    acts = {act: made(act_record(FRAME, stage.facts, act)) for act in (MEMORANDUM, PROJECT)}
    kept: dict[ProjectId, Kept | None] = {
        act: Kept(record_digest(each.value), Digest(hashlib.sha256(each.pdf).hexdigest())) for act, each in acts.items()
    }
    kept[VOIDED] = None
    whole = made(ceremony_record(FRAME, stage.facts, ItemId("projects"), kept))
    named = {f"jiangsu-2022-{act}": each for act, each in acts.items()}
    return {**named, "jiangsu-2022-ceremony-projects": whole}
