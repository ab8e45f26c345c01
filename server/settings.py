"""One frozen Settings from the command line, and REDIS_URL; nobody else reads the environment."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Sequence
from functools import cache
from os import environ
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import msgspec
from yarl import URL

from media.addresses import of_this_machine
from media.settings import PlaneChoice
from server import ice

DEFAULT_CONFERENCE = "jiangsu-2022"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104
"""Hosts that mean every address of this machine."""


class Unusable(Exception):
    """The node can't start: one line that says what is wrong and how to mend it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What two nodes may differ in.

    `conferences` are built-in ids or paths of TOML files; `listening` is the descriptor of an inherited socket;
    `redis` is a URL with a password perhaps, which nobody logs: empty, the journal is in the data folder.
    """

    data: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    udp_port: int = 8443
    announce: tuple[str, ...] = ()
    plane: PlaneChoice = PlaneChoice.AUTO
    conferences: tuple[str, ...] = (DEFAULT_CONFERENCE,)
    ice_servers: tuple[str, ...] = ()
    ice_secret: Path | None = None
    redis: str = ""
    redis_allow_loss: bool = False
    seal_p12: Path | None = None
    seal_password: Path | None = None
    tsa: str = ""
    log_level: str = "info"
    standby: bool = False
    listening: int | None = None

    @property
    def run(self) -> Path:
        """Where the pid files and the Unix sockets of this data folder are."""
        return self.data / "run"

    @property
    def secure(self) -> bool:
        """Whether pages reach this node by HTTPS."""
        return self.origin.startswith("https:")

    @property
    def is_proxied(self) -> bool:
        """Whether a proxy speaks TLS for us."""
        return self.public_url.startswith("https:") and self.tls_cert is None

    @property
    def has_own_authority(self) -> bool:
        """Whether a local authority signs our certificate: others than this machine come, and none was given."""
        return self.tls_cert is None and not self.is_proxied and not is_loopback(self.host)

    @property
    def speaks_tls(self) -> bool:
        """Whether this process itself speaks TLS; then it does not speak plain HTTP."""
        return self.tls_cert is not None or self.has_own_authority

    @property
    def origin(self) -> str:
        """The origin of every link: scheme, host and port as people reach them."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = (*self.announce, outer_address())[0] if self.host in EVERYWHERE else self.host
        host = f"[{host}]" if ":" in host else host
        scheme = "https" if self.speaks_tls else "http"
        return f"{scheme}://{host}:{self.port}"


class _OneLine(argparse.ArgumentParser):
    """Refuses with one line instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def port(text: str) -> int:
    """A port from 0 (any free one) to 65535."""
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")


def host(text: str) -> str:
    """A numeric IPv4 or IPv6 address of this machine, or localhost."""
    try:
        return text if text == "localhost" else str(ipaddress.ip_address(text))
    except ValueError as wrong:
        meant = "give a numeric address of this machine, or 0.0.0.0 for all; --public-url names it for people"
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address: {meant}") from wrong


def address(text: str) -> str:
    """A numeric IPv4 or IPv6 address."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address: give one like 192.0.2.7") from wrong


def origin(text: str) -> str:
    """An http or https origin without path, as browsers write it: a host in other letters becomes ASCII."""
    parts = urlsplit(text)
    if parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/") and not parts.query:
        return str(URL.build(scheme=parts.scheme, host=parts.hostname, port=parts.port))
    raise argparse.ArgumentTypeError(f"{text!r} is no origin: give one like https://stage.example.org")


def redis_url(text: str) -> str:
    """A URL of a Redis; empty for none."""
    parts = urlsplit(text)
    if not text or (parts.scheme in ("redis", "rediss") and parts.hostname and parts.path.strip("/").isdecimal()):
        return text
    if parts.scheme in ("redis", "rediss") and parts.hostname and parts.path in ("", "/"):
        return text
    raise argparse.ArgumentTypeError("that is no URL of a Redis: give one like redis://:PASSWORD@192.0.2.7:6379/0")


def address_of_tsa(text: str) -> str:
    """The URL of a time-stamping authority."""
    parts = urlsplit(text)
    if parts.scheme in ("http", "https") and parts.hostname:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no URL of an authority: give one like https://tsa.example.org/tsr")


