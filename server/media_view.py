"""The `media` object of a page's view: what each Source sends and what the slots show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from media.model import Kind, Layer, PublicationState, SlotId, SourceName, TrackState
from rooms.audience import Audience, Desk, Speaker
from rooms.kernel import ConferenceId, Json, SourceId
from server.slots import source_name

Publications = Mapping[SourceName, PublicationState]


def media_view(
    conference: ConferenceId,
    audience: Audience,
    sources: Iterable[SourceId],
    publications: Publications,
    showing: Mapping[SlotId, SourceName],
    *,
    connected: bool,
) -> dict[str, Json]:
    """Desks and speakers get figures, everyone else what a picture needs to be told from its slate."""
    full = isinstance(audience, Desk | Speaker)
    return {
        "relay": "ok" if connected else "lost",
        "sources": {
            source: _source(publications.get(source_name(conference, source)), full=full) for source in sources
        },
        "showing": showing_view(conference, showing),
    }


def showing_view(conference: ConferenceId, showing: Mapping[SlotId, SourceName]) -> dict[str, Json]:
    """Picture slot -> Source, or `slate/<source>`."""
    return {slot: name.removeprefix(f"{conference}:") for slot, name in showing.items() if slot.startswith("v")}


def life(publication: PublicationState | None) -> dict[str, Json]:
    """Whether a Source sends anything, whether its slate stands in for its picture, and by which codec."""
    if publication is None:
        return {"live": False, "slate": True}
    picture = _picture(publication)
    principal = picture or next(iter(publication.tracks), None)
    view: dict[str, Json] = {
        "live": any(track.live for track in publication.tracks),
        "slate": picture is None or not picture.live,
    }
    return {**view, "codec": principal.codec.value} if principal else view


def _source(publication: PublicationState | None, *, full: bool) -> dict[str, Json]:
    view = life(publication)
    if publication is None or not full:
        return view
    view |= _figures(publication)
    if picture := _picture(publication):
        view |= _layers(picture.layers)
    return view


def _picture(publication: PublicationState) -> TrackState | None:
    return next((track for track in publication.tracks if track.kind is Kind.VIDEO), None)


def _figures(publication: PublicationState) -> dict[str, Json]:
    tracks = publication.tracks
    view: dict[str, Json] = {
        "bitrate_bps": sum(layer.bitrate_bps for track in tracks for layer in track.layers),
        "lost_share": publication.lost_share,
        "jitter_ms": round(max((track.jitter_ms for track in tracks), default=0.0), 1),
    }
    if publication.session is not None:
        view["session"] = publication.session
    if publication.round_trip_ms is not None:
        view["round_trip_ms"] = round(publication.round_trip_ms, 1)
    if publication.age_ms is not None:
        view["age_ms"] = round(publication.age_ms, 1)
    return view


def _layers(layers: tuple[Layer, ...]) -> dict[str, Json]:
    """Every encoding, and the size of the largest."""
    if not layers:
        return {}
    largest = max(layers, key=lambda layer: layer.height)
    return {
        "width": largest.width,
        "height": largest.height,
        "layers": [
            {
                "rid": layer.rid,
                "width": layer.width,
                "height": layer.height,
                "bitrate_bps": layer.bitrate_bps,
                "frames_per_s": round(layer.frames_per_s, 1),
            }
            for layer in layers
        ],
    }
