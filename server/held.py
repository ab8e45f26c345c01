"""A conference as this process holds it: as its one writer, or following the one that is."""

from __future__ import annotations

from typing import Protocol

from rooms.conference import Conference
from rooms.journal import Envelope
from rooms.kernel import Actor, CommandId, ConferenceId
from server.host import Listener


class Held(Protocol):
    """Commands in by `handle`, durable entries out to the listeners."""

    @property
    def id(self) -> ConferenceId: ...

    @property
    def settled(self) -> bool:
        """Whether all that the state holds is durable."""

    @property
    def owns(self) -> bool:
        """Whether this process decides, as far as it knows."""

    @property
    def conference(self) -> Conference:
        """The state now. Ask for it each time: it may be replaced."""

    def listen(self, listener: Listener) -> None: ...

    async def open(self) -> None:
        """From here on there is a state. Raises Unusable."""

    async def close(self) -> None: ...

    async def handle(self, envelope: Envelope, actor: Actor) -> int:
        """The seq after which the command is in force. Raises Refused."""

    async def enter(self, actor: Actor, intent: CommandId) -> int:
        """The person comes in by a link. Raises Refused."""
