from pathlib import Path

import apsw
import pytest

from server.journal import Fenced
from server.journal.sqlite import SCHEMA_VERSION, SqliteJournal, connect
from server.settings import Unusable
from tests.server.journal.test_contract import C, entry


async def test_who_skips_a_seq_is_fenced_off(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    epoch = await journal.open(C)

    with pytest.raises(Fenced):
        await journal.append(C, 7, epoch, [entry(8, "a")])
    await journal.close()


def test_a_journal_of_a_newer_program_is_refused_by_its_version(tmp_path: Path) -> None:
    newer = apsw.Connection(str(tmp_path / "journal.db"))
    newer.pragma("user_version", SCHEMA_VERSION + 1)
    newer.close()
    with pytest.raises(Unusable, match=f"has version {SCHEMA_VERSION + 1}, this program knows {SCHEMA_VERSION}"):
        connect(tmp_path / "journal.db")
