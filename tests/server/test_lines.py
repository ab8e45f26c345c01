"""What the relay measured, for Prometheus and for the organiser."""

from __future__ import annotations

import msgspec
from prometheus_client import CollectorRegistry, generate_latest

from media.model import AudienceName, Purpose, SessionId, SessionPhase, SessionSpec, SessionState, SlotId, SlotState
from media.model import SourceName as Source
from rooms.kernel import ConferenceId, SourceId, VenueId
from server.lines import SHOWN_MOST, Measured, MediaFigures, lines_view, of_venue
from tests.server.relay_fake import publication

CONFERENCE = ConferenceId("jiangsu-2022")
CAMERA = Source("jiangsu-2022:changzhou/camera-1")
WELL = SlotState(CAMERA, 1_500_000, "", "h", 720, 9_000, 12, 0.0, 3.0)
LOSSY = SlotState(CAMERA, 400_000, "", "m", 360, 5_000, 80, 0.05, 9.0)
NARROW = SlotState(None, 0, "line-too-narrow")
SOUND = SlotState(CAMERA, 32_000, "", "", 0, 500)


def viewer(number: int, picture: SlotState, estimate_bps: int | None = None) -> SessionState:
    spec = SessionSpec(
        SessionId(f"{number:08x}" + "0" * 24), Purpose.PLAY, "", audience=AudienceName("jiangsu-2022.stage:attendee")
    )
    slots = {SlotId("v0"): picture, SlotId("a0"): SOUND}
    return SessionState(spec, SessionPhase.CONNECTED, round_trip_ms=20.0, estimate_bps=estimate_bps, slots=slots)


def test_each_publication_and_each_subscription_has_its_figures() -> None:
    registry = CollectorRegistry()
    camera = msgspec.structs.replace(publication(CAMERA, "e" * 32), estimate_bps=2_500_000)
    registry.register(MediaFigures(lambda: Measured((camera,), (viewer(7, LOSSY, 600_000),), {"forged": 3})))
    text = generate_latest(registry).decode()
    for line in (
        'twinhall_relay_dropped_total{reason="forged"} 3.0',
        'twinhall_publication_repaired_total{kind="video",source="jiangsu-2022:changzhou/camera-1"} 7.0',
        'twinhall_publication_lost_share{kind="video",source="jiangsu-2022:changzhou/camera-1"} 0.03',
        'twinhall_publication_lost_total{kind="video",source="jiangsu-2022:changzhou/camera-1"} 10.0',
        'twinhall_publication_bitrate_bps{kind="video",rid="",source="jiangsu-2022:changzhou/camera-1"} 2e+06',
        'twinhall_publication_rtt_ms{source="jiangsu-2022:changzhou/camera-1"} 80.0',
        'twinhall_publication_estimate_bps{source="jiangsu-2022:changzhou/camera-1"} 2.5e+06',
        'twinhall_subscription_estimate_bps{audience="jiangsu-2022.stage:attendee",session="00000007"} 600000.0',
        'twinhall_subscription_rtt_ms{audience="jiangsu-2022.stage:attendee",session="00000007"} 20.0',
    ):
        assert line in text
    labels = '{audience="jiangsu-2022.stage:attendee",session="00000007",slot="v0"}'
    for name, value in (
        ("packets_total", "5000.0"),
        ("repaired_total", "80.0"),
        ("lost_share", "0.05"),
        ("jitter_ms", "9.0"),
        ("height_px", "360.0"),
    ):
        assert f"twinhall_subscription_{name}{labels} {value}" in text


def test_series_end_with_their_session() -> None:
    registry, measured = CollectorRegistry(), [Measured((), (viewer(1, WELL),))]
    registry.register(MediaFigures(lambda: measured[0]))
    assert b"00000001" in generate_latest(registry)
    measured[0] = Measured()
    assert b"00000001" not in generate_latest(registry)


def test_the_organiser_sees_the_worst_lines_first() -> None:
    told = lines_view(CONFERENCE, Measured((), (viewer(1, WELL), viewer(2, LOSSY, 600_000), viewer(3, NARROW, 90_000))))
    subscriptions = told["subscriptions"]
    assert list(subscriptions) == ["00000003/v0", "00000002/v0", "00000001/v0"]
    assert subscriptions["00000003/v0"]["reason"] == "line-too-narrow"
    assert subscriptions["00000002/v0"] == {
        "audience": "stage:attendee",
        "showing": "changzhou/camera-1",
        "height": 360,
        "bitrate_bps": 400_000,
        "packets": 5_000,
        "lost_share": 0.05,
        "jitter_ms": 9.0,
        "repaired": 80,
        "round_trip_ms": 20.0,
        "estimate_bps": 600_000,
    }
    assert "estimate_bps" not in subscriptions["00000001/v0"]


def test_many_viewers_are_counted_and_not_all_shown() -> None:
    told = lines_view(CONFERENCE, Measured((), tuple(viewer(number, WELL) for number in range(SHOWN_MOST + 5))))
    assert (len(told["subscriptions"]), told["more"]) == (SHOWN_MOST, 5)


def test_another_conference_is_nobody_elses_business() -> None:
    measured = Measured((publication(CAMERA, "e" * 32),), (viewer(1, WELL),))
    assert lines_view(ConferenceId("other"), measured) == {"publications": {}, "subscriptions": {}, "more": 0}


def test_a_publication_says_what_it_sends() -> None:
    (camera,) = lines_view(CONFERENCE, Measured((publication(CAMERA, "e" * 32),)))["publications"].values()
    assert "estimate_bps" not in camera, "a browser reckons that itself"
    assert camera == {
        "bitrate_bps": 2_096_000,
        "packets": 1_040,
        "lost_share": 0.03,
        "jitter_ms": 4.0,
        "heights": [720],
        "repaired": 7,
        "round_trip_ms": 80.0,
    }


def test_a_venue_has_its_own_sources_and_those_who_watch_there() -> None:
    def at(number: int, audience: str) -> SessionState:
        seen = viewer(number, WELL)
        return msgspec.structs.replace(seen, spec=msgspec.structs.replace(seen.spec, audience=AudienceName(audience)))

    theirs = Source("jiangsu-2022:frankfurt/camera-1")
    watching = at(1, "jiangsu-2022.stage:wall:changzhou"), at(2, "jiangsu-2022.stage:wall:frankfurt"), viewer(3, WELL)
    measured = Measured((publication(CAMERA, "e" * 32), publication(theirs, "e" * 32)), watching)
    own = of_venue(measured, VenueId("changzhou"), {SourceId("changzhou/camera-1")})
    told = lines_view(CONFERENCE, own)
    assert list(told["publications"]) == ["changzhou/camera-1"]
    assert [row["audience"] for row in told["subscriptions"].values()] == ["stage:wall:changzhou"]
