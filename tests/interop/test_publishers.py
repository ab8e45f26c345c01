"""Encoders of other makers publish by WHIP; a player of ours decodes their pictures and hears their sound."""

from __future__ import annotations

import signal
from pathlib import Path

import imageio_ffmpeg
import pytest

from scripts.rehearsal.encode import write_wav, write_y4m
from scripts.rehearsal.loops import FRAMES_PER_S
from scripts.rehearsal.node import HOUSE, Link
from tests.interop.players import operator, player, watch
from tests.interop.programs import HERE, h264_film, running


async def test_ffmpegs_whip_muxer_is_seen_and_heard(links: list[Link], tmp_path: Path) -> None:
    write_y4m(tmp_path / "film.y4m", 0, FRAMES_PER_S, 4)
    write_wav(tmp_path / "sound.wav", 0, 4)
    link = operator(links, "changzhou/table")
    assert link.whip
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-loglevel", "info"]
    for name in ("film.y4m", "sound.wav"):
        command += ["-re", "-stream_loop", "-1", "-i", str(tmp_path / name)]
    command += ["-c:v", "libx264", "-profile:v", "baseline", "-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0"]
    command += ["-g", "15", "-b:v", "1500k", "-pix_fmt", "yuv420p", "-c:a", "libopus", "-ac", "2", "-ar", "48000"]
    command += ["-f", "whip", "-authorization", link.token, link.whip]
    async with player(links, "changzhou/table") as viewer, running(command, tmp_path / "log", signal.SIGINT):
        await watch(viewer, beeps=2)


async def test_webrtcbin_publishes(links: list[Link], tmp_path: Path) -> None:
    link = operator(links, "frankfurt/table")
    assert link.whip
    command = ["/usr/bin/python3", str(HERE / "gst_peer.py"), "publish", link.whip, link.token]
    async with running(command, tmp_path / "log") as program:
        await program.until(lambda facts: {"connected": True} in facts)
        async with player(links, "frankfurt/table") as viewer:
            await watch(viewer, beeps=0)


async def test_libdatachannel_publishes_as_obs_does(links: list[Link], tmp_path: Path) -> None:
    modules = HOUSE / "web" / "node_modules"
    if not (modules / "node-datachannel").exists():
        pytest.fail("node-datachannel is missing: scripts/prepare --dev installs it")
    h264_film(tmp_path / "film", 0, 4)
    link = operator(links, "frankfurt/camera-1")
    assert link.whip
    script = HERE / "datachannel_publish.mjs"
    command = ["node", str(script), str(modules), link.whip, link.token, str(tmp_path / "film")]
    async with running(command, tmp_path / "log") as program:
        await program.until(lambda facts: {"connected": True} in facts)
        async with player(links, "frankfurt/camera-1") as viewer:
            await watch(viewer, beeps=0)
