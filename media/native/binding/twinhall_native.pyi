"""The native plane's thread, as Python sees it. Structs travel as MessagePack (media/plane_native.py)."""

class Shard:
    """One thread with its sockets, sessions and media. It never takes the GIL."""

    addresses: list[tuple[str, int]]
    """Where the UDP sockets are bound, ports filled in."""
    events_fd: int
    """Readable when events wait."""
    gso: bool
    library: str
    """Whose ciphers are faster on this machine."""
    notes: list[str]
    """What an administrator should know, in sentences."""

    def __init__(self, bind: list[tuple[str, int]], listen: list[tuple[str, int]]) -> None:
        """Bind and begin. Raises OSError, ValueError for an address that is not numeric."""

    def command(self, packed: bytes) -> None:
        """Queue a command. Raises ValueError if it is none, BufferError if the shard takes none any more."""

    def events(self) -> bytes:
        """The events that wait, oldest first, as an array."""

    def figures(self) -> bytes:
        """Raises TimeoutError if the shard does not answer."""

    def close(self) -> None:
        """End the thread and close the sockets."""
