"""Offers of real clients, captured on the wire, and everything that may be wrong with an offer."""

import contextlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.answer import Endpoint
from media.model import AudienceName, Codec, Kind, PublicationId, Purpose, SessionId, SessionSpec, SourceName
from media.negotiation import Negotiated, Refusal, negotiate
from media.sdp import SDP_MAX

OFFERS = {path.stem: path.read_bytes().decode() for path in sorted((Path(__file__).parent / "offers").glob("*.sdp"))}
PUBLISH = [name for name in OFFERS if "-publish" in name]
PLAY = [name for name in OFFERS if "-play" in name]
HERE = Endpoint(("198.51.100.7", "2001:db8::7"), 8443, "AA:BB:CC", tcp=True)


def random_bytes():
    """Different every time, the same in every run."""
    count = itertools.count(1)
    return lambda size: (next(count) * 0x9E3779B97F4A7C15).to_bytes(32)[-size:]


def answered(offer: str, purpose: Purpose, **spec) -> Negotiated:
    publishing = purpose is Purpose.PUBLISH
    asked = SessionSpec(
        SessionId("0" * 32),
        purpose,
        owner="",
        offer=offer,
        source=SourceName("c:hall/camera-1") if publishing else None,
        audience=None if publishing else AudienceName("c.stage:attendee"),
        **spec,
    )
    return negotiate(asked, PublicationId("1" * 32) if publishing else None, HERE, random_bytes())


def published(name: str, **spec) -> Negotiated:
    return answered(OFFERS[name], Purpose.PUBLISH, **spec)


def played(name: str, **spec) -> Negotiated:
    return answered(OFFERS[name], Purpose.PLAY, **spec)


def refusal(offer: str, purpose: Purpose = Purpose.PUBLISH, **spec) -> Refusal:
    with pytest.raises(Refusal) as caught:
        answered(offer, purpose, **spec)
    return caught.value


def sections(answer: str) -> list[list[str]]:
    """The lines of each m-line's section."""
    return [("m=" + part).splitlines() for part in answer.split("m=")[1:]]


@pytest.mark.parametrize("name", PUBLISH)
def test_every_publisher_gets_one_picture_and_one_sound(name):
    session = published(name).session
    assert sorted(track.kind for track in session.inbound) == [Kind.AUDIO, Kind.VIDEO]
    assert session.outbound == ()


