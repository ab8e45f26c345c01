"""What the web process reads from strangers: WHIP bodies, commands, socket payloads, conference definitions."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import msgspec
from socketio.packet import Packet

from media.offer import credentials
from media.sdp import Refusal
from rooms import conferences, features
from rooms.conference import Conference
from rooms.definition_text import DefinitionError, read
from rooms.journal import envelope
from rooms.kernel import Actor, PersonId, Refused, Role
from scripts.fuzzing.target import Target
from server.names import NAME_MAX, cleaned
from server.pages import _decoded
from server.sockets import Signal, _is_ours
from server.whip import _LINE
from server.whip_wire import _FRAGMENT_MEDIA, _FRAGMENT_MID
from tests.rooms.hall import DEFINITION

OFFERS = Path(__file__).parents[1] / "media" / "offers"
DIRECTOR = Actor(PersonId("dora"), Role.DIRECTOR)


def whip(given: bytes) -> None:
    """The body of POST and PATCH below /whip and /whep, as far as web reads it itself."""
    text = given.decode("utf-8", "replace")
    for expression in (_LINE, _FRAGMENT_MEDIA, _FRAGMENT_MID):
        list(expression.finditer(text))
    try:
        found = credentials(text)
    except Refusal:
        return
    assert 4 <= len(found.ufrag) <= 256
    assert 22 <= len(found.pwd) <= 256


def command(given: bytes) -> None:
    """A command in JSON from a director: it is refused, or decided for a running conference."""
    try:
        data = msgspec.json.decode(given)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    try:
        sent = envelope(data)
        conference().decide(sent.command, DIRECTOR, sent.room, 0)
    except Refused as refusal:
        said = str(refusal.params)
    else:
        return
    assert len(said) < 1000, "a refusal says little of what it refuses"


def socket(given: bytes) -> None:
    """A text frame of a page: what passes the gate is read by Socket.IO and by our own signals."""
    text = given.decode("utf-8", "replace")
    if not _is_ours(text):
        return
    if text[0] == "4":
        packet = Packet(encoded_packet=text[1:])
        assert packet.attachment_count == 0
        payload = packet.data[1:] if isinstance(packet.data, list) else [packet.data]
        for body in payload:
            try:
                msgspec.convert(body, Signal)
            except msgspec.ValidationError:
                continue


def entrance(given: bytes) -> None:
    """The body of POST /enter and the name in it."""
    try:
        name = _decoded(given).name
        plain = cleaned(name or "")
    except Refused:
        return
    assert 0 < len(plain) <= NAME_MAX
    assert plain == cleaned(plain), "cleaning twice changes nothing"


def definition(given: bytes) -> None:
    """A conference in TOML: read, or refused with its line."""
    try:
        Conference(read(given.decode("utf-8", "surrogatepass")))
    except UnicodeDecodeError:
        return
    except DefinitionError as wrong:
        said = wrong
    else:
        return
    assert said.line >= 1
    assert str(said).count("\n") == 0, "one line says it"


@functools.cache
def conference() -> Conference:
    """A conference that commands are decided for; deciding changes nothing."""
    return Conference(DEFINITION)


def _fragments() -> Iterator[bytes]:
    yield b"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
    yield from (path.read_bytes() for path in sorted(OFFERS.glob("*.sdp")))


def _commands() -> Iterator[bytes]:
    for name in features.commands():
        fields = (
            b'"layout":"full","sources":["changzhou/camera-1"],"source":"changzhou/camera-1","gain":0.5,"delay_ms":20'
        )
        for said in (fields, b'"item":null', b'"invite":"attendee"', b'"person":"dora"'):
            yield b'{"id":"1","room":"stage","command":{"type":"%s",%s}}' % (name.encode(), said)


def _frames() -> Iterator[bytes]:
    yield b'40{"token":"abc","invite":"attendee"}'
    yield b'421["command",{"id":"1","room":"stage","command":{"type":"stage.item","item":null}}]'
    yield b'42["signal",{"type":"viewport","session":"0","heights":{"v0":480}}]'
    yield b'42["signal",{"type":"presence","visible":true}]'
    yield from (b"3", b"41", b"431[{}]", b'451-["a",{"_placeholder":true,"num":0}]', b"40/admin,{}")


def _entrances() -> Iterator[bytes]:
    yield b'{"token":"abc","name":" Anna\\u202e \\u0301","language":"zh-Hans"}'
    yield '{"token":"abc","name":"=SUM(A1) 陈晨 \u200d"}'.encode()


def _definitions() -> Iterator[bytes]:
    text = conferences.text("jiangsu-2022")
    yield text.encode()
    yield from (table.encode() for table in text.split("\n\n"))


TARGETS = (
    Target("whip", whip, functools.partial(list, _fragments()), size_max=72 * 1024),
    Target("command", command, functools.partial(list, _commands())),
    Target("socket", socket, functools.partial(list, _frames())),
    Target("entrance", entrance, functools.partial(list, _entrances())),
    Target("definition", definition, functools.partial(list, _definitions()), size_max=20 * 1024),
)
