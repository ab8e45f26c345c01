from pathlib import Path

import pytest

from server.statics import version_of
from tests.server.conftest import Node, web_root


async def test_a_file_under_its_version_is_kept_for_ever(node: Node, tmp_path: Path) -> None:
    version = version_of(tmp_path / "web")
    async with node.guest().http.get(f"{node.origin}/static/{version}/page.js") as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.content_type == "text/javascript"
    async with node.guest().http.get(f"{node.origin}/static/{'0' * 12}/page.js") as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("prefix", ["", "0" * 12 + "/"])
async def test_words_are_files_too(node: Node, prefix: str) -> None:
    async with node.guest().http.get(f"{node.origin}/static/{prefix}locales/zh_Hans.json") as answer:
        assert await answer.json() == {"word": "你好"}


@pytest.mark.parametrize(
    "path",
    [
        "../templates/index.html",
        "%2e%2e/templates/index.html",
        "locales/../../templates/index.html",
        "nothing.js",
        "%00",
        "lib",
        "x" * 3000,
    ],
)
async def test_nothing_else_is_served(node: Node, path: str) -> None:
    async with node.guest().http.get(f"{node.origin}/static/{path}") as answer:
        assert answer.status in (400, 404)


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    root = web_root(tmp_path / "web")
    first = version_of(root)
    (root / "templates" / "wall.html").write_text("other")
    assert version_of(root) != first
