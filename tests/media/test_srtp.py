"""SRTP against the RFCs' own numbers, and what forgers and repeaters get."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from media.plane import SrtpProfile
from media.srtp import (
    WINDOW,
    CounterSeal,
    Forged,
    GcmSeal,
    Replayed,
    SrtcpSender,
    SrtpReceiver,
    Window,
    derive,
    seal_for,
)

MASTER_KEY = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
MASTER_SALT = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
HEADER = bytes.fromhex("8040f17b8041f8d35501a0b2")
TEXT = b"Gallia est omnis divisa in partes tres"


def test_session_keys_are_those_of_rfc_3711_appendix_b3() -> None:
    assert derive(MASTER_KEY, MASTER_SALT, 0, 16).hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert derive(MASTER_KEY, MASTER_SALT, 2, 14).hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert derive(MASTER_KEY, MASTER_SALT, 1, 20).hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"


def test_a_gcm_packet_is_that_of_rfc_7714_section_16_1_1() -> None:
    seal = GcmSeal(bytes(28))
    seal._rtp = AESGCM(bytes(range(16)))
    seal._salt = int.from_bytes(b"Quid pro quo")
    sealed = seal.seal(0x5501A0B2, 0xF17B, HEADER, TEXT)
    assert sealed.hex() == (
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce"
    )
    assert seal.open(0x5501A0B2, 0xF17B, sealed, 12) == TEXT


@pytest.mark.parametrize("kind", [GcmSeal, CounterSeal])
def test_libsrtp_opens_what_we_seal_and_we_open_what_it_seals(kind: type[GcmSeal] | type[CounterSeal]) -> None:
    gcm = kind is GcmSeal
    master = bytes(range(28 if gcm else 30))
    profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM if gcm else Policy.SRTP_PROFILE_AES128_CM_SHA1_80
    inbound = Session(Policy(key=master, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
    outbound = Session(Policy(key=master, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    seal = kind(master)
    receiver = SrtpReceiver(kind(master))
    for index in range(65530, 65545):  # over the wrap, the rollover counter counts
        header = bytes.fromhex("8060") + (index & 0xFFFF).to_bytes(2) + HEADER[4:]
        assert inbound.unprotect(seal.seal(0x5501A0B2, index, header, TEXT)) == header + TEXT
        sealed = outbound.protect(header + TEXT)
        assert receiver.open(sealed, 0x5501A0B2, index & 0xFFFF, 12) == (index, TEXT)
    report = bytes.fromhex("81c8000b") + HEADER[8:] + TEXT + b"!!"
    assert inbound.unprotect_rtcp(SrtcpSender(kind(master)).protect(report)) == report
    assert receiver.open_control(outbound.protect_rtcp(report)) == report


@pytest.fixture(params=list(SrtpProfile))
def profile(request: pytest.FixtureRequest) -> SrtpProfile:
    chosen: SrtpProfile = request.param
    return chosen


def _master(profile: SrtpProfile) -> bytes:
    return bytes(range(28 if profile is SrtpProfile.AEAD_AES_128_GCM else 30))


def test_a_packet_is_taken_once(profile: SrtpProfile) -> None:
    receiver = SrtpReceiver(seal_for(profile, _master(profile)))
    packet = seal_for(profile, _master(profile)).seal(7, 0xF17B, HEADER, TEXT)
    receiver.open(packet, 7, 0xF17B, 12)
    with pytest.raises(Replayed):
        receiver.open(packet, 7, 0xF17B, 12)


def test_a_report_is_taken_once(profile: SrtpProfile) -> None:
    receiver = SrtpReceiver(seal_for(profile, _master(profile)))
    report = SrtcpSender(seal_for(profile, _master(profile))).protect(b"\x80\xc9\0\1" + b"peer")
    receiver.open_control(report)
    with pytest.raises(Replayed):
        receiver.open_control(report)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 59), bit=st.integers(0, 7), profile=st.sampled_from(list(SrtpProfile)))
def test_a_packet_with_any_bit_changed_is_forged(place: int, bit: int, profile: SrtpProfile) -> None:
    packet = bytearray(seal_for(profile, _master(profile)).seal(7, 5, HEADER, TEXT))
    packet[min(place, len(packet) - 1)] ^= 1 << bit
    with pytest.raises(Forged):
        seal_for(profile, _master(profile)).open(7, 5, bytes(packet), 12)


def test_a_forged_packet_moves_no_window(profile: SrtpProfile) -> None:
    receiver = SrtpReceiver(seal_for(profile, _master(profile)))
    with pytest.raises(Forged):
        receiver.open(HEADER + bytes(60), 7, 40000, 12)
    packet = seal_for(profile, _master(profile)).seal(7, 3, HEADER, TEXT)
    assert receiver.open(packet, 7, 3, 12) == (3, TEXT)


def test_keys_of_another_profile_are_refused() -> None:
    with pytest.raises(ValueError, match="28 are needed"):
        seal_for(SrtpProfile.AEAD_AES_128_GCM, bytes(30))


@given(st.lists(st.integers(-300, 300), max_size=200))
def test_the_window_follows_any_walk_of_sequence_numbers(walk: list[int]) -> None:
    window, index, seen = Window(), 70_000, set()
    window.take(index)
    seen.add(index)
    for step in walk:
        index = max(index + step, window.highest - WINDOW + 1, 65536)
        assert window.index_of(index & 0xFFFF) == index
        if index in seen:
            with pytest.raises(Replayed):
                window.check(index)
        else:
            window.check(index)
            window.take(index)
            seen.add(index)