@pytest.mark.parametrize("name", PLAY)
def test_every_player_gets_a_slot_per_line(name):
    session = played(name).session
    lines = OFFERS[name].count("\nm=")
    assert {slot.slot for slot in session.outbound} == {f"{kind}{n}" for kind in "va" for n in range(lines // 2)}
    assert session.inbound == ()


@pytest.mark.parametrize("name", OFFERS)
def test_every_answer_is_bundled_lite_and_names_our_addresses_once(name):
    purpose = Purpose.PUBLISH if name in PUBLISH else Purpose.PLAY
    answer = answered(OFFERS[name], purpose).answer
    lines = answer.splitlines()
    assert lines[:2] == ["v=0", "o=- 1 1 IN IP4 0.0.0.0"]
    assert "a=ice-lite" in lines
    assert [line for line in lines if line.startswith("a=candidate")] == [
        "a=candidate:1 1 udp 2130706431 198.51.100.7 8443 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::7 8443 typ host",
        "a=candidate:3 1 tcp 1520435199 198.51.100.7 8443 typ host tcptype passive",
        "a=candidate:4 1 tcp 1520434943 2001:db8::7 8443 typ host tcptype passive",
    ]
    assert lines.count("a=end-of-candidates") == 1
    assert all("a=rtcp-mux" in section for section in sections(answer))
    assert len(answer) < SDP_MAX


@pytest.mark.parametrize("name", OFFERS)
def test_lines_stand_in_the_order_of_the_offer(name):
    purpose = Purpose.PUBLISH if name in PUBLISH else Purpose.PLAY
    kinds = [
        [line.split(" ")[0] for line in text.splitlines() if line.startswith("m=")]
        for text in (OFFERS[name], answered(OFFERS[name], purpose).answer)
    ]
    assert kinds[0] == kinds[1]


def test_ffmpeg_offers_passive_and_gets_active():
    negotiated = published("ffmpeg-publish")
    assert negotiated.role == "client"
    assert negotiated.answer.count("a=setup:active") == 2


def test_browsers_offer_actpass_and_get_passive():
    negotiated = published("chromium-publish")
    assert negotiated.role == "server"
    assert negotiated.answer.count("a=setup:passive") == 2


def test_simulcast_is_answered_or_browsers_would_send_one_layer():
    negotiated = published("chromium-publish")
    assert "a=rid:f recv\r\na=rid:h recv\r\na=rid:q recv\r\na=simulcast:recv f;h;q" in negotiated.answer
    assert next(track.rids for track in negotiated.session.inbound if track.kind is Kind.VIDEO) == ("f", "h", "q")


def test_hall_sound_is_stereo_and_full():
    answer = published("chromium-publish").answer
    opus = next(line for line in answer.splitlines() if line.startswith("a=fmtp:111 "))
    assert {"stereo=1", "sprop-stereo=1", "maxaveragebitrate=128000", "useinbandfec=1", "usedtx=0"} <= set(
        opus.removeprefix("a=fmtp:111 ").split(";")
    )


def test_a_publisher_gets_the_first_codec_of_the_conference_and_its_repair():
    video = next(track for track in published("chromium-publish").session.inbound if track.kind is Kind.VIDEO)
    assert [(payload.codec, payload.apt) for payload in video.payloads] == [(Codec.VP8, None), (Codec.VP8, 96)]
    video = next(
        track
        for track in published("chromium-publish", codecs=(Codec.H264, Codec.VP8, Codec.OPUS)).session.inbound
        if track.kind is Kind.VIDEO
    )
    assert [payload.number for payload in video.payloads] == [108, 109]
    assert "profile-level-id=42e01f" in video.payloads[0].fmtp


def test_a_player_keeps_every_codec_in_common():
    slot = next(slot for slot in played("chromium-player").session.outbound if slot.kind is Kind.VIDEO)
    codecs = [payload.codec for payload in slot.payloads if payload.apt is None]
    assert list(dict.fromkeys(codecs)) == [Codec.VP8, Codec.H264, Codec.VP9, Codec.AV1]
    assert all(
        "packetization-mode=1" in payload.fmtp
        for payload in slot.payloads
        if payload.codec == "H264" and not payload.apt
    )
    assert slot.rtx_ssrc is not None


def test_red_rides_behind_opus_where_the_conference_wants_it():
    slot = next(
        slot
        for slot in played("chromium-player", codecs=(Codec.RED, Codec.OPUS, Codec.VP8)).session.outbound
        if slot.kind is Kind.AUDIO
    )
    assert [(payload.codec, payload.fmtp) for payload in slot.payloads][1] == (Codec.RED, "111/111")
    assert slot.payloads[0].codec is Codec.OPUS


def test_picture_and_sound_of_a_slot_share_a_stream():
    answer = played("chromium-play").answer
    assert [line for line in answer.splitlines() if line.startswith("a=msid:slot-1")] == [
        "a=msid:slot-1 v1",
        "a=msid:slot-1 a1",
    ]


def test_streams_never_share_an_ssrc():
    slots = played("chromium-play").session.outbound
    ssrcs = [ssrc for slot in slots for ssrc in (slot.ssrc, slot.rtx_ssrc) if ssrc]
    assert len(set(ssrcs)) == len(ssrcs)
    assert all(f"a=ssrc-group:FID {slot.ssrc} {slot.rtx_ssrc}" in played("chromium-play").answer for slot in slots[::2])


def test_announced_ssrcs_and_repairs_reach_the_plane():
    video = next(track for track in published("chromium-publish-plain").session.inbound if track.kind is Kind.VIDEO)
    assert len(video.ssrcs) == 1
    assert list(video.repairs.values()) == list(video.ssrcs)


def test_extensions_keep_the_offered_ids():
    audio, video = sorted(published("chromium-publish").session.inbound, key=lambda track: track.kind)
    assert (video.extensions.mid, video.extensions.rid, video.extensions.repaired_rid) == (4, 10, 11)
    assert (audio.extensions.audio_level, audio.extensions.transport_cc, video.extensions.abs_send_time) == (1, 3, 2)


def test_chromium_starts_at_full_rate_and_others_hear_nothing_of_it():
    assert "x-google-start-bitrate=2500" in published("chromium-publish").answer
    assert not any("x-google" in published(name).answer for name in PUBLISH if "chromium" not in name)


def test_gstreamers_bundle_only_lines_with_port_0_are_no_rejected_ones():
    answer = published("gstreamer-publish").answer
    assert "m=audio 8443" in answer
    assert "OPUS/48000/2" in answer


def test_a_picture_nobody_can_decode_keeps_its_sound_and_says_why():
    negotiated = played("libdatachannel-player", codecs=(Codec.VP8, Codec.OPUS))
    assert [slot.slot for slot in negotiated.session.outbound] == ["a0"]
    assert negotiated.deaf == {"v0": "no codec in common; served are VP8"}
    assert "m=video 0 UDP/TLS/RTP/SAVPF 96" in negotiated.answer


def test_a_publisher_whose_picture_can_not_be_served_is_told_what_is():
    refused = refusal(OFFERS["ffmpeg-publish"], codecs=(Codec.VP8, Codec.AV1, Codec.OPUS))
    assert (refused.code, refused.reason) == (
        "codec-unsupported",
        "no codec in common on a line; served are video VP8, AV1; audio opus",
    )


def test_data_channels_are_rejected_and_the_rest_goes_on():
    offer = OFFERS["firefox-publish"] + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:9\r\n"
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel" in answered(offer, Purpose.PUBLISH).answer


def test_a_rejected_line_keeps_its_slot_number():
    first, video, audio = OFFERS["chromium-player"].partition("m=video")[0], *OFFERS["chromium-player"].split("m=")[1:]
    both = first.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + "m=" + video.replace("recvonly", "inactive")
    offer = both + "m=" + video.replace("a=mid:0", "a=mid:2") + "m=" + audio
    assert [slot.slot for slot in answered(offer, Purpose.PLAY).session.outbound] == ["v1", "a0"]


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        ("", "sdp-unreadable"),
        ("hello", "sdp-unreadable"),
        ("v=0\r\n", "no-media"),
        ("v=0\r\nnonsense\r\n", "sdp-unreadable"),
        ("v=0\r\nm=video\r\n", "sdp-unreadable"),
        ("v=0\r\n" + "a=x\r\n" * SDP_MAX, "sdp-too-large"),
        ("v=0\r\n" + "a=x\n" * 5000, "sdp-too-large"),
        ("v=0\r\n" + "m=audio 9 RTP/SAVPF 0\n" * 33, "sdp-too-large"),
        ("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" + "a=x\n" * 1500, "sdp-too-large"),
        (OFFERS["chromium-publish"].replace("a=ice-pwd", "a=x"), "sdp-unreadable"),
        (OFFERS["chromium-publish"].replace("sha-256", "sha-1"), "sdp-unreadable"),
        (OFFERS["chromium-publish"].replace("a=setup:actpass", "a=setup:holdconn"), "sdp-unreadable"),
        (OFFERS["chromium-publish"].replace("a=mid:1", "a=mid:0"), "sdp-unreadable"),
        (OFFERS["chromium-publish"].replace("a=ssrc:", "a=ssrc:9"), "sdp-unreadable"),
        (OFFERS["chromium-publish"].replace("a=rtcp-mux", "a=x"), "no-media"),
        (OFFERS["chromium-player"], "no-media"),
    ],
)
def test_offers_that_are_not_served_say_why(offer, code):
    refused = refusal(offer)
    assert refused.code == code
    assert refused.reason


