"""The TCP socket of pages. The supervisor holds it too: while web is dead, who comes waits instead of being refused."""

from __future__ import annotations

import errno
import socket
from typing import Final

from server.settings import Settings, Unusable

BACKLOG: Final = 1024
"""A whole audience comes back at once after a restart."""
UNSENT_MAX: Final = 128 * 1024
"""bytes that the kernel keeps unsent per connection; by default it is 4 MB, and a slow reader goes unnoticed."""


def listen(settings: Settings) -> socket.socket:
    """The socket that pages connect to: the supervisor's, or our own. Raises Unusable."""
    if settings.listening is not None:
        return socket.socket(fileno=settings.listening)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server(
            (settings.host, settings.port),
            family=family,
            backlog=BACKLOG,
            dualstack_ipv6=settings.host == "::" and socket.has_dualstack_ipv6(),
        )
    except OSError as wrong:
        where = f"port {settings.port} on {settings.host}"
        if wrong.errno == errno.EADDRINUSE:
            raise Unusable(f"{where} is in use: stop what uses it, or choose another with --port") from wrong
        if wrong.errno == errno.EACCES:
            rights = "sysctl net.ipv4.ip_unprivileged_port_start=443, or run as root"
            raise Unusable(f"{where} needs rights ({rights}); or choose another with --port") from wrong
        raise Unusable(f"{where} can't be used ({wrong.strerror}): choose others with --host and --port") from wrong
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MAX)
    return listening
