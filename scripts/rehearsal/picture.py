"""Moving pictures that carry a frame code: I420 bytes, 1280x720.

Bands of a soft pattern scroll at different speeds, so that an encoder has work;
a white square flashes in the first two frames of each second, when the tone beeps.
"""

from __future__ import annotations

import random
from typing import Final

from scripts.rehearsal.framecode import BLOCK, HEIGHT, LEFT, ROWS, TOP, WHITE, WIDTH, Code, luma_rows

BAND: Final = 16
"""px; bands line up with an encoder's macroblocks."""
FLASH_FRAMES: Final = 2
_FLASH_LEFT: Final = 544
_FLASH_SIZE: Final = 192
_FLASH_TOP: Final = 448
_TINTS: Final = ((118, 150), (146, 112), (110, 120), (150, 140))
"""U and V per source, so that a person tells the halls apart too."""


class Picture:
    """One source's endless moving picture at `frames_per_s`."""

    def __init__(self, source: int, frames_per_s: int) -> None:
        self.source = source
        self.frames_per_s = frames_per_s
        grain = random.Random(source)
        self._bands = [_pattern(grain) for _ in range(HEIGHT // BAND)]
        self._speeds = [grain.choice((-6, -4, -2, 2, 4, 6)) for _ in self._bands]
        quarter = WIDTH * HEIGHT // 4
        u, v = _TINTS[source % len(_TINTS)]
        self._chroma = bytes((u,)) * quarter + bytes((v,)) * quarter

    def frame(self, number: int) -> bytes:
        """Frame `number` as I420."""
        code = luma_rows(Code(self.source, number & 0xFFFF))
        flash = number % self.frames_per_s < FLASH_FRAMES
        return b"".join(self._band(number, index, code, flash) for index in range(len(self._bands))) + self._chroma

    def _band(self, number: int, index: int, code: list[bytes], flash: bool) -> bytes:
        start = number * self._speeds[index] % WIDTH
        line = self._bands[index][start : start + WIDTH]
        top = index * BAND
        if TOP <= top < TOP + ROWS * BLOCK:
            row = code[(top - TOP) // BLOCK]
            line = line[:LEFT] + row + line[LEFT + len(row) :]
        if flash and _FLASH_TOP <= top < _FLASH_TOP + _FLASH_SIZE:
            line = line[:_FLASH_LEFT] + bytes((WHITE,)) * _FLASH_SIZE + line[_FLASH_LEFT + _FLASH_SIZE :]
        return line * BAND


def _pattern(grain: random.Random) -> bytes:
    """One line of soft steps, twice as wide as the picture so that any start fits."""
    once = b"".join(bytes((grain.randrange(60, 180),)) * 8 for _ in range(WIDTH // 8))
    return once * 2
