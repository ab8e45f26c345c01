"""A frame number survives the picture it is drawn into."""

import av
import pytest

from scripts.rehearsal.encode import opus, vp8
from scripts.rehearsal.framecode import HEIGHT, WIDTH, Code, bits_of, code_of, read_plane
from scripts.rehearsal.picture import Picture
from scripts.rehearsal.tone import Ear


def test_a_drawn_code_is_read_back() -> None:
    for number in (0, 1, 4711, 65535):
        picture = Picture(source=3, frames_per_s=15).frame(number)
        assert read_plane(memoryview(picture)[: WIDTH * HEIGHT], WIDTH, WIDTH) == Code(3, number)


def test_a_single_wrong_bit_is_noticed() -> None:
    bits = bits_of(Code(5, 12345))
    for place in range(len(bits)):
        assert code_of([bit != (at == place) for at, bit in enumerate(bits)]) is None


def test_a_picture_without_a_code_has_none() -> None:
    assert read_plane(memoryview(bytes(range(256)) * (WIDTH * HEIGHT // 256)), WIDTH, WIDTH) is None
    assert read_plane(memoryview(bytes(WIDTH * HEIGHT)), WIDTH, WIDTH) is None


@pytest.mark.parametrize("width", [1280, 640, 320])
def test_codes_survive_the_encoder_at_every_layer(width: int) -> None:
    decoder = av.CodecContext.create("vp8", "r")
    packets = vp8(source=2, frames_per_s=15, seconds=1)
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet))]
    small = [frame.reformat(width=width, height=width * 9 // 16) for frame in frames]
    codes = [read_plane(memoryview(frame.planes[0]), frame.planes[0].line_size, width) for frame in small]
    assert codes == [Code(2, number) for number in range(15)]


def test_an_ear_tells_whose_beep_it_was() -> None:
    decoder = av.CodecContext.create("libopus", "r")
    ear = Ear(sources=3)
    for packet in opus(source=1, seconds=3):
        for frame in decoder.decode(av.Packet(packet)):
            s16 = av.AudioResampler(format="s16", layout="stereo").resample(frame)[0]
            ear.listen(bytes(s16.planes[0])[: s16.samples * 4])
    assert ear.beeps == [0, 3, 0]


def test_hall_sound_gives_opus_96_kbit_per_s_to_carry() -> None:
    assert sum(map(len, opus(source=0, seconds=2))) * 8 / 2 > 96_000
