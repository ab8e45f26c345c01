"""Documents that lie before the parties: taken in and checked, kept by their SHA-256, shown page by page.

POST /{conference}/documents/{act}/{language}              the PDF as body; the organiser's
GET  /{conference}/documents/{act}/{language}.pdf          the very bytes
GET  /{conference}/documents/{act}/{language}/{page}.png   an image rendered from them
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import Collection, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec
import structlog
from aiohttp import hdrs, web

from rooms.features.ceremony import Ceremony
from rooms.journal import Envelope, envelope
from rooms.kernel import ConferenceId, ProjectId, Refused
from server.admission import Admission, answer
from server.doors import refused
from server.hall import Hall
from server.readers import READERS, check_reads
from server.records.canonical import Digest
from server.records.jobs import Job, JobFailed, Jobs
from server.settings import Settings
from server.shelf import Shelf, whole
from server.storage import reason_of, store

SIZE_MAX: Final = 20 * 1024 * 1024
UPLOAD_S: Final = 120.0
FRESH_S: Final = 3600.0
AHEAD: Final = 3
"""Pages that are rendered beside the one that was asked for: a reader turns on."""
STATUS: Final = {
    "document-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "document-unknown": HTTPStatus.NOT_FOUND,
    "page-unknown": HTTPStatus.NOT_FOUND,
}

log = structlog.get_logger()


class _Inspected(msgspec.Struct, frozen=True):
    pages: int


class Documents:
    """The documents of all conferences: on the shelf by their SHA-256.

    In a folder are `<sha256>.pdf`, as far as they are used here, and images `<sha256>-<page>.png`.
    """

    def __init__(
        self,
        settings: Settings,
        halls: Mapping[ConferenceId, Hall],
        admission: Admission,
        jobs: Jobs,
        shelf: Shelf,
        folder: Path,
    ) -> None:
        """`folder` is the shelf's own, or a cache beside it."""
        self._settings = settings
        self._halls = halls
        self._admission = admission
        self._jobs = jobs
        self._shelf = shelf
        self._folder = folder.absolute()
        self._fetching: dict[Digest, asyncio.Task[Path]] = {}
        self._rendering: dict[tuple[Digest, int], asyncio.Task[bytes]] = {}

    def tidied(self, names: Collection[str]) -> None:
        """What was cached lies in the folder for documents on the shelf only, and for what came just now.

        What somebody was writing who ended meanwhile goes too.
        """
        since_s = time.time() - FRESH_S
        for path in self._folder.iterdir():
            is_ours = path.suffix in (".pdf", ".png") and path.stem.partition("-")[0] not in names
            with contextlib.suppress(FileNotFoundError):  # it got its name meanwhile
                if (is_ours or path.suffix == ".new") and path.stat().st_mtime < since_s:
                    path.unlink()

    def mount(self, app: web.Application) -> None:
        place = r"/{conference}/documents/{act:[a-z0-9-]{1,40}}/{language:[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}}"
        app.router.add_post(place, self._take_in)
        app.router.add_get(place + ".pdf", self._give)
        app.router.add_get(place + r"/{page:[1-9][0-9]{0,2}}.png", self._show)

    async def _take_in(self, request: web.Request) -> web.Response:
        """{"digest", "pages", "size", "seq"}"""
        try:
            link = self._admission.organiser(request, self._settings)
            hall = self._halls[link.conference]
            data = await body_up_to(request, SIZE_MAX, "document-too-large")
            pages = msgspec.json.decode(await self._run(Job.INSPECT, data), type=_Inspected).pages
            digest = Digest(hashlib.sha256(data).hexdigest())
            sent, actor = _attach(request, hall, digest, pages, len(data)), self._admission.actor(request, link)
            hall.check(sent, actor)  # a shelf keeps what it was given: nothing that is refused anyhow
            await self._shelf.put(digest, data)
            seq = await hall.host.handle(sent, actor)
        except Refused as refusal:
            return _refusal(refusal)
        return web.json_response(
            {"digest": digest, "pages": pages, "size": len(data), "seq": seq}, headers={hdrs.CACHE_CONTROL: "no-store"}
        )

    async def _give(self, request: web.Request) -> web.StreamResponse:
        try:
            digest = self._asked(request)
            path = await self._at_hand(digest)
        except Refused as refusal:
            return _refusal(refusal)
        act, language = request.match_info["act"], request.match_info["language"]
        name = f"{request.match_info['conference']}-{act}-{language}.pdf"
        return _file(path, digest, {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'})

    async def _show(self, request: web.Request) -> web.StreamResponse:
        try:
            digest, page = self._asked(request), int(request.match_info["page"])
            path = self._image(digest, page)
            if not path.exists():
                await self._at_hand(digest)
                await asyncio.shield(self._begin(digest, page))
        except Refused as refusal:
            return _refusal(refusal)
        return _file(path, digest, {})

    def _asked(self, request: web.Request) -> Digest:
        """The digest of the document that lies before the parties now. Raises Refused."""
        link = self._admission.one_of(request, self._settings, READERS)
        hall = self._halls[link.conference]
        act = hall.host.conference.feature(Ceremony, hall.room).act(ProjectId(request.match_info["act"]))
        if act is None:
            raise Refused("document-unknown")
        check_reads(link, act)
        known = {str(language): each.digest for language, each in act.documents.items()}
        digest = known.get(request.match_info["language"])
        if digest is None:
            raise Refused("document-unknown")
        return Digest(digest)

    async def _at_hand(self, digest: Digest) -> Path:
        """The document's file, in the folder and whole; fetched once for all who ask. Raises Refused."""
        found = self._fetching.get(digest)
        if found is None:
            found = self._fetching[digest] = asyncio.create_task(self._fetched(digest), name="fetch")
            found.add_done_callback(lambda done: self._arrived(digest, done))
        return await asyncio.shield(found)

    async def _fetched(self, digest: Digest) -> Path:
        path = self._path(digest)
        if await asyncio.to_thread(whole, path, digest) is None:
            data = await self._shelf.get(digest)
            if data is None:
                raise Refused("document-unknown")
            await self._cached(path, data)
        return path

    async def _cached(self, path: Path, data: bytes) -> None:
        try:
            await asyncio.to_thread(store, path, data)
        except OSError as failed:
            raise Refused(reason_of(failed)) from failed

    def _arrived(self, digest: Digest, done: asyncio.Task[Path]) -> None:
        del self._fetching[digest]
        if not done.cancelled() and done.exception() is not None:
            log.warning("a document is not to be had", digest=digest, reason=repr(done.exception()))

    def _begin(self, digest: Digest, page: int) -> asyncio.Task[bytes]:
        """The page's rendering, one for all who ask for it."""
        found = self._rendering.get((digest, page))
        if found is None:
            wanted = msgspec.json.encode(
                {
                    "file": str(self._path(digest)),
                    "digest": digest,
                    "first": page,
                    "last": page + AHEAD,
                    "folder": str(self._folder),
                }
            )
            found = asyncio.create_task(self._run(Job.RENDER, wanted), name="render")
            for number in range(page, page + AHEAD + 1):
                self._rendering.setdefault((digest, number), found)
            found.add_done_callback(lambda done: self._rendered(digest, done))
        return found

    def _rendered(self, digest: Digest, done: asyncio.Task[bytes]) -> None:
        self._rendering = {key: task for key, task in self._rendering.items() if task is not done}
        if not done.cancelled() and done.exception() is not None:
            log.warning("pages were not rendered", digest=digest, reason=repr(done.exception()))

    async def _run(self, job: Job, given: bytes) -> bytes:
        try:
            return await self._jobs.run(job, given)
        except JobFailed as failed:
            log.warning("a document was not read", reason=str(failed))
            raise Refused("document-broken") from failed

    def _path(self, digest: Digest) -> Path:
        return self._folder / f"{digest}.pdf"

    def _image(self, digest: Digest, page: int) -> Path:
        return self._folder / f"{digest}-{page}.png"


async def body_up_to(request: web.Request, most: int, too_large: str) -> bytes:
    """The whole body, larger than others may be. Raises Refused with the code `too_large`, TimeoutError."""
    data = bytearray()
    async with asyncio.timeout(UPLOAD_S):
        async for chunk in request.content.iter_chunked(64 * 1024):
            data += chunk
            if len(data) > most:
                raise Refused(too_large)
    return bytes(data)


def _attach(request: web.Request, hall: Hall, digest: Digest, pages: int, size: int) -> Envelope:
    command = {
        "type": "ceremony.attach",
        "act": request.match_info["act"],
        "language": request.match_info["language"],
        "digest": digest,
        "pages": pages,
        "size": size,
    }
    return envelope({"id": secrets.token_hex(16), "command": command, "room": hall.room})


def _file(path: Path, digest: Digest, headers: Mapping[str, str]) -> web.FileResponse:
    """A file that never changes, for this person only; its document's hash stands beside it."""
    own = {hdrs.CACHE_CONTROL: "private, max-age=86400", "X-Document": digest}
    return web.FileResponse(path, headers={**own, **headers})


def _refusal(refusal: Refused) -> web.Response:
    if refusal.code in STATUS:
        return refused(refusal.code, STATUS[refusal.code], **refusal.params)
    return answer(refusal)
