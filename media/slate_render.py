"""Draws and encodes a slate's loop: `python -m media.slate_render FILE` with a JSON spec on stdin.

A process of its own at a lower priority, so that neither the relay's event loop nor its
packets wait for an encoder.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import msgspec
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from media.model import Codec

WIDTH: Final = 1280
HEIGHT: Final = 720
FRAMES_PER_S: Final = 10
SECONDS: Final = 8
"""of a loop: one slow breath, one slow crossing."""
NICE: Final = 5
"""A third of the relay's share where a core is short; at 19 a busy first start was minutes without slates."""
KEYFRAME_FRAMES: Final = 10
"""A second: so much is burst at most to someone who begins to see the slate."""
GROUND, INK, MUTED, LINE, SEAL = (20, 18, 16), (243, 238, 230), (167, 159, 148), (54, 49, 43), (194, 58, 34)
MARGIN: Final = 112
LINE_Y: Final = 552
PLACE_PX: Final = (84, 52)
SHOWS_PX: Final = (36, 28)
"""The largest and the least at which all writings may stand; the last ones give way before they are smaller."""
SMALLEST_PX: Final = 16
STEP_PX: Final = 4
LETTERS_MAX: Final = 160
"""of one writing."""
HAN: Final = ("NotoSansCJK-Regular.ttc", "PingFang.ttc", "SourceHanSansSC-Regular.otf", "msyh.ttc", "wqy-zenhei.ttc")
SERIF: Final = ("NotoSerifCJK-Regular.ttc", "Songti.ttc", *HAN, "NotoSerif-Regular.ttf", "DejaVuSerif.ttf")
SANS: Final = (*HAN, "NotoSans-Regular.ttf", "Helvetica.ttc", "DejaVuSans.ttf")
"""Best first: one face for Han and Latin letters, so that both stand on one line well. Where none of them draws Han,
what is written in it is left out."""
FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
FOLDERS_ELSEWHERE: Final = ("/System/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts")
ENCODERS: Final[dict[Codec, tuple[str, dict[str, str]]]] = {
    Codec.VP8: ("libvpx", {"deadline": "realtime", "cpu-used": "8", "crf": "4", "qmax": "16", "lag-in-frames": "0"}),
    Codec.VP9: ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "24", "lag-in-frames": "0"}),
    Codec.H264: ("libx264", {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline", "crf": "22"}),
    Codec.AV1: ("libsvtav1", {"preset": "12", "crf": "30", "svtav1-params": "pred-struct=1:lookahead=0:scd=0"}),
}
"""Quick rather than small, but fine enough that the dark ground has no blotches."""
NO_LETTER: Final = "\U0010ffff"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Order(msgspec.Struct, frozen=True):
    """What to render."""

    place: tuple[str, ...]
    shows: tuple[str, ...]
    codec: Codec


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """One encoded frame of a loop."""

    keyframe: bool
    data: bytes


def pictures(place: Sequence[str], shows: Sequence[str]) -> Iterator[Image.Image]:
    """The loop's frames; the one after the last would equal the first."""
    still = _still(place, shows)
    for index in range(FRAMES_PER_S * SECONDS):
        yield _moved(still.copy(), index / (FRAMES_PER_S * SECONDS))


def encode(codec: Codec, frames: Iterator[Image.Image]) -> list[Frame]:
    """One closed loop: begins with a keyframe, a keyframe a second."""
    encoder, options = ENCODERS[codec]
    context: Any = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.framerate, context.time_base = Fraction(FRAMES_PER_S), Fraction(1, FRAMES_PER_S)
    context.gop_size, context.max_b_frames, context.thread_count = KEYFRAME_FRAMES, 0, 1
    context.bit_rate = 600_000 if codec is Codec.VP8 else 0
    context.options = options | {"keyint_min": str(KEYFRAME_FRAMES), "sc_threshold": "0"}
    frame_type: Any = av.VideoFrame
    packets = []
    for index, picture in enumerate(frames):
        frame = frame_type.from_image(picture)
        frame.pts, frame.time_base = index, context.time_base
        packets += context.encode(frame)
    packets += context.encode(None)
    return [Frame(bool(packet.is_keyframe), bytes(packet)) for packet in packets if packet.size]


def _still(place: Sequence[str], shows: Sequence[str]) -> Image.Image:
    """Everything that does not move. Text stands a little above the middle, the line below it."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    draw = ImageDraw.Draw(picture)
    lines, font = _fitted(place, "  ", SERIF, PLACE_PX)
    top = LINE_Y - 144.0 - len(lines) * PLACE_PX[0] * 1.24
    for line in lines:
        draw.text((MARGIN, top), line, font=font, fill=INK)
        top += PLACE_PX[0] * 1.24
    lines, font = _fitted([each for each in shows if each not in place], "  ·  ", SANS, SHOWS_PX)
    for line in lines:
        draw.text((MARGIN, top + 22), line, font=font, fill=MUTED)
        top += SHOWS_PX[0] * 1.4
    draw.line((MARGIN, LINE_Y, WIDTH - MARGIN, LINE_Y), fill=LINE, width=2)
    for x in (MARGIN, WIDTH - MARGIN):
        picture.paste(MUTED, (x - 8, LINE_Y - 8), _disc(16, 12))
    return picture


def _moved(picture: Image.Image, phase: float) -> Image.Image:
    """A seal that breathes, and a light on its way between two cities and back; `phase` 0 to 1."""
    breath = 0.5 - 0.5 * math.cos(2 * math.pi * phase)
    seal = (MARGIN, 112, MARGIN + 40, 152)
    ImageDraw.Draw(picture).rectangle(seal, fill=_mixed(GROUND, SEAL, 0.45 + 0.55 * breath))
    x = MARGIN + breath * (WIDTH - 2 * MARGIN)
    picture.paste(INK, (round(x) - 24, LINE_Y - 24), _disc(48, 14).filter(ImageFilter.GaussianBlur(4)))
    return picture


def _disc(size: int, diameter: int) -> Image.Image:
    """A mask of `size` px with a smooth disc in its middle."""
    fine = Image.new("L", (size * 4, size * 4), 0)
    near, far = (size - diameter) * 2, (size + diameter) * 2
    ImageDraw.Draw(fine).ellipse((near, near, far, far), fill=255)
    return fine.resize((size, size), Image.Resampling.LANCZOS)


def _mixed(dark: tuple[int, int, int], bright: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(low + (high - low) * share) for low, high in zip(dark, bright, strict=True))
    return red, green, blue


def _fitted(writings: Sequence[str], pause: str, faces: tuple[str, ...], px: tuple[int, int]) -> tuple[list[str], Font]:
    """At most two lines that fit the width, as large as it goes: all writings that are drawn, else the first ones."""
    face = _face(faces, "".join(writings))
    drawn = [" ".join(text.split())[:LETTERS_MAX] for text in writings if _draws(_font(face, SMALLEST_PX), text)]
    largest, least = px
    for count in range(len(drawn), 0, -1):
        for size in range(largest, least - 1 if count > 1 else SMALLEST_PX - 1, -STEP_PX):
            font = _font(face, size)
            lines = _lines(drawn[:count], pause, font)
            if len(lines) <= 2:
                return lines, font
    font = _font(face, SMALLEST_PX)
    return _lines(drawn[:1], pause, font)[:2], font


def _lines(writings: Sequence[str], pause: str, font: Font) -> list[str]:
    """Side by side as far as they go; one is broken only where a whole line is too short for it."""
    lines: list[str] = []
    for writing in writings:
        if lines and font.getlength(beside := lines[-1] + pause + writing) <= WIDTH - 2 * MARGIN:
            lines[-1] = beside
        else:
            lines += _broken(writing, font)
    return lines


def _broken(text: str, font: Font) -> list[str]:
    """Lines within the margins, broken at spaces, or between Han letters."""
    width = WIDTH - 2 * MARGIN
    lines = [""]
    for word in _words(text):
        if lines[-1] and font.getlength(lines[-1] + word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return [line.strip() for line in lines]


def _words(text: str) -> Iterator[str]:
    word = ""
    for letter in text:
        word += letter
        if letter == " " or ord(letter) >= 0x2E80:
            yield word
            word = ""
    if word:
        yield word


def _face(faces: tuple[str, ...], text: str) -> str | None:
    """The file of the first of `faces` here that draws all of `text`, else of the first one; None: there is none."""
    here = _files(faces)
    return next((file for file in here if _draws(_font(file, SMALLEST_PX), text)), here[0] if here else None)


def _font(file: str | None, size_px: int) -> Font:
    """Without a file Pillow's own."""
    if file is None:
        return ImageFont.load_default(size_px)
    return ImageFont.truetype(file, size_px, index=2 if "NotoSerifCJK" in file or "NotoSansCJK" in file else 0)


def _draws(font: Font, text: str) -> bool:
    """Whether the font has all letters of `text`: those it has not look like the one that nobody has."""
    return not any(_glyph(font, letter) == _glyph(font, NO_LETTER) for letter in set(text) if not letter.isspace())


def _glyph(font: Font, letter: str) -> bytes:
    picture = Image.new("L", (SMALLEST_PX * 2, SMALLEST_PX * 2))
    ImageDraw.Draw(picture).text((0, 0), letter, font=font, fill=255)
    return picture.tobytes()


@functools.cache
def _files(faces: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `faces` that this system has and can read."""
    folders = [Path(os.path.expanduser(folder)) for folder in (*FOLDERS, *FOLDERS_ELSEWHERE)]
    found = {path.name: str(path) for folder in folders if folder.is_dir() for path in folder.rglob("*.[to]t[fc]")}
    return tuple(found[face] for face in faces if face in found and _is_readable(found[face]))


def _is_readable(file: str) -> bool:
    try:
        _font(file, SMALLEST_PX)
    except OSError:
        return False
    return True


def main() -> None:
    os.nice(NICE)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    loop = encode(order.codec, pictures(order.place, order.shows))
    target = Path(sys.argv[1])
    draft = target.with_suffix(f".{os.getpid()}")
    draft.write_bytes(msgspec.msgpack.encode(loop))
    draft.replace(target)


if __name__ == "__main__":
    main()