def test_lines_without_a_bundle_are_served_when_they_have_one_transport():
    apart = OFFERS["chromium-publish"].replace("a=group", "a=x")
    assert len(answered(apart, Purpose.PUBLISH).session.inbound) == 2
    assert "BUNDLE" in refusal(apart.replace("a=ice-ufrag:", "a=ice-ufrag:other", 1)).reason


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_mutated_offer_does_more_than_be_refused(data):
    offer = OFFERS[data.draw(st.sampled_from(sorted(OFFERS)))]
    lines = offer.splitlines()
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "move", "cut", "text", "number"])):
            case "drop":
                del lines[place]
                lines = lines or ["v=0"]
            case "double":
                lines.insert(place, lines[place])
            case "move":
                lines.insert(data.draw(st.integers(0, len(lines))), lines[place])
            case "cut":
                lines[place] = lines[place][: data.draw(st.integers(0, len(lines[place])))]
            case "text":
                lines[place] = lines[place][:2] + data.draw(st.text(max_size=40))
            case "number":
                lines[place] = lines[place].replace(
                    "9", data.draw(st.sampled_from(["-1", "4294967296", "٣", "9" * 30]))
                )
    with contextlib.suppress(Refusal):
        assert answered("\r\n".join(lines), data.draw(st.sampled_from(Purpose))).answer.isascii()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=2000))
def test_no_text_does_more_than_be_refused(text):
    with pytest.raises(Refusal):
        answered("v=0\r\n" + text, Purpose.PLAY)
