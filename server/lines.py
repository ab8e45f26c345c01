"""What every publication and subscription measured in the last second, for /metrics and for desks. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from media.model import PublicationState, SessionState, SlotState
from rooms.kernel import ConferenceId, Json, SourceId, VenueId

SHOWN_MOST: Final = 24
"""subscriptions in a view: those in trouble first; /metrics has them all."""
_ID: Final = 8
"""hex digits of a session's id that tell it from others; the whole of it is half the key to it."""


class Measured(NamedTuple):
    """What the relay said last; `dropped` are the datagrams that it threw away, by reason, since it began."""

    publications: tuple[PublicationState, ...] = ()
    sessions: tuple[SessionState, ...] = ()
    dropped: Mapping[str, int] = MappingProxyType({})


class MediaFigures(Collector):
    """Reads `measured` at each scrape: a series ends with its session."""

    def __init__(self, measured: Callable[[], Measured]) -> None:
        self._measured = measured

    def collect(self) -> Iterator[Metric]:
        measured = self._measured()
        families: dict[str, Metric] = {}
        samples = itertools.chain(_of_relay(measured), _of_publications(measured), _of_subscriptions(measured))
        for name, words, labels, value in samples:
            kind = "counter" if name.endswith("_total") else "gauge"
            family = families.setdefault(name, Metric(name.removesuffix("_total"), words, kind))
            family.add_sample(name, labels, value)
        yield from families.values()


_Sample = tuple[str, str, dict[str, str], float]
_Row = tuple[str, Mapping[str, Json]]


def _of_relay(measured: Measured) -> Iterator[_Sample]:
    for reason, count in measured.dropped.items():
        yield "twinhall_relay_dropped_total", "Datagrams that the relay threw away.", {"reason": reason}, count


def _of_publications(measured: Measured) -> Iterator[_Sample]:
    for publication in measured.publications:
        source: dict[str, str] = {"source": publication.source}
        if publication.round_trip_ms is not None:
            yield "twinhall_publication_rtt_ms", "Round trip to the publisher.", source, publication.round_trip_ms
        if publication.estimate_bps is not None:
            words = "What the encoder was told that its line carries (REMB)."
            yield "twinhall_publication_estimate_bps", words, source, publication.estimate_bps
        for track in publication.tracks:
            of = {**source, "kind": track.kind.value}
            yield "twinhall_publication_packets_total", "RTP packets that came.", of, track.packets
            yield "twinhall_publication_lost_total", "RTP packets that never came.", of, track.lost
            words = "RTP packets that were lost and came again."
            yield "twinhall_publication_repaired_total", words, of, track.repaired
            yield "twinhall_publication_lost_share", "Lost of the last second, 0 to 1.", of, track.lost_share
            yield "twinhall_publication_jitter_ms", "Interarrival jitter.", of, track.jitter_ms
            for layer in track.layers:
                named = {**of, "rid": layer.rid}
                yield "twinhall_publication_bitrate_bps", "Payload of the last second.", named, layer.bitrate_bps
                yield "twinhall_publication_height_px", "Picture height.", named, layer.height


def _of_subscriptions(measured: Measured) -> Iterator[_Sample]:
    for session in measured.sessions:
        viewer: dict[str, str] = {"session": session.spec.id[:_ID], "audience": session.spec.audience or ""}
        if session.estimate_bps is not None:
            words = "What the viewer's line carries."
            yield "twinhall_subscription_estimate_bps", words, viewer, session.estimate_bps
        if session.slots and session.round_trip_ms is not None:
            yield "twinhall_subscription_rtt_ms", "Round trip to the viewer.", viewer, session.round_trip_ms
        for name, slot in session.slots.items():
            of = {**viewer, "slot": name}
            yield "twinhall_subscription_packets_total", "RTP packets sent.", of, slot.packets
            yield "twinhall_subscription_repaired_total", "RTP packets sent again.", of, slot.repaired
            yield "twinhall_subscription_bitrate_bps", "Payload of the last second.", of, slot.bitrate_bps
            yield "twinhall_subscription_lost_share", "Lost of the last report, 0 to 1.", of, slot.lost_share
            yield "twinhall_subscription_jitter_ms", "Interarrival jitter at the viewer.", of, slot.jitter_ms
            yield "twinhall_subscription_height_px", "Height of the layer sent.", of, slot.height