def parser(program: str = "python -m server") -> argparse.ArgumentParser:
    """The options of the web process, each explained."""
    options = _OneLine(
        prog=program,
        description="Twinhall: pages, links and the journal (web), and all media over one UDP port (relay).",
        epilog="`python -m server invites --conference ID --data DIR --json` prints the links of a conference. "
        "`scripts/run --backup FILE --data DIR` copies all that is kept to one file, also while the node runs; "
        "`scripts/run --restore FILE --data DIR` makes a new data folder from it.",
    )
    add = options.add_argument
    add("--data", type=Path, default=Path("var"), metavar="DIR", help="all that is kept, and logs (default: var)")
    add(
        "--host",
        type=host,
        default="127.0.0.1",
        help="numeric address of pages and media (default: 127.0.0.1, this machine only)",
    )
    add("--port", type=port, default=8080, help="TCP port for HTTP (default: 8080)")
    add("--public-url", type=origin, metavar="URL", help="origin of the links, when it is not host:port")
    add(
        "--tls-cert",
        type=Path,
        metavar="FILE",
        help="TLS certificate chain (PEM), read again when it changes (default: plain HTTP on a loopback host, "
        "and a certificate of this node's own authority on any other)",
    )
    add("--tls-key", type=Path, metavar="FILE", help="its private key (PEM)")
    add("--udp-port", type=port, default=8443, help="the one port of all media, UDP and TCP (default: 8443)")
    add(
        "--announce",
        type=address,
        nargs="+",
        action="extend",
        default=[],
        metavar="IP",
        help="media addresses to offer",
    )
    planes = [choice.value for choice in PlaneChoice]
    add("--plane", choices=planes, default="auto", help="what moves the packets (default: auto, native where built)")
    add(
        "--conference",
        action="append",
        dest="conferences",
        metavar="ID|FILE",
        help=f"built-in id or a TOML file; may be repeated (default: {DEFAULT_CONFERENCE})",
    )
    add(
        "--ice-server",
        action="append",
        dest="ice_servers",
        type=ice.ice_server,
        metavar="URL",
        help="stun:HOST or turn:USER:PASSWORD@HOST[:PORT][?transport=tcp] for pages and players; may be repeated "
        "(default: none, no request leaves the node)",
    )
    add(
        "--ice-secret",
        type=Path,
        metavar="FILE",
        help="holds the TURN servers' static-auth-secret: credentials are made from it for each session",
    )
    add(
        "--redis",
        type=redis_url,
        metavar="URL",
        default=environ.get("REDIS_URL", ""),
        help="redis://[USER:PASSWORD@]HOST[:PORT][/NUMBER] or rediss:// keeps journal and names there, for several web "
        "processes; it must have appendonly yes, appendfsync always and maxmemory-policy noeviction (default: the "
        "environment's REDIS_URL, which also keeps the password out of the list of processes; else the data folder)",
    )
    add("--redis-allow-loss", action="store_true", help="take a Redis that may lose what it acknowledged: for tries")
    add(
        "--seal-p12",
        type=Path,
        metavar="FILE",
        help="PKCS#12 with the key and certificate that ceremonies' records are sealed with (default: the node's own)",
    )
    add("--seal-password", type=Path, metavar="FILE", help="holds the password of --seal-p12")
    add("--tsa", type=address_of_tsa, metavar="URL", help="time-stamping authority (RFC 3161) for the seals")
    # Between the supervisor and its children: wait, ready, for the serving one's end; take a socket that listens.
    add("--standby", action="store_true", help=argparse.SUPPRESS)
    add("--listening", type=int, metavar="FD", help=argparse.SUPPRESS)
    add(
        "--log-level",
        choices=["debug", "info", "warning", "error"],
        default="info",
        help="of web (default: info)",
    )
    return options


def parse(arguments: Sequence[str], program: str = "python -m server") -> Settings:
    """Settings of a command line; ends with one line and status 2 when it can't be understood."""
    options = parser(program)
    found = options.parse_args(arguments)
    settings = Settings(
        data=found.data,
        host=found.host,
        port=found.port,
        public_url=found.public_url or "",
        tls_cert=found.tls_cert,
        tls_key=found.tls_key,
        udp_port=found.udp_port,
        announce=tuple(found.announce),
        plane=PlaneChoice(found.plane),
        conferences=tuple(found.conferences or (DEFAULT_CONFERENCE,)),
        ice_servers=tuple(found.ice_servers or ()),
        ice_secret=found.ice_secret,
        redis=found.redis or "",
        redis_allow_loss=found.redis_allow_loss,
        seal_p12=found.seal_p12,
        seal_password=found.seal_password,
        tsa=found.tsa or "",
        log_level=found.log_level,
        standby=found.standby,
        listening=found.listening,
    )
    if mend := _contradiction(settings):
        options.error(mend)
    return settings


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def outer_address() -> str:
    """The address of this machine that others reach best; links name it when the host is every address."""
    others = [found for found in of_this_machine() if not is_loopback(found)]
    return (*others, "127.0.0.1")[0]


def _contradiction(settings: Settings) -> str:
    """What is wrong with the whole, and the mend; empty when nothing is."""
    if (settings.tls_cert is None) != (settings.tls_key is None):
        return "--tls-cert and --tls-key belong together: give both"
    if settings.seal_p12 is None and settings.seal_password is not None:
        return "--seal-password is the password of --seal-p12: give both"
    if settings.speaks_tls and not settings.secure:
        return (
            f"--public-url {settings.public_url} would be plain HTTP, which keeps cameras shut: begin it with https://"
        )
    return ice.contradiction(settings.ice_servers, settings.ice_secret)
