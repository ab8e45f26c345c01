"""Who may come in: datagrams sorted by their first byte (RFC 7983) and by the paths that ICE validated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from media.ice import Path
from media.model import IceCredentials, SessionId
from media.peers import Peer, Transmit
from media.plane import Handshake, PlaneEvent, Validated
from media.rtp import is_rtcp
from media.stun import answer, read_check


class Doors:
    """Peers by session, by ufrag and by validated path. Whoever is nobody's gets silence."""

    def __init__(
        self,
        transmit: Transmit,
        emit: Callable[[PlaneEvent], None],
        media: Callable[[Peer, bytes, float], None],
        control: Callable[[Peer, bytes, float], None],
    ) -> None:
        self.peers: dict[SessionId, Peer] = {}
        self.dropped: Counter[str] = Counter()
        self._by_ufrag: dict[str, Peer] = {}
        self._by_path: dict[Path, Peer] = {}
        self._paths: dict[SessionId, list[Path]] = {}
        self._transmit = transmit
        self._emit = emit
        self._media = media
        self._control = control

    def add(self, peer: Peer) -> None:
        self.peers[peer.spec.id] = peer
        self._by_ufrag[peer.spec.local.ufrag] = peer

    def restart(self, session: SessionId, local: IceCredentials, remote: IceCredentials) -> None:
        peer = self.peers[session]
        peer.agent.restart(local, remote)
        self._by_ufrag[local.ufrag] = peer

    def remove(self, session: SessionId) -> Peer | None:
        peer = self.peers.pop(session, None)
        if peer is not None:
            for path in self._paths.pop(session, []):
                self._forget(path, peer)
            for ufrag in [name for name, owner in self._by_ufrag.items() if owner is peer]:
                del self._by_ufrag[ufrag]
        return peer

    def receive(self, datagram: bytes, path: Path, now_s: float) -> None:
        """One datagram from anyone."""
        first = datagram[0] if datagram else 255
        if first < 4:
            self._check(datagram, path, now_s)
            return
        peer = self._by_path.get(path)
        if peer is None:
            self.dropped["unknown-path"] += 1
        elif 128 <= first <= 191:
            if is_rtcp(datagram):
                self._control(peer, datagram, now_s)
            else:
                self._media(peer, datagram, now_s)
        elif 20 <= first <= 63 and path == peer.agent.path:
            self._handshake(peer, datagram)
        else:
            self.dropped["garbage"] += 1

    def _handshake(self, peer: Peer, record: bytes) -> None:
        if len(record) > peer.handshake_left:
            self.dropped["handshake-too-large"] += 1
            return
        peer.handshake_left -= len(record)
        self._emit(Handshake(peer.spec.id, record))

    def _check(self, datagram: bytes, path: Path, now_s: float) -> None:
        check = read_check(datagram)
        peer = self._by_ufrag.get(check.username.partition(":")[0]) if check else None
        pwd = peer.agent.accept(check, path, now_s) if check and peer else None
        if check is None or peer is None or pwd is None:
            self.dropped["stun-invalid"] += 1
            return
        host, port = path[1][:2]
        self._transmit(answer(check, pwd, host, port), path)
        if peer.agent.path == path and self._by_path.get(path) is not peer:
            self._nominated(peer, path)

    def _nominated(self, peer: Peer, path: Path) -> None:
        """The newest path and the one before it stay open: packets in flight while roaming are authentic too."""
        self._by_path[path] = peer
        paths = self._paths.setdefault(peer.spec.id, [])
        if path in paths:
            paths.remove(path)
        paths.append(path)
        while len(paths) > 2:
            self._forget(paths.pop(0), peer)
        self._drop_old_ufrags(peer)
        if not peer.validated:
            peer.validated = True
            self._emit(Validated(peer.spec.id))

    def _drop_old_ufrags(self, peer: Peer) -> None:
        valid = peer.agent.ufrags
        for ufrag in [name for name, owner in self._by_ufrag.items() if owner is peer and name not in valid]:
            del self._by_ufrag[ufrag]

    def _forget(self, path: Path, peer: Peer) -> None:
        if self._by_path.get(path) is peer:
            del self._by_path[path]
