"""Players of other makers play by WHEP and decode the program's pictures."""

from __future__ import annotations

from pathlib import Path

from scripts.rehearsal.hall import Hall
from scripts.rehearsal.loops import FRAMES_PER_S
from scripts.rehearsal.node import Link
from tests.interop.programs import HERE, running


async def test_webrtcbin_plays(hall: Hall, links: list[Link], tmp_path: Path) -> None:
    group = next(link for link in links if link.role == "attendee")
    command = ["/usr/bin/python3", str(HERE / "gst_peer.py"), "play", f"{group.whep}?source={hall.source}", group.token]
    async with running(command, tmp_path / "log") as program:
        await program.until(lambda facts: sum(fact.get("source") == 0 for fact in facts) >= 2 * FRAMES_PER_S)
        await program.until(lambda facts: sum(fact.get("sound", 0) for fact in facts) >= 48_000)
