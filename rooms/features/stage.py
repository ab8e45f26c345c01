"""The stage of a room: preview and program, takes, sound, delays, and the item of the programme that runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, assert_never

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from rooms.audience import Audience, Confidence, Desk, Speaker
from rooms.definition import Definition
from rooms.kernel import (
    FLOOR,
    Actor,
    Command,
    Event,
    Fact,
    ItemId,
    Json,
    Names,
    PersonId,
    Refused,
    Role,
    RoomId,
    Scope,
    Snapshot,
    SourceId,
)
from rooms.program import PLACES, Claim, Layout, Pick, SourceFacts, default_scene, fitting

DELAY_MAX_MS: Final = 500
"""ms; longer, and the receivers' lip sync gives up."""
PRIORITY: Final = 0
"""The stage is the ground; what other features claim goes above it."""

Sources = Annotated[tuple[SourceId, ...], Meta(max_length=32)]


class Preview(Command, frozen=True, tag="stage.preview"):
    """Prepare a scene: the director sees it, and those whose turn is next are told."""

    layout: Layout
    sources: Sources


class Take(Command, frozen=True, tag="stage.take"):
    """Put a scene on air."""

    layout: Layout
    sources: Sources


class SetSound(Command, frozen=True, tag="stage.sound"):
    """A source's gain, linear, 0 (off) to 1."""

    source: SourceId
    gain: float


class SetDelay(Command, frozen=True, tag="stage.delay"):
    """Hold a source's sound back against its picture, 0 to 500 ms."""

    source: SourceId
    delay_ms: int


class SetItem(Command, frozen=True, tag="stage.item"):
    """The item of the programme that runs now; none ends it."""

    item: ItemId | None


class ScenePreviewed(Event, frozen=True, tag="stage.previewed"):
    layout: Layout
    sources: tuple[SourceId, ...]


class SceneTaken(Event, frozen=True, tag="stage.taken"):
    layout: Layout
    sources: tuple[SourceId, ...]


class SoundSet(Event, frozen=True, tag="stage.sound_set"):
    source: SourceId
    gain: float


class DelaySet(Event, frozen=True, tag="stage.delay_set"):
    source: SourceId
    delay_ms: int


class ItemStarted(Event, frozen=True, tag="stage.item_started"):
    item: ItemId


class ItemEnded(Event, frozen=True, tag="stage.item_ended"):
    item: ItemId


StageCommand = Preview | Take | SetSound | SetDelay | SetItem
StageEvent = ScenePreviewed | SceneTaken | SoundSet | DelaySet | ItemStarted | ItemEnded


class Scene(msgspec.Struct, frozen=True):
    layout: Layout
    sources: tuple[SourceId, ...]


class Taken(msgspec.Struct, frozen=True):
    """When and by whom a scene went on air; `seq` is its entry in the journal."""

    scene: Scene
    seq: int
    at_ms: int
    by: PersonId


class Running(msgspec.Struct, frozen=True):
    item: ItemId
    started_ms: int


class _State(msgspec.Struct, frozen=True):
    taken: Taken | None = None
    preview: Scene | None = None
    gains: dict[SourceId, float] = {}
    delays: dict[SourceId, int] = {}
    running: Running | None = None


