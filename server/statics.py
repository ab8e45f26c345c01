"""Files of the pages, under a version that is the hash of their contents."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from aiohttp import web

FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
FOLDERS: Final = ("static", "locales", "templates")

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
"""Browsers may not guess (nosniff), and the hosts' own tables differ; whatever else lies there is not served."""


def version_of(root: Path) -> str:
    """12 hex digits that change with any file that a page may load."""
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.is_file():
                digest.update(f"{file.relative_to(root)}\0{file.stat().st_size}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


class Statics:
    """`/static/<version>/...` for ever, `/static/...` asked for again each time; locales are below both."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.version = version_of(root)
        self.prefix = f"/static/{self.version}"

    def mount(self, app: web.Application) -> None:
        app.router.add_get("/static/{version:[0-9a-f]{12}}/{path:.+}", self._file)
        app.router.add_get("/static/{path:.+}", self._file)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._found(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound(text="no such file\n")
        current = request.match_info.get("version") == self.version
        headers = {"Content-Type": TYPES[file.suffix], "Cache-Control": FOREVER if current else ASK_AGAIN}
        return web.FileResponse(file, headers=headers)

    def _found(self, path: str) -> Path | None:
        """The file behind a path, if it is inside the folder that it names."""
        folder, inside = (self._root / "static").resolve(), path
        if path.startswith("locales/"):
            folder, inside = (self._root / "locales").resolve(), path.removeprefix("locales/")
        try:
            file = (folder / inside).resolve()
            return file if file.is_relative_to(folder) and file.is_file() and file.suffix in TYPES else None
        except (OSError, ValueError):
            return None
