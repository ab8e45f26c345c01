"""Hall sound with a beep at each full second of the picture's flash, and an ear that hears whose beep it was.

48 kHz, stereo, 16 bit. Under the beeps lies a soft noise, different left and
right, so that an encoder spends what it was promised.
"""

from __future__ import annotations

import math
import random
from array import array
from typing import Final

RATE_HZ: Final = 48_000
BEEP_S: Final = 0.1
STEREO_BYTES: Final = 4
"""bytes per sample of both channels."""
PACKET_SAMPLES: Final = 960
"""20 ms, the usual Opus packet."""
_PITCHES_HZ: Final = (1000, 1500, 2300, 3100)
_NOISE: Final = 1400
_BEEP: Final = 11_000
_DECIMATE: Final = 4
"""The ear takes each fourth sample: 12 kHz is enough for every pitch."""
_HEARD: Final = 0.12
"""Share of full scale at one pitch above which it is a beep; noise and the other pitches stay below 0.03."""


def pitch_hz(source: int) -> int:
    """The pitch of a source's beep."""
    return _PITCHES_HZ[source % len(_PITCHES_HZ)]


def samples(source: int, seconds: int) -> array[int]:
    """`seconds` of interleaved stereo that loop without a click; a beep begins at each full second."""
    grain = random.Random(source)
    noise = [grain.randint(-_NOISE, _NOISE) for _ in range(2 * RATE_HZ)]
    step = 2 * math.pi * pitch_hz(source) / RATE_HZ
    for place in range(int(BEEP_S * RATE_HZ)):
        level = int(_BEEP * math.sin(step * place))
        noise[2 * place] += level
        noise[2 * place + 1] += level
    return array("h", noise * seconds)


class Ear:
    """Counts the beeps of each known source in a stream of 20 ms pieces (interleaved stereo, 16 bit)."""

    def __init__(self, sources: int) -> None:
        self.beeps = [0] * sources
        self.pieces = 0
        self._sounding = [False] * sources

    def listen(self, piece: bytes) -> None:
        """One decoded piece of 20 ms."""
        self.pieces += 1
        left = array("h", piece)[:: 2 * _DECIMATE]
        for source, was in enumerate(self._sounding):
            now = loudness(left, pitch_hz(source)) > _HEARD
            self.beeps[source] += now and not was
            self._sounding[source] = now


def loudness(decimated: array[int], pitch: int) -> float:
    """Amplitude at `pitch` as a share of full scale (Goertzel's algorithm over the whole piece)."""
    turn = 2 * math.cos(2 * math.pi * pitch * _DECIMATE / RATE_HZ)
    last = before = 0.0
    for sample in decimated:
        last, before = sample + turn * last - before, last
    power = last * last + before * before - turn * last * before
    return 2 * math.sqrt(max(power, 0.0)) / (max(len(decimated), 1) * 32768)
