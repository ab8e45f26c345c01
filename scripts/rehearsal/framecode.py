"""A frame number drawn into a picture so that it survives an encoder, and read back from decoded luma.

Two rows of sixteen blocks, 64 px each in a picture 1280 px wide: white, black
(what "one" and "zero" look like after the encoder), then fourteen bits. The 28
bits are 4 of source, 16 of frame number, 8 of CRC, the most significant first.
A smaller layer of the same picture is read at its own scale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

WIDTH: Final = 1280
HEIGHT: Final = 720
BLOCK: Final = 64
LEFT: Final = 128
TOP: Final = 64
ROWS: Final = 2
BITS_PER_ROW: Final = 14
WHITE: Final = 235
BLACK: Final = 16
CONTRAST_MIN: Final = 60
"""Luma between the reference blocks below which there is no code in the picture (a slate, a face)."""

Luma = Callable[[int, int], int]
"""Luma of the pixel at (x, y)."""


class Code(NamedTuple):
    """What a frame says of itself: who drew it (0-15), and its number (0-65535)."""

    source: int
    number: int


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 0x07, start 0xFF: an all-black or all-white row is no valid code."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def bits_of(code: Code) -> list[bool]:
    """The 28 bits of a code."""
    word = code.source << 24 | code.number << 8 | crc8(bytes((code.source,)) + code.number.to_bytes(2))
    return [bool(word >> shift & 1) for shift in range(27, -1, -1)]


def code_of(bits: list[bool]) -> Code | None:
    """The code that 28 bits say, or None when their check does not hold."""
    word = sum(1 << 27 - place for place, bit in enumerate(bits) if bit)
    code = Code(word >> 24, word >> 8 & 0xFFFF)
    return code if bits == bits_of(code) else None


def luma_rows(code: Code) -> list[bytes]:
    """The ROWS rows of blocks, each one line of WIDTH - 2 * LEFT luma bytes (BLOCK lines high)."""
    bits = bits_of(code)
    return [
        b"".join(
            bytes((WHITE if bit else BLACK,)) * BLOCK
            for bit in (True, False, *bits[row * BITS_PER_ROW : (row + 1) * BITS_PER_ROW])
        )
        for row in range(ROWS)
    ]


def read(luma: Luma, width: int) -> Code | None:
    """The code in a decoded picture `width` px wide, or None when there is none or it is damaged."""
    scale = width / WIDTH
    bits: list[bool] = []
    for row in range(ROWS):
        levels = [_level(luma, scale, LEFT + BLOCK * place, TOP + BLOCK * row) for place in range(BITS_PER_ROW + 2)]
        white, black = levels[:2]
        if white - black < CONTRAST_MIN:
            return None
        bits += [level > (white + black) / 2 for level in levels[2:]]
    return code_of(bits)


def read_plane(plane: memoryview, line_size: int, width: int) -> Code | None:
    """The code in the luma plane of a decoded frame."""
    return read(lambda x, y: int(plane[y * line_size + x]), width)


def _level(luma: Luma, scale: float, left: int, top: int) -> float:
    """Mean luma about the middle of a block, away from the edges that an encoder blurs."""
    points = [(int((left + BLOCK * u) * scale), int((top + BLOCK * v) * scale)) for u in _INNER for v in _INNER]
    return sum(luma(x, y) for x, y in points) / len(points)


_INNER: Final = (0.35, 0.5, 0.65)
