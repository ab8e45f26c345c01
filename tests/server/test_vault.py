import asyncio
from pathlib import Path

import apsw
import pytest

from rooms.kernel import PersonId, Refused
from server.records.commitments import Kind, opened
from server.settings import Unusable
from server.vault import SCHEMA_VERSION, Vault
from tests.server.disks import fill, tiny

ANNA = PersonId("anna")


def contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.iterdir()]


async def test_names_outlive_a_restart(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db")
    await vault.call(ANNA, "Anna Müller")
    await vault.close()

    again = Vault(tmp_path / "vault.db")
    assert again.names == {ANNA: "Anna Müller"}
    await again.close()


async def test_an_erased_name_is_gone_from_every_file(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db")
    await vault.call(ANNA, "Anna Unverwechselbar")
    await vault.call(ANNA, "Anna Unverwechselbar-Lang")
    await vault.erase(ANNA)

    assert vault.names == {}
    assert all(b"Unverwechselbar" not in content for content in contents(tmp_path))
    await vault.close()


def test_a_vault_of_a_newer_program_is_refused_by_its_version(tmp_path: Path) -> None:
    newer = apsw.Connection(str(tmp_path / "vault.db"))
    newer.pragma("user_version", SCHEMA_VERSION + 1)
    newer.close()
    with pytest.raises(Unusable, match=f"has version {SCHEMA_VERSION + 1}"):
        Vault(tmp_path / "vault.db")


async def test_only_the_owner_reads_the_vault(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db")
    assert (tmp_path / "vault.db").stat().st_mode & 0o777 == 0o600
    await vault.close()


async def test_a_crowd_that_comes_in_together_is_written_together(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db")
    await asyncio.gather(*(vault.call(PersonId(str(n)), f"Name {n}") for n in range(300)))
    await vault.close()
    again = Vault(tmp_path / "vault.db")
    assert len(again.names) == 300
    await again.close()


async def test_a_full_disk_refuses_and_keeps_the_old_name(tmp_path: Path) -> None:
    with tiny(tmp_path / "disk") as disk:
        vault = Vault(disk / "vault.db")
        await vault.call(ANNA, "Anna")
        ballast = fill(disk)
        with pytest.raises(Refused, match="journal-full"):
            await vault.call(ANNA, "x" * 20_000)
        with pytest.raises(Refused, match="journal-full"):
            await vault.call(ANNA, "Anne")
        assert vault.names == {ANNA: "Anna"}

        writable = asyncio.Event()
        vault.listen(lambda: writable.set() if vault.refusing is None else None)
        ballast.unlink()
        await asyncio.wait_for(writable.wait(), 30)
        await vault.call(ANNA, "Anne")
        assert vault.names == {ANNA: "Anne"}
        await vault.close()


SIGNED = opened(Kind.STROKES, {"aspect": 3, "strokes": [[[0.1, 0.2, 0.5, 1.5]] * 5000]}, bytes(range(32)))


async def test_what_opens_a_commitment_outlives_a_restart(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db")
    await vault.keep(ANNA, SIGNED)
    await vault.close()

    again = Vault(tmp_path / "vault.db")
    assert again.knows(ANNA)
    assert await again.openings([SIGNED.commitment]) == {SIGNED.commitment: SIGNED}
    await again.close()


async def test_an_erased_person_s_strokes_and_salts_are_gone_from_every_file(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db")
    await vault.keep(ANNA, SIGNED)
    other = opened(Kind.SIGNATORY, "Bernd", bytes(32))
    await vault.keep(PersonId("bernd"), other)
    await vault.erase(ANNA)

    assert not vault.knows(ANNA)
    assert await vault.openings([SIGNED.commitment, other.commitment]) == {other.commitment: other}
    assert all(SIGNED.salt.encode() not in content and b"strokes" not in content for content in contents(tmp_path))
    await vault.close()
