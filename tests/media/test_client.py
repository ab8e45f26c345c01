"""Both ends of the control socket, without a network behind."""

import asyncio

import pytest

from media import control
from media.client import RelayClient
from media.control import Desired
from media.door import Door
from media.ledger import Ledger
from media.model import Purpose, Route, SessionPhase, SessionSpec, SessionState

STAGE = "c.stage:attendee"


class World:
    """A door whose relay accepts every wish; `heard` are the frames in order."""

    def __init__(self, folder, epoch="e1"):
        self.path = folder / "relay.sock"
        self.heard = []
        self.something = asyncio.Event()
        self.epochs, self.links = [], []
        self.ledger = Ledger(epoch)
        self.door = Door(self.ledger, self.want, lambda: 0)
        self.client = RelayClient(
            self.path, lambda frame: self.something.set(), self.linked, lambda epoch: self.epochs.append(epoch)
        )

    def linked(self, connected):
        self.links.append(connected)
        self.something.set()

    def want(self, desired):
        if desired.base is not None and desired.base != self.ledger.revision:
            return False
        self.heard.append(desired)
        self.ledger.revision = desired.revision
        self.something.set()
        return True

    def tells(self, state):
        self.ledger.session(state)
        self.door.tell_soon()

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition():
                self.something.clear()
                await self.something.wait()

    async def reopened(self, epoch="e2"):
        await self.door.close()
        self.ledger = Ledger(epoch)
        self.door = Door(self.ledger, self.want, lambda: 0)
        await self.door.open(self.path)


@pytest.fixture
async def world(tmp_path):
    world = World(tmp_path)
    await world.door.open(world.path)
    yield world
    await world.client.close()
    await world.door.close()


async def connected(world):
    world.client.start()
    await world.until(lambda: world.client.connected and world.heard)


def spec(name="s1", offer="v=0"):
    return SessionSpec(name, Purpose.PLAY, "web", offer=offer, audience=STAGE)


async def test_the_first_frame_is_whole_and_changes_of_one_turn_travel_together(world):
    world.client.route(STAGE, (Route("v0", "c:a"),))
    await connected(world)
    world.client.put(spec())
    world.client.route("c.stage:wall", (Route("v0", "c:b"),))
    await world.until(lambda: len(world.heard) == 2)
    whole, difference = world.heard
    assert (whole.base, whole.routes) == (None, {STAGE: (Route("v0", "c:a"),)})
    assert difference.base == whole.revision
    assert set(difference.sessions) == {"s1"}
    assert set(difference.routes) == {"c.stage:wall"}


async def test_an_answer_wakes_who_waits_and_the_offer_travels_no_more(world):
    await connected(world)
    world.client.put(spec())
    waiting = asyncio.create_task(world.client.negotiated("s1", 5))
    await world.until(lambda: len(world.heard) == 2)
    world.tells(SessionState(spec(offer=""), SessionPhase.NEW, answer="v=0 answer"))
    assert (await waiting).answer == "v=0 answer"
    assert world.client.wants("s1").offer == ""


async def test_a_refusal_is_told_even_to_those_who_ask_late(world):
    await connected(world)
    world.client.put(spec())
    await world.until(lambda: len(world.heard) == 2)
    world.tells(SessionState(spec(offer=""), SessionPhase.ENDED, refused="no-media", reason="nothing"))
    await world.until(lambda: world.client.wants("s1") is None)
    assert (await world.client.negotiated("s1", 5)).refused == "no-media"
    await world.until(lambda: len(world.heard) == 3)
    assert world.heard[2].gone == ("s1",)


async def test_a_dropped_session_is_closed_to_who_waits(world):
    await connected(world)
    world.client.put(spec())
    asyncio.get_running_loop().call_soon(world.client.drop, "s1")
    assert (await world.client.negotiated("s1", 5)).reason == "closed"


async def test_nobody_answers_while_the_relay_is_away(tmp_path):
    client = RelayClient(tmp_path / "none.sock", lambda frame: None)
    client.start()
    client.put(spec())
    with pytest.raises(TimeoutError):
        await client.negotiated("s1", 0.01)
    await client.close()


async def test_another_relay_gets_only_what_it_can_negotiate(world):
    await connected(world)
    world.client.put(spec("old"))
    await world.until(lambda: len(world.heard) == 2)
    world.tells(SessionState(spec("old", offer=""), SessionPhase.CONNECTED))
    await world.until(lambda: "old" in world.client.sessions)
    world.client.put(spec("new"))
    world.heard.clear()
    await world.reopened()
    await world.until(lambda: world.epochs == ["e1", "e2"] and any(frame.base is None for frame in world.heard))
    assert set(world.heard[-1].sessions) == {"new"}
    assert world.client.sessions == {}
    assert world.links == [True, False, True]


async def test_the_next_web_process_adopts_what_it_finds_as_it_wishes(world):
    for name in ("kept", "unwanted"):
        world.ledger.session(SessionState(spec(name, offer=""), SessionPhase.CONNECTED))
    world.client._adopt = lambda spec: spec.id == "kept"
    await connected(world)
    assert set(world.heard[0].sessions) == {"kept"}


async def test_a_relay_at_another_revision_gets_a_whole_frame(world):
    await connected(world)
    world.ledger.revision = 99
    world.client.put(spec())
    await world.until(lambda: len(world.heard) == 2)
    assert world.heard[1].base is None
    assert set(world.heard[1].sessions) == {"s1"}


async def test_a_forgotten_audience_is_routed_to_nothing(world):
    await connected(world)
    world.client.route(STAGE, (Route("v0", "c:a"),))
    await world.until(lambda: len(world.heard) == 2)
    world.client.route(STAGE, ())
    await world.until(lambda: len(world.heard) == 3)
    assert world.heard[2].routes == {STAGE: ()}


async def test_a_newer_web_process_takes_the_place_of_the_older(world):
    await connected(world)
    newer = RelayClient(world.path, lambda frame: world.something.set())
    newer.start()
    await world.until(lambda: newer.connected and False in world.links)
    await newer.close()


async def test_garbage_on_the_socket_ends_that_connection_only(world):
    reader, writer = await asyncio.open_unix_connection(str(world.path))
    writer.write(b"\xff" * 64)
    assert isinstance(await control.read(reader), control.Observed)
    assert await reader.read() == b""
    writer.close()
    await connected(world)


async def test_frames_come_back_as_they_were(world):
    reader = asyncio.StreamReader()
    body = control._encoder.encode(Desired(3, None, {"s1": spec()}))
    reader.feed_data(len(body).to_bytes(4) + body)
    assert await control.read(reader) == Desired(3, None, {"s1": spec()})
