"""Pictures and tones as files for Chromium's fake devices, and as encoded packets for aiortc's senders."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from scripts.rehearsal.framecode import HEIGHT, WIDTH
from scripts.rehearsal.picture import Picture
from scripts.rehearsal.tone import PACKET_SAMPLES, RATE_HZ, STEREO_BYTES, samples

VIDEO_BPS: Final = 1_500_000
AUDIO_BPS: Final = 128_000
KEYFRAMES_PER_S: Final = 2
"""A file cannot answer a keyframe request, so it has keyframes often, as many hardware encoders do."""


def write_y4m(path: Path, source: int, frames_per_s: int, seconds: int) -> None:
    """A raw film that Chromium plays as a camera, round and round."""
    picture = Picture(source, frames_per_s)
    with path.open("wb") as film:
        film.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420mpeg2\n" % (WIDTH, HEIGHT, frames_per_s))
        for number in range(frames_per_s * seconds):
            film.write(b"FRAME\n" + picture.frame(number))


def write_wav(path: Path, source: int, seconds: int) -> None:
    """The sound that belongs to the film, as Chromium's microphone."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(samples(source, seconds).tobytes())


def vp8(source: int, frames_per_s: int, seconds: int) -> list[bytes]:
    """`seconds` of the picture as VP8 frames; the first is a keyframe, so the list can loop."""
    encoder = VideoCodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, frames_per_s), Fraction(frames_per_s)
    encoder.bit_rate = VIDEO_BPS
    encoder.gop_size = max(1, frames_per_s // KEYFRAMES_PER_S)
    fast = {"deadline": "realtime", "cpu-used": "16", "static-thresh": "1000"}
    encoder.options = fast | {"lag-in-frames": "0", "auto-alt-ref": "0"}
    return [bytes(packet) for frame in _frames(source, frames_per_s, seconds) for packet in encoder.encode(frame)]


def opus(source: int, seconds: int) -> list[bytes]:
    """`seconds` of the tone as Opus packets of 20 ms, stereo."""
    encoder = AudioCodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "stereo", "s16"
    encoder.bit_rate = AUDIO_BPS
    packets = [bytes(packet) for frame in _pieces(source, seconds) for packet in encoder.encode(frame)]
    return packets[: seconds * RATE_HZ // PACKET_SAMPLES]


def _frames(source: int, frames_per_s: int, seconds: int) -> Iterator[av.VideoFrame]:
    picture = Picture(source, frames_per_s)
    for number in range(frames_per_s * seconds):
        frame = video_frame(picture.frame(number))
        frame.pts = number
        yield frame


def video_frame(i420: bytes) -> av.VideoFrame:
    """A picture's bytes as a frame for an encoder."""
    frame, start = av.VideoFrame(WIDTH, HEIGHT, "yuv420p"), 0
    for plane in frame.planes:
        plane.update(i420[start : start + plane.buffer_size])
        start += plane.buffer_size
    return frame


def _pieces(source: int, seconds: int) -> Iterator[av.AudioFrame]:
    sound = samples(source, seconds).tobytes()
    size = PACKET_SAMPLES * STEREO_BYTES
    for place in range(0, len(sound), size):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=PACKET_SAMPLES)
        frame.sample_rate = RATE_HZ
        frame.planes[0].update(sound[place : place + size])
        frame.pts = place // STEREO_BYTES
        yield frame
