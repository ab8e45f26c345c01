"""What the web process asks of the place where personal data is: the vault of a data folder, or the shared one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from rooms.kernel import Names, PersonId
from server.records.canonical import Digest
from server.records.commitments import Opening
from server.storage import Reason


class Personal(Protocol):
    """Reads of names come from memory, writes are durable before they return."""

    @property
    def refusing(self) -> Reason | None:
        """Why nothing can be written now; it ends by itself."""

    def listen(self, listener: Callable[[], None]) -> None:
        """Call when `refusing` has changed."""

    @property
    def names(self) -> Names: ...

    async def call(self, person: PersonId, name: str) -> None:
        """Store how `person` wants to be called. Raises Refused."""

    def knows(self, person: PersonId) -> bool:
        """Whether anything of the person is stored."""

    async def keep(self, person: PersonId, opening: Opening) -> None:
        """Store what opens a commitment about `person`; it is durable then. Raises Refused."""

    async def openings(self, commitments: Iterable[Digest]) -> Mapping[Digest, Opening]:
        """Those of the commitments that can be opened still. Raises Refused."""

    async def erase(self, person: PersonId) -> str | None:
        """Forget the person, on disk and in memory: the name until now. Raises Refused."""

    async def close(self) -> None: ...
