"""Which conference `--conference` means: a built-in one, or a file as editors leave it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rooms import conferences
from server.definitions import definition
from server.settings import Unusable

BUILT_IN = "jiangsu-2022"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_copy_is_read_as_any_editor_saves_it(tmp_path: Path, encoding: str, newline: str) -> None:
    path = tmp_path / "my own.toml"
    path.write_text(conferences.text(BUILT_IN), encoding, newline=newline)
    assert definition(str(path)) == definition(BUILT_IN)


def test_another_encoding_is_said_with_the_mend(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(conferences.text(BUILT_IN), "utf-16")
    with pytest.raises(Unusable, match="save it as UTF-8"):
        definition(str(path))
