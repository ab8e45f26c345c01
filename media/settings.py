"""The relay's settings: read once from the command line, frozen, and passed along."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec


class PlaneChoice(StrEnum):
    """What moves the packets; AUTO: the native plane where it is built."""

    AUTO = "auto"
    NATIVE = "native"
    PYTHON = "python"


class RelaySettings(msgspec.Struct, frozen=True):
    """What two deployments of a relay may differ in."""

    data: Path
    udp_port: int
    host: str
    announce: tuple[str, ...]
    log: str
    standby: bool = False
    tcp: bool = True
    plane: PlaneChoice = PlaneChoice.AUTO

    @property
    def run(self) -> Path:
        """Where the control socket and the pid file live."""
        return self.data / "run"

    @property
    def control(self) -> Path:
        return self.run / "relay.sock"

    @property
    def lock(self) -> Path:
        """Held by the relay process that serves this data folder."""
        return self.run / "relay.lock"


def parse(arguments: Sequence[str]) -> RelaySettings:
    """Settings from a command line. Exits 2 with the option named when one is wrong."""
    given = _parser().parse_args(arguments)
    return RelaySettings(
        data=given.data,
        udp_port=given.udp_port,
        host=given.host,
        announce=tuple(given.announce),
        log=given.log,
        standby=given.standby,
        tcp=not given.no_tcp,
        plane=PlaneChoice(given.plane),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m media", description="Twinhall's relay: media in once, out to all.")
    parser.add_argument("--data", type=Path, default=Path("var"), help="data folder (default: ./var)")
    port = "the one port of all media, UDP and TCP (default: 8443)"
    parser.add_argument("--udp-port", type=_port, default=8443, help=port)
    parser.add_argument("--no-tcp", action="store_true", help="UDP only: another server has the TCP port")
    parser.add_argument(
        "--host",
        type=_address,
        default="127.0.0.1",
        help="address to receive on; 0.0.0.0 or a loopback address: every address of this machine (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--announce",
        type=_address,
        action="extend",
        nargs="+",
        default=[],
        metavar="ADDRESS",
        help="IPv4 or IPv6 addresses to offer to clients, best first (default: those received on)",
    )
    parser.add_argument(
        "--standby", action="store_true", help="while another relay serves this folder: wait, ready, for its end"
    )
    plane = "what moves the packets; auto: the native plane where it is built (default: auto)"
    parser.add_argument("--plane", choices=[choice.value for choice in PlaneChoice], default="auto", help=plane)
    parser.add_argument("--log", choices=("text", "json"), default="text", help="form of the log on stderr")
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535")
    return int(text)


def _address(text: str) -> str:
    """A numeric address in its usual spelling; "localhost" is 127.0.0.1."""
    try:
        return str(ipaddress.ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r} is no numeric IPv4 or IPv6 address") from wrong
