"""The ICE-lite side of one session (RFC 8445 section 2.5, RFC 7675): credentials, the nominated path, consent."""

from __future__ import annotations

from collections import deque
from typing import Final

from media.model import IceCredentials
from media.stun import Check

CONSENT_S: Final = 30.0
"""without a valid check for so long consent is gone (RFC 7675 section 5.1)."""

TCP_FIRST: Final = 1024
"""Socket numbers from here on are those of ICE-TCP."""
SETTLED_S: Final = 3.0
"""Peers with aggressive nomination nominate every way that they find, within this: then UDP keeps the path."""

NOMINATIONS_KEPT: Final = 256
"""Checks with USE-CANDIDATE that are remembered: ten minutes of a peer that sends one every 2.5 s."""

Path = tuple[int, tuple[str, int]]
"""(index of our socket, the peer's address)."""


def is_tcp(path: Path) -> bool:
    return path[0] >= TCP_FIRST


class Agent:
    """One peer's checks. Old credentials stay valid until a check with newer ones is nominated."""

    def __init__(self, local: IceCredentials, remote: IceCredentials) -> None:
        self._pairs = [(local, remote)]
        self._nominations: deque[bytes] = deque(maxlen=NOMINATIONS_KEPT)
        self.path: Path | None = None
        self.heard_s = 0.0
        self._nominated_s = 0.0

    def restart(self, local: IceCredentials, remote: IceCredentials) -> None:
        self._pairs = [*self._pairs[-1:], (local, remote)]

    @property
    def ufrags(self) -> list[str]:
        """Local user fragments that are valid now."""
        return [local.ufrag for local, _ in self._pairs]

    def accept(self, check: Check, path: Path, now_s: float) -> str | None:
        """The password to answer with, None for a check that is not proven.

        A nominated check moves the session to its path, but from UDP to TCP only when UDP was not
        nominated lately; consent is renewed by any proven check on the current path. One transaction
        nominates once: sent again by the peer it changes nothing, and by a stranger who saw it neither.
        """
        for number, (local, remote) in enumerate(self._pairs):
            if check.username == f"{local.ufrag}:{remote.ufrag}" and check.proven(local.pwd):
                if check.use_candidate:
                    del self._pairs[:number]
                    if self._is_new(check.transaction) and not self._keeps_udp(path, now_s):
                        self.path = path
                        self._nominated_s = now_s
                if path == self.path:
                    self.heard_s = now_s
                return local.pwd
        return None

    def _is_new(self, transaction: bytes) -> bool:
        known = transaction in self._nominations
        if not known:
            self._nominations.append(transaction)
        return not known

    def _keeps_udp(self, path: Path, now_s: float) -> bool:
        """Of two nominated ways the better one counts (RFC 5245 section 8.1.1.2): UDP, while it is alive."""
        if self.path is None or not is_tcp(path) or is_tcp(self.path):
            return False
        return now_s - self._nominated_s < SETTLED_S

    def lost(self, now_s: float) -> bool:
        """Whether consent on a validated path ran out."""
        return self.path is not None and now_s - self.heard_s > CONSENT_S
