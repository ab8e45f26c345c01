"""The relay process: wiring only."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import structlog
from aiortc.rtcdtlstransport import RTCCertificate

from media import addresses, planes, settings, turn
from media.answer import Endpoint, candidates
from media.clock import CommonClock
from media.door import Door
from media.ledger import Ledger
from media.plane import Address, Capability, Plane
from media.printer import Printer
from media.relay import Relay
from media.settings import RelaySettings
from media.slate import SlatePlayer

PORT_TRIES: Final = 20
PORT_AGAIN_S: Final = 0.005
MEND: Final = "end what holds it"
MENDS: Final = {
    errno.EACCES: "let this user open low ports (sysctl net.ipv4.ip_unprivileged_port_start=443, or run as root)",
    errno.EADDRNOTAVAIL: "give --host an address of this machine",
}

log = structlog.get_logger("relay")


class CannotStart(Exception):
    """What is in the way, and what to do about it, in one line."""


async def serve(options: RelaySettings, stop: asyncio.Event, certificate: RTCCertificate) -> None:
    """Run a relay until `stop`. Raises CannotStart."""
    local = filter(addresses.receives, addresses.of_this_machine())
    bind, announce = addresses.reach(options.host, options.udp_port, options.announce, local)
    fingerprint = next(found.value for found in certificate.getFingerprints() if found.algorithm == "sha-256")
    clock = CommonClock()
    plane, why = _plane(options, clock)
    tcp = options.tcp and Capability.ICE_TCP in plane.capabilities
    endpoint = Endpoint(announce, options.udp_port, fingerprint, tcp)
    ledger = Ledger(secrets.token_hex(8), candidates(endpoint))
    slates = SlatePlayer(plane, options.data / "slates", secrets.token_bytes)
    door: Door
    relay = Relay(
        plane,
        slates,
        endpoint,
        certificate,
        ledger,
        time.monotonic,
        secrets.token_bytes,
        on_change=lambda: door.tell_soon(),
        soon=asyncio.get_running_loop().call_soon,
    )
    door = Door(ledger, relay.want, lambda: clock.ahead_ms)
    with turn.named(options.run / "relay.pid"):
        async with _media(plane, bind, bind if tcp else (), relay), _listening(door, options.control):
            told = {"udp_port": options.udp_port, "announce": announce, "epoch": ledger.epoch, "pid": os.getpid()}
            log.info("relay ready", plane=plane.name, **told)
            for note in filter(None, (why, *plane.notes)):
                log.warning(note)
            ticking = asyncio.create_task(_tick(relay), name="tick")
            await stop.wait()
            ticking.cancel()
            relay.close()
            await slates.close()
    log.info("relay ended")


def _plane(options: RelaySettings, clock: CommonClock) -> tuple[Plane, str]:
    """The plane to serve with, and why it is not the best one ("" if it is). Raises CannotStart."""
    try:
        return planes.plane(options.plane, clock)
    except planes.NotBuilt as missing:
        raise CannotStart(str(missing)) from missing


async def _tick(relay: Relay) -> None:
    """Every second by the clock: a late turn is not made up for."""
    while True:
        await asyncio.sleep(1 - time.monotonic() % 1)
        take_turn(relay)


def take_turn(relay: Relay) -> None:
    """A turn that the plane does not answer is told and left out: the machine slept, or has too much to do.

    One that breaks is told too, and the next one comes: nothing else ends peers that never connect.
    """
    try:
        relay.tick()
    except (TimeoutError, BufferError) as stuck:
        log.error("a second without figures", why=str(stuck))
    except Exception:
        log.exception("a second broke")


@contextlib.asynccontextmanager
async def _media(plane: Plane, bind: Sequence[Address], listen: Sequence[Address], relay: Relay) -> AsyncIterator[None]:
    try:
        await _opened(plane, bind, listen, relay)
    except OSError as refused:
        where, kinds = ", ".join(host for host, _ in bind), "UDP and TCP" if listen else "UDP"
        raise CannotStart(
            f"{kinds} port {bind[0][1]} can't be opened on {where}: {refused.strerror}; "
            f"{MENDS.get(refused.errno or 0, MEND)}, or choose another one with --udp-port"
        ) from refused
    try:
        yield
    finally:
        await plane.close()


async def _opened(plane: Plane, bind: Sequence[Address], listen: Sequence[Address], relay: Relay) -> None:
    """Open the plane. The kernel may free a dead relay's port a moment after its lock. Raises OSError."""
    for _ in range(PORT_TRIES):
        try:
            return await plane.open(bind, relay.on_event, listen)
        except OSError as taken:
            if taken.errno != errno.EADDRINUSE:
                raise
        await asyncio.sleep(PORT_AGAIN_S)
    return await plane.open(bind, relay.on_event, listen)


@contextlib.asynccontextmanager
async def _listening(door: Door, path: Path) -> AsyncIterator[None]:
    try:
        await door.open(path)
    except OSError as refused:
        raise CannotStart(
            f"{path} can't be opened: {refused.strerror or refused}; choose another folder with --data"
        ) from refused
    try:
        yield
    finally:
        await door.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _prepare(options: RelaySettings) -> None:
    """The folder is there and writable. Raises CannotStart."""
    try:
        options.run.mkdir(parents=True, exist_ok=True)
        probe = options.run / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as refused:
        raise CannotStart(
            f"{options.run} can't be written: {refused.strerror}; mend its rights, or choose another with --data"
        ) from refused


def _await_turn(options: RelaySettings) -> None:
    """Return when no other relay serves the folder, until our own end. Raises CannotStart, unless we may wait."""
    if options.standby:
        turn.wait(options.lock, options.run / "standby.pid")
    elif turn.take(options.lock) is None:
        raise CannotStart(f"another relay runs on {options.data}; end it, or choose another folder with --data")


def _start_logging(form: str) -> None:
    """To stderr; other libraries' warnings too."""
    last = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        logger_factory=lambda *_: Printer(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


async def _until_signalled(options: RelaySettings, certificate: RTCCertificate) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(options, stop, certificate)


def main() -> int:
    options = settings.parse(sys.argv[1:])
    _start_logging(options.log)
    try:
        _prepare(options)
        certificate = RTCCertificate.generateCertificate()
        gc.freeze()  # modules stay for ever: collections skip them, and packets wait less
        _await_turn(options)
        asyncio.run(_until_signalled(options, certificate))
    except CannotStart as why:
        print(f"relay: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
