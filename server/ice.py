"""STUN and TURN servers for pages and players (W3C WebRTC section 4.2.4, RFC 9725 section 4.6).

TURN needs credentials: fixed ones within the URL, or ones made per session from a secret that
the TURN server shares and that end by themselves (coturn's use-auth-secret, draft-uberti-behave-turn-rest).
"""

from __future__ import annotations

import argparse
import base64
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec

from rooms.kernel import Json

CREDENTIALS_S: Final = 24 * 3600
"""A page that was opened in the morning joins again in the evening."""
TAG_BYTES: Final = 6
"""Tells sessions apart in the TURN server's log; it names nobody."""
_URL: Final = re.compile(
    r"(?P<scheme>stuns?|turns?):(?:(?P<user>[^\s:@\"<>]{1,128}):(?P<password>[^\s@\"<>]{1,128})@)?"
    r"(?P<host>(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?(?:\?transport=(?:udp|tcp))?)"
)


class IceServer(msgspec.Struct, frozen=True):
    """One server as peers need it; `username` is "" where it asks for none."""

    url: str
    username: str = ""
    credential: str = ""

    @property
    def is_turn(self) -> bool:
        return self.url.startswith("turn")

    def described(self) -> Mapping[str, Json]:
        """As an RTCIceServer dictionary."""
        if not self.username:
            return {"urls": self.url}
        return {"urls": self.url, "username": self.username, "credential": self.credential}

    def link(self) -> str:
        """As the value of a Link header (RFC 9725 section 4.6)."""
        link = f'<{self.url}>; rel="ice-server"'
        if self.username:
            link += f'; username="{_quoted(self.username)}"; credential="{_quoted(self.credential)}"'
            link += '; credential-type="password"'
        return link


def ice_server(text: str) -> str:
    """For argparse: a stun: or turn: URL in its right form."""
    _read(text)
    return text


def contradiction(servers: Sequence[str], secret: Path | None) -> str:
    """What is wrong with the servers and the secret together, and the mend; empty when nothing is."""
    bare = [url for url in servers if _read(url).is_turn and not _read(url).username]
    if bare and secret is None:
        return f"{bare[0]} needs credentials: write turn:USER:PASSWORD@HOST, or give --ice-secret FILE"
    if secret is not None and not _secret(secret):
        return f"--ice-secret {secret} can't be read or is empty: put the TURN server's static-auth-secret in it"
    return ""


class IceServers:
    """The servers of this node, with fresh credentials for each who asks."""

    def __init__(
        self,
        servers: Sequence[str],
        secret: Path | None,
        unix_s: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        self._servers = [_read(text) for text in servers]
        self._secret = _secret(secret) if secret is not None else b""
        self._unix_s, self._random = unix_s, random

    def for_session(self) -> Iterator[IceServer]:
        """Only for who showed a token: TURN carries anything to anywhere."""
        for server in self._servers:
            if server.is_turn and not server.username:
                username = f"{int(self._unix_s()) + CREDENTIALS_S}:{self._random(TAG_BYTES).hex()}"
                digest = hmac.digest(self._secret, username.encode(), "sha1")
                server = IceServer(server.url, username, base64.b64encode(digest).decode())
            yield server

    def for_anyone(self) -> Iterator[IceServer]:
        """Those that ask for no credentials."""
        return (server for server in self._servers if not server.is_turn)


def _read(text: str) -> IceServer:
    found = _URL.fullmatch(text)
    if found is None or (found["user"] and not found["scheme"].startswith("turn")):
        form = "stun:HOST[:PORT] or turn:[USER:PASSWORD@]HOST[:PORT][?transport=tcp]"
        raise argparse.ArgumentTypeError(f"{text!r} is no ICE server: write {form}")
    url = f"{found['scheme']}:{found['host']}"
    return IceServer(url, unquote(found["user"] or ""), unquote(found["password"] or ""))


def _secret(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError:
        return b""


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
