"""A plane that records what it is asked and moves no packet."""

from collections.abc import Callable, Mapping, Sequence

from media.plane import Figures, PlaneEvent, PlaneSession, SessionFigures, SrtpKeys


class FakePlane:
    """`sessions` are those that are in it; `on_event` lets a test speak for the network."""

    name = "fake"
    capabilities = frozenset()

    def __init__(self) -> None:
        self.sessions: dict[str, PlaneSession] = {}
        self.secured: dict[str, SrtpKeys] = {}
        self.routes: dict[str, tuple] = {}
        self.shown: dict[str, Mapping] = {}
        self.restarts: list[tuple] = []
        self.settings: tuple = ()
        self.published: dict[str, tuple] = {}
        self.injected: list[tuple] = []
        self.figured = Figures({}, {}, 0, 0, 0, {})
        self.to_peer: Callable[[str, bytes], None] = lambda session, record: None

    async def open(self, bind: Sequence, on_event: Callable[[PlaneEvent], None]) -> None:
        self.bind, self.on_event = bind, on_event

    async def close(self) -> None:
        self.sessions.clear()

    def add(self, session: PlaneSession) -> None:
        self.sessions[session.id] = session

    def restart(self, session, local, remote) -> None:
        self.restarts.append((session, local, remote))

    def secure(self, session, keys) -> None:
        self.secured[session] = keys

    def remove(self, session) -> None:
        self.sessions.pop(session, None)

    def send(self, session, record) -> None:
        self.to_peer(session, record)

    def route(self, audience, routes) -> None:
        self.routes[audience] = tuple(routes)

    def heights(self, session, heights) -> None:
        self.shown[session] = heights

    def configure(self, sources) -> None:
        self.settings = tuple(sources)

    def publish(self, source, publication, tracks) -> None:
        self.published[source] = tuple(tracks)

    def inject(self, source, ssrc, packet) -> None:
        self.injected.append((source, ssrc, packet))

    def withdraw(self, source) -> None:
        self.published.pop(source, None)

    def figures(self) -> Figures:
        return self.figured


def counted(**session) -> SessionFigures:
    """A session's figures with `session` over zeros."""
    zeros = {"round_trip_ms": None, "lost_share": 0.0, "packets_in": 0, "packets_out": 0}
    return SessionFigures(**(zeros | {"dropped_forged": 0, "dropped_replayed": 0, "slots": {}} | session))
