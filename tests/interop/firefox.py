"""A headless Firefox by WebDriver BiDi (W3C) over its own websocket: no driver, no library."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

PROGRAM: Final = "firefox-esr"
START_S: Final = 40.0
ANSWER_S: Final = 40.0
PREFERENCES: Final = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "network.captive-portal-service.enabled": False,
    "app.update.enabled": False,
}
_LISTENS: Final = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


class Failed(Exception):
    """What Firefox said of a command."""


class Firefox:
    """One browser. Each page is a window of its own, so that none is in the background."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.errors: list[str] = []
        """What pages wrote to the console as errors, uncaught exceptions too."""

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        """One command, one at a time. Raises Failed, TimeoutError."""
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(ANSWER_S):
            while True:
                answer = json.loads(await self._socket.receive_str())
                if answer.get("id") == number:
                    break
                if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                    self.errors.append(str(answer["params"]["text"]))
        if answer["type"] == "error":
            raise Failed(f"{method}: {answer['error']}: {answer['message']}")
        return dict(answer["result"])

    async def open(self, url: str) -> str:
        """A new page; returns its context for `run`."""
        context = str((await self.command("browsingContext.create", type="window"))["context"])
        await self.command("browsingContext.navigate", context=context, url=url, wait="complete")
        return context

    async def run(self, context: str, script: str) -> Any:
        """The value of a JavaScript expression, awaited; it must be plain. Raises Failed when it throws."""
        expression = f"(async () => JSON.stringify(await ({script})))()"
        told = await self.command(
            "script.evaluate", expression=expression, target={"context": context}, awaitPromise=True
        )
        if told["type"] == "exception":
            raise Failed(told["exceptionDetails"]["text"])
        return json.loads(told["result"].get("value", "null"))


@asynccontextmanager
async def firefox(profile: Path) -> AsyncIterator[Firefox]:
    """A Firefox with a fake camera and its own profile."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(START_S):
            while not (found := _LISTENS.search(await process.stderr.readline())):
                assert process.returncode is None, "Firefox ended"
        drained = asyncio.create_task(_drain(process.stderr))
        try:
            async with aiohttp.ClientSession() as http, http.ws_connect(f"{found[1].decode()}/session") as socket:
                browser = Firefox(socket)
                await browser.command("session.new", capabilities={})
                await browser.command("session.subscribe", events=["log.entryAdded"])
                yield browser
        finally:
            drained.cancel()
            await asyncio.wait((drained,))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass
