"""Draws and encodes a slate's loop: `python -m media.slate_render FILE` with a JSON spec on stdin.

A process of its own at a lower priority, so that neither the relay's event loop nor its
packets wait for an encoder.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
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
TITLE_PX: Final = 84
SUBTITLE_PX: Final = 34
SERIF: Final = ("NotoSerifCJK-Regular.ttc", "Songti.ttc", "NotoSerif-Regular.ttf", "Georgia.ttf", "DejaVuSerif.ttf")
SANS: Final = ("NotoSansCJK-Regular.ttc", "PingFang.ttc", "NotoSans-Regular.ttf", "Helvetica.ttc", "DejaVuSans.ttf")
"""Best first: one face for Han and Latin letters, so that both stand on one line well."""
FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
FOLDERS_ELSEWHERE: Final = ("/System/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts")
ENCODERS: Final[dict[Codec, tuple[str, dict[str, str]]]] = {
    Codec.VP8: ("libvpx", {"deadline": "realtime", "cpu-used": "8", "crf": "4", "qmax": "16", "lag-in-frames": "0"}),
    Codec.VP9: ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "24", "lag-in-frames": "0"}),
    Codec.H264: ("libx264", {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline", "crf": "22"}),
    Codec.AV1: ("libsvtav1", {"preset": "12", "crf": "30", "svtav1-params": "pred-struct=1:lookahead=0:scd=0"}),
}
"""Quick rather than small, but fine enough that the dark ground has no blotches."""
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Order(msgspec.Struct, frozen=True):
    """What to render."""

    title: str
    subtitle: str
    codec: Codec


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """One encoded frame of a loop."""

    keyframe: bool
    data: bytes


def pictures(title: str, subtitle: str) -> Iterator[Image.Image]:
    """The loop's frames; the one after the last would equal the first."""
    still = _still(title, subtitle)
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


def _still(title: str, subtitle: str) -> Image.Image:
    """Everything that does not move. Text stands a little above the middle, the line below it."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    draw = ImageDraw.Draw(picture)
    lines, font = _fitted(title, SERIF, TITLE_PX)
    top = LINE_Y - 180.0 - len(lines) * TITLE_PX * 1.24
    for line in lines:
        draw.text((MARGIN, top), line, font=font, fill=INK)
        top += TITLE_PX * 1.24
    small_lines, small = _fitted(subtitle, SANS, SUBTITLE_PX)
    for line in small_lines:
        draw.text((MARGIN, top + 22), line, font=small, fill=MUTED)
        top += SUBTITLE_PX * 1.4
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


def _fitted(text: str, faces: tuple[str, ...], size_px: int) -> tuple[list[str], Font]:
    """At most two lines that fit the width, at `size_px` or as much smaller as it takes."""
    text = " ".join(text.split())[:160]
    for size in range(size_px, 15, -4):
        font = _font(faces, size)
        lines = _broken(text, font)
        if len(lines) <= 2:
            return lines, font
    return _broken(text, font)[:2], font


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


def _font(faces: tuple[str, ...], size_px: int) -> Font:
    """The first of `faces` that this system has; else Pillow's own."""
    for path in _font_files(faces):
        try:
            return ImageFont.truetype(path, size_px, index=2 if "CJK" in path else 0)
        except OSError:
            continue
    return ImageFont.load_default(size_px)


def _font_files(faces: tuple[str, ...]) -> list[str]:
    folders = [Path(folder).expanduser() for folder in (*FOLDERS, *FOLDERS_ELSEWHERE)]
    found = {path.name: str(path) for folder in folders if folder.is_dir() for path in folder.rglob("*.tt[fc]")}
    return [found[face] for face in faces if face in found]


def main() -> None:
    os.nice(NICE)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    loop = encode(order.codec, pictures(order.title, order.subtitle))
    target = Path(sys.argv[1])
    draft = target.with_suffix(f".{os.getpid()}")
    draft.write_bytes(msgspec.msgpack.encode(loop))
    draft.replace(target)


if __name__ == "__main__":
    main()
