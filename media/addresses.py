"""Where the relay receives and what it offers: the addresses of this machine."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
from collections.abc import Iterable, Sequence
from typing import Final

import ifaddr

from media.plane import Address

ADDRESSES_MAX: Final = 12
"""Every one costs a socket here and a candidate in each answer."""
PORTS: Final = range(10_000, 32_768)
"""Linux gives those above to whoever connects (net.ipv4.ip_local_port_range): a server that was killed would find its
port taken when it is back."""


def of_this_machine() -> list[str]:
    """Addresses of every interface, loopback too; IPv4 first, no link-local ones (they need a scope)."""
    found = [ipaddress.ip_address(_text(ip)) for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    usable = {address for address in found if not address.is_link_local}
    return [str(address) for address in sorted(usable, key=lambda address: (address.version, int(address)))]


def receives(address: str) -> bool:
    """Whether a socket may be bound to this address of the machine now.

    A new IPv6 address may not, as long as it looks whether somebody else has it (RFC 4862 section 5.4).
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as tried:
            tried.bind((address, 0))
    except OSError:
        return False
    return True


def reach(host: str, port: int, announce: Sequence[str], local: Iterable[str]) -> tuple[list[Address], tuple[str, ...]]:
    """(sockets to bind, addresses to announce), best first.

    One socket per address, so that replies leave from the address that was asked. A concrete
    host is taken at its word. A wildcard or loopback host receives on every address: browsers on
    this machine differ in whether they reach loopback (Firefox does not), and the port is silent
    to strangers. Loopback is announced, last, for a loopback host or when there is nothing else.
    """
    asked = ipaddress.ip_address(host)
    if not asked.is_unspecified and not asked.is_loopback:
        return [Address((host, port))], tuple(announce) or (host,)
    addresses = list(local)
    outer = [address for address in addresses if not ipaddress.ip_address(address).is_loopback][:ADDRESSES_MAX]
    inner = [address for address in addresses if ipaddress.ip_address(address).is_loopback] or [host]
    bind = [Address((address, port)) for address in (*outer, *inner)]
    if announce:
        return bind, tuple(announce)
    return bind, tuple(outer + inner if asked.is_loopback else outer or inner)


def free_port() -> int:
    """One of `PORTS` that is free now for UDP and TCP, on every address."""
    while True:
        port = secrets.choice(PORTS)
        datagrams, streams = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
        with datagrams, streams, contextlib.suppress(OSError):
            datagrams.bind(("", port))
            streams.bind(("", port))
            return port


def _text(ip: ifaddr.IP) -> str:
    return ip.ip if isinstance(ip.ip, str) else ip.ip[0]