def of_venue(measured: Measured, venue: VenueId, sources: Collection[SourceId]) -> Measured:
    """Of what was measured, a venue's part: what its `sources` send, and what its screens and desks get."""
    return Measured(
        tuple(one for one in measured.publications if one.source.partition(":")[2] in sources),
        tuple(one for one in measured.sessions if (one.spec.audience or "").endswith(f":{venue}")),
    )


def lines_view(conference: ConferenceId, measured: Measured) -> dict[str, Json]:
    """The `lines` of a desk's view: publications by source, and of the subscriptions those that fare worst."""
    mine = [session for session in measured.sessions if (session.spec.audience or "").startswith(f"{conference}.")]
    subscriptions = sorted(_subscriptions(conference, mine), key=_trouble, reverse=True)
    return {
        "publications": {
            publication.source.removeprefix(f"{conference}:"): _publication(publication)
            for publication in measured.publications
            if publication.session and publication.source.startswith(f"{conference}:")
        },
        "subscriptions": dict(subscriptions[:SHOWN_MOST]),
        "more": max(0, len(subscriptions) - SHOWN_MOST),
    }


def _publication(publication: PublicationState) -> dict[str, Json]:
    tracks = publication.tracks
    row: dict[str, Json] = {
        "bitrate_bps": sum(layer.bitrate_bps for track in tracks for layer in track.layers),
        "packets": sum(track.packets for track in tracks),
        "lost_share": publication.lost_share,
        "jitter_ms": round(max((track.jitter_ms for track in tracks), default=0.0), 1),
        "heights": sorted({layer.height for track in tracks for layer in track.layers if layer.height}),
        "repaired": sum(track.repaired for track in tracks),
    }
    if publication.round_trip_ms is not None:
        row["round_trip_ms"] = round(publication.round_trip_ms, 1)
    return row if publication.estimate_bps is None else {**row, "estimate_bps": publication.estimate_bps}


def _subscriptions(conference: ConferenceId, sessions: Iterable[SessionState]) -> Iterator[_Row]:
    """A row per picture; a session of sound alone has one of its sound."""
    for session in sessions:
        audience = (session.spec.audience or "").removeprefix(f"{conference}.")
        pictures = {name: slot for name, slot in session.slots.items() if name.startswith("v")}
        for name, slot in (pictures or session.slots).items():
            if slot.showing is not None or slot.reason:
                row = _subscription(session, slot)
                showing = (slot.showing or "").removeprefix(f"{conference}:")
                yield f"{session.spec.id[:_ID]}/{name}", {"audience": audience, "showing": showing, **row}


def _subscription(session: SessionState, slot: SlotState) -> dict[str, Json]:
    row: dict[str, Json] = {
        "height": slot.height,
        "bitrate_bps": slot.bitrate_bps,
        "packets": slot.packets,
        "lost_share": slot.lost_share,
        "jitter_ms": slot.jitter_ms,
        "repaired": slot.repaired,
    }
    if slot.reason:
        row["reason"] = slot.reason
    if session.round_trip_ms is not None:
        row["round_trip_ms"] = session.round_trip_ms
    return row if session.estimate_bps is None else {**row, "estimate_bps": session.estimate_bps}


def _trouble(named: _Row) -> tuple[bool, float, float]:
    """No picture is worse than loss, loss worse than a small line."""
    row = named[1]
    loss, estimate = row["lost_share"], row.get("estimate_bps")
    assert isinstance(loss, float)
    return "reason" in row, loss, -estimate if isinstance(estimate, int) else float("-inf")
