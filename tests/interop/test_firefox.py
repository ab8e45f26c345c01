"""Firefox publishes from an operator's page and plays what it published."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.rehearsal.node import Link
from tests.interop.firefox import firefox
from tests.interop.players import operator

pytestmark = pytest.mark.holds

SOURCE = "frankfurt/camera-1"
FRAMES = 30
PUBLISH = """(async () => {
    const until = async (holds) => { while (!holds()) await new Promise((soon) => setTimeout(soon, 50)); };
    const button = () => document.querySelector("[data-act=publish]:enabled");
    await until(button);
    button().click();
    await until(() => document.querySelector("[data-publish-words][data-state=live]"));
    return "live";
})()"""
PLAY = """(async ([whep, token, frames]) => {
    const pc = new RTCPeerConnection();
    for (const kind of ["video", "audio"]) pc.addTransceiver(kind, { direction: "recvonly" });
    await pc.setLocalDescription();
    const headers = { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` };
    const answer = await fetch(whep, { method: "POST", body: pc.localDescription.sdp, headers });
    if (answer.status !== 201) throw new Error(await answer.text());
    await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    for (;;) {
        const stats = [...(await pc.getStats()).values()];
        const video = stats.find((one) => one.type === "inbound-rtp" && one.kind === "video");
        const audio = stats.find((one) => one.type === "inbound-rtp" && one.kind === "audio");
        if (video?.framesDecoded >= frames && audio?.packetsReceived >= frames)
            return { frames: video.framesDecoded, width: video.frameWidth, sounds: audio.packetsReceived };
        await new Promise((soon) => setTimeout(soon, 100));
    }
})(%s)"""


async def test_firefox_publishes_and_plays(links: list[Link], tmp_path: Path) -> None:
    link = operator(links, SOURCE)
    group = next(one for one in links if one.role == "attendee")
    async with firefox(tmp_path) as browser:
        hall = await browser.open(link.url)
        assert await browser.run(hall, PUBLISH) == "live"
        guest = await browser.open(group.url)
        seen = await browser.run(guest, PLAY % [f"{group.whep}?source={SOURCE}", group.token, FRAMES])
        print(f"Firefox decoded {seen}")
        assert seen["frames"] >= FRAMES
        assert seen["sounds"] >= FRAMES
