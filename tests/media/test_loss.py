"""A far publisher on a bad line: 5 % lost both ways, 250 ms round trip."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable

from media.model import Route, SlotId
from media.rtcp import Nack
from media.rtcp_write import middle, ntp_of, receiver_report
from tests.media.world import CHANGZHOU, STAGE, World, slot, vp8_payload

ONE_WAY_S = 0.125
LOSS = 0.05
PACKETS = 3000


def test_repairs_over_a_long_and_lossy_way_leave_no_hole() -> None:
    world, dice = World(), random.Random(8612)
    world.plane.route(STAGE, (Route(SlotId("v0"), CHANGZHOU),))
    publisher, viewer = world.publisher(), world.viewer(slot("v0"))
    then = middle(ntp_of(world.media_ms() - 2000 * ONE_WAY_S))
    block = (1).to_bytes(4) + then.to_bytes(4) + bytes(4)
    publisher.send_control(receiver_report(0x1000, []) + bytes([0x80, 207, 0, 5]) + bytes(4) + b"\5\0\0\3" + block)
    on_the_way: list[tuple[float, int, Callable[[], object]]] = []
    sent: dict[int, bytes] = {}
    repairs = asked = 0
    order = itertools.count()

    def later(call: Callable[[], object]) -> None:
        if dice.random() >= LOSS:
            heapq.heappush(on_the_way, (world.now_s + ONE_WAY_S, next(order), call))

    def resend(seq: int) -> None:
        nonlocal repairs
        repairs += 1
        body, number = seq.to_bytes(2) + sent[seq], repairs
        later(lambda: publisher.send(0x1001, number, 450 * seq, body, payload_type=97))

    for index in range(PACKETS + 500):
        if index < PACKETS:
            sent[index] = vp8_payload(key=index == 0, start=True, picture=index & 0x7FFF)
            if 0 < index < PACKETS - 1:
                later(lambda index=index: publisher.send(0x1000, index, 450 * index, sent[index], marker=True))
            else:  # the first and the last arrive: nobody can miss what nothing follows
                publisher.send(0x1000, index, 450 * index, sent[index], marker=True)
        world.pass_time(0.005)
        for item in publisher.items(Nack)[asked:]:
            asked += 1
            assert isinstance(item, Nack)
            for seq in item.seqs:
                later(lambda seq=seq: resend(seq))
        while on_the_way and on_the_way[0][0] <= world.now_s:
            heapq.heappop(on_the_way)[2]()
    got = {header.seq for header, _ in viewer.of(0x50000)}
    assert repairs > PACKETS * LOSS
    assert len(got) == PACKETS
