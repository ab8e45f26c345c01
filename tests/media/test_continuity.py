"""Whatever happens, a viewer's stream stays one stream, and no packet index ever seals two texts."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from media.model import Route, SlotId
from media.rtcp_write import nack
from tests.media.world import CHANGZHOU, MINDEN, STAGE, VP8, World, slot, vp8_payload

V0 = SlotId("v0")
STEP = st.one_of(
    st.tuples(st.just("frame"), st.integers(0, 1), st.booleans(), st.integers(0, 7)),
    st.tuples(st.just("take"), st.integers(0, 1)),
    st.tuples(st.just("height"), st.sampled_from([0, 360])),
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("late"), st.integers(0, 1), st.integers(1, 12)),
    st.tuples(st.just("padding"), st.integers(0, 1)),
    st.tuples(st.just("nack"), st.integers(0, 40)),
)


LOSS = st.sampled_from([0, 2, 5, 7, "padding", "padding", "repair"])


@settings(max_examples=110, deadline=None)
@given(st.lists(STEP, max_size=60))
def test_numbers_run_on_and_an_index_never_carries_two_texts(story: list[tuple[object, ...]]) -> None:
    world = World()
    routes = [(Route(V0, CHANGZHOU),), (Route(V0, MINDEN),)]
    world.plane.route(STAGE, routes[0])
    cameras = [world.publisher().camera(index=65500), world.publisher(MINDEN).camera(index=30, picture=9)]
    viewer = world.viewer(slot("v0", (VP8,), rtx=False))
    texts: dict[int, tuple[bytes, bytes]] = {}
    order: list[int] = []

    def note(ssrc: int, index: int, header: bytes, payload: bytes) -> None:
        assert texts.setdefault(index, (header, payload)) == (header, payload)
        if not order or index > order[-1]:
            order.append(index)

    outgoing = world.plane._doors.peers[viewer.id].slots[V0]
    outgoing._send = note
    for step in story:
        match step:
            case ("frame", int(which), bool(key), int(lost)):
                cameras[which].frame(key=key, lose=tuple(part for part in range(3) if lost >> part & 1))
            case ("take", int(which)):
                world.plane.route(STAGE, routes[which])
            case ("height", int(height)):
                world.plane.heights(viewer.id, {V0: height})
            case ("wait", int(ticks)):
                world.pass_time(0.02 * ticks)
            case ("late", int(which), int(back)):
                camera = cameras[which]
                payload = vp8_payload(key=False, start=False, picture=camera.picture)
                index = camera.index - back
                camera.client.send(camera.ssrc, index, camera.stamp_of(index) & 0xFFFFFFFF, payload)
            case ("padding", int(which)):
                cameras[which].client.send(0x1000, cameras[which].index, cameras[which].timestamp, b"")
                cameras[which].index += 1
            case ("nack", int(back)) if order:
                viewer.send_control(nack(7, 0x50000, [(order[-1] - back) & 0xFFFF]))
    stamps = [int.from_bytes(texts[index][0][4:8]) for index in order]
    starts = [stamp for stamp, before in zip(stamps[1:], stamps, strict=False) if stamp != before]
    assert all((b - a) % 2**32 < 2**31 for a, b in pairwise(starts))


@settings(max_examples=40, deadline=None)
@given(st.lists(LOSS, max_size=30), st.randoms(use_true_random=False))
def test_once_all_is_repaired_numbers_have_no_hole(story: list[int | str], dice: random.Random) -> None:
    world = World()
    world.plane.route(STAGE, (Route(V0, CHANGZHOU),))
    camera, viewer = world.publisher().camera(), world.viewer(slot("v0", (VP8,), rtx=False))
    texts: dict[int, tuple[bytes, bytes]] = {}

    def note(ssrc: int, index: int, header: bytes, payload: bytes) -> None:
        assert texts.setdefault(index, (header, payload)) == (header, payload)

    world.plane._doors.peers[viewer.id].slots[V0]._send = note
    lost: list[tuple[int, int]] = []

    def repair() -> None:
        index, picture = lost.pop(dice.randrange(len(lost)))
        payload = vp8_payload(key=False, start=False, picture=picture)
        camera.client.send(camera.ssrc, index, camera.timestamp, payload)

    camera.frame(key=True)
    for step in (*story, 0):  # what is behind the newest packet nobody can miss
        if isinstance(step, int):
            parts = tuple(part for part in range(3) if step >> part & 1)
            indexes = camera.frame(lose=parts)
            lost += [(indexes[part], camera.picture - 1) for part in parts]
        elif step == "padding":
            camera.client.send(camera.ssrc, camera.index, camera.timestamp, b"")
            camera.index += 1
        elif lost:
            repair()
    while lost:
        repair()
    assert sorted(texts) == list(range(min(texts), max(texts) + 1))
    assert len(texts) == 3 * (2 + sum(isinstance(step, int) for step in story))


def test_a_packet_of_a_pause_that_comes_after_it_takes_nobodys_place() -> None:
    world = World()
    world.plane.route(STAGE, (Route(V0, CHANGZHOU),))
    publisher, viewer = world.publisher(), world.viewer(slot("v0", (VP8,), rtx=False))
    camera = publisher.camera()
    camera.frame(key=True)
    world.plane.heights(viewer.id, {V0: 0})
    (_, lost, _) = camera.frame(lose=(1,))
    world.pass_time(0.44)
    world.plane.heights(viewer.id, {V0: 720})
    camera.frame(key=True)
    before = len(viewer.of(0x50000))
    publisher.send(0x1000, lost, camera.timestamp, vp8_payload(key=False, start=False, picture=501))
    assert len(viewer.of(0x50000)) == before == 6