class Stage:
    """What is on air in one room and how it sounds."""

    name: ClassVar[str] = "stage"
    scope: ClassVar[Scope] = Scope.ROOM
    version: ClassVar[int] = 1
    admits: ClassVar[Mapping[type[Command], frozenset[Role]]] = {
        Preview: frozenset({Role.DIRECTOR}),
        Take: frozenset({Role.DIRECTOR}),
        SetSound: frozenset({Role.DIRECTOR}),
        SetDelay: frozenset({Role.DIRECTOR, Role.OPERATOR, Role.SPEAKER}),
        SetItem: frozenset({Role.DIRECTOR}),
    }
    events: ClassVar[tuple[type[Event], ...]] = (
        ScenePreviewed,
        SceneTaken,
        SoundSet,
        DelaySet,
        ItemStarted,
        ItemEnded,
    )
    urgent: ClassVar[tuple[type[Event], ...]] = events

    def __init__(self, definition: Definition, room: RoomId | None) -> None:
        assert room is not None, "a stage stands in a room"
        self._room = room
        self._sources = tuple(SourceFacts(source.id, source.venue) for source in definition.sources)
        self._items = frozenset(item.id for item in definition.items if definition.room_of(item) == room)
        self._state = _State()

    def decide(self, command: StageCommand, actor: Actor, now_ms: int) -> Sequence[StageEvent]:
        state = self._state
        match command:
            case Preview(layout, sources):
                scene = self._scene(layout, sources)
                return [] if state.preview == scene else [ScenePreviewed(layout, sources)]
            case Take(layout, sources):
                scene = self._scene(layout, sources)
                return [] if state.taken and state.taken.scene == scene else [SceneTaken(layout, sources)]
            case SetSound(source, gain):
                self._known(source)
                if not 0 <= gain <= 1:
                    raise Refused("gain-out-of-range")
                return [] if self._gain(source) == gain else [SoundSet(source, gain)]
            case SetDelay(source, delay_ms):
                self._check_delay(source, delay_ms, actor)
                return [] if self.delay_ms(source) == delay_ms else [DelaySet(source, delay_ms)]
            case SetItem(item):
                return self._item_events(item)
            case never:
                assert_never(never)

    def _scene(self, layout: Layout, sources: tuple[SourceId, ...]) -> Scene:
        if layout not in PLACES:
            raise Refused("layout-not-for-stage", layout=layout.value)
        least, most = PLACES[layout]
        if not least <= len(sources) <= most:
            raise Refused("layout-needs-sources", layout=layout.value, least=least, most=most)
        for source in sources:
            self._known(source)
        if len(set(sources)) < len(sources):
            raise Refused("source-twice")
        return Scene(layout, sources)

    def _known(self, source: SourceId) -> None:
        if all(source != known.id for known in self._sources):
            raise Refused("source-unknown", source=source[:80])

    def _check_delay(self, source: SourceId, delay_ms: int, actor: Actor) -> None:
        self._known(source)
        if actor.role != Role.DIRECTOR and actor.source != source:
            raise Refused("source-not-yours", source=source)
        if not 0 <= delay_ms <= DELAY_MAX_MS:
            raise Refused("delay-out-of-range", most_ms=DELAY_MAX_MS)

    def _item_events(self, item: ItemId | None) -> Sequence[StageEvent]:
        running = self._state.running
        if item is None:
            return [ItemEnded(running.item)] if running else []
        if item not in self._items:
            raise Refused("item-unknown", item=item[:80])
        return [] if running and running.item == item else [ItemStarted(item)]

    def apply(self, event: StageEvent, fact: Fact) -> None:
        state = self._state
        match event:
            case ScenePreviewed(layout, sources):
                self._state = replace(state, preview=Scene(layout, sources))
            case SceneTaken(layout, sources):
                taken = Taken(Scene(layout, sources), fact.seq, fact.at_ms, fact.actor.person)
                self._state = replace(state, taken=taken)
            case SoundSet(source, gain):
                self._state = replace(state, gains={**state.gains, source: gain})
            case DelaySet(source, delay_ms):
                self._state = replace(state, delays={**state.delays, source: delay_ms})
            case ItemStarted(item):
                self._state = replace(state, running=Running(item, fact.at_ms))
            case ItemEnded():
                self._state = replace(state, running=None)
            case never:
                assert_never(never)

    def scene(self) -> Scene:
        """What is on air: the last take's sources that still exist, else every hall side by side."""
        if self._state.taken:
            taken = self._state.taken.scene
            known = {source.id for source in self._sources}
            if left := tuple(source for source in taken.sources if source in known):
                return Scene(fitting(taken.layout, len(left)), left)
        return Scene(*default_scene(self._sources))

    def delay_ms(self, source: SourceId) -> int:
        """How long a source's sound is held back against its picture."""
        return self._state.delays.get(source, 0)

    def _gain(self, source: SourceId) -> float:
        return self._state.gains.get(source, 1.0)

    def claims(self) -> Iterable[Claim]:
        scene = self.scene()
        sound = {FLOOR: tuple(self._picks(scene))}
        since = self._state.taken.seq if self._state.taken else None
        yield Claim(self._room, scene.layout, scene.sources, sound, PRIORITY, since=since)

    def _picks(self, scene: Scene) -> Iterator[Pick]:
        """Halls sound always, a person without a hall only while on air."""
        for source in self._sources:
            if source.venue is not None or source.id in scene.sources:
                yield Pick(source.id, self._gain(source.id))

    def view(self, audience: Audience, names: Names, now_ms: int) -> Mapping[str, Json]:
        scene, state = self.scene(), self._state
        view: dict[str, Json] = {
            "program": {"layout": scene.layout.value, "sources": list(scene.sources)},
            "sound_on": {source.id: self._gain(source.id) for source in self._sources},
            "delays": {source.id: self.delay_ms(source.id) for source in self._sources},
        }
        if state.running:
            view["item"] = {"id": state.running.item, "started_ms": state.running.started_ms}
        if state.taken:
            by = names.get(state.taken.by) if isinstance(audience, Desk) else None
            view["take"] = {"seq": state.taken.seq, "at_ms": state.taken.at_ms, **({"by": by} if by else {})}
        if state.preview and isinstance(audience, Desk | Speaker | Confidence):
            view["preview"] = {"layout": state.preview.layout.value, "sources": list(state.preview.sources)}
        return view

    def snapshot(self) -> Snapshot:
        return Snapshot(self.version, msgspec.Raw(msgspec.json.encode(self._state)))

    def restore(self, snapshot: Snapshot) -> None:
        self._state = msgspec.json.decode(snapshot.state, type=_State)

    @classmethod
    def upcast(cls, version: int, event: dict[str, Any]) -> dict[str, Any]:
        return event
