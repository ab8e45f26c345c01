"""Reading a definition: TOML text in, a checked Definition or a DefinitionError with line and mend out."""

from __future__ import annotations

import difflib
import re
import tomllib
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from rooms.definition import (
    RESERVED_PERSONS,
    RESERVED_VENUES,
    SPEAKER,
    CodecName,
    Definition,
    ItemDefinition,
    PartyDefinition,
    PersonDefinition,
    ProjectDefinition,
    ProjectKind,
    RoomDefinition,
    SourceDefinition,
    SourceKind,
    VenueDefinition,
    Words,
)
from rooms.kernel import ItemId, Role, RoomId
from rooms.toml_lines import Path, lines_of

TEXT_MAX: Final = 256 * 1024
"""bytes; the built-in conferences have less than a tenth of it."""


_LONG_KEY: Final = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""")
"""A key of so many parts has no use here, and tomllib takes time and memory by the square of them."""


class DefinitionError(Exception):
    """What is wrong in which line (from 1) of a definition, and how to mend it."""

    def __init__(self, line: int, what: str, mend: str) -> None:
        super().__init__(f"line {line}: {what}. {mend}.")
        self.line = line
        self.what = what
        self.mend = mend


Fault = tuple[Path, str, str]
"""Where, what, mend: a DefinitionError before its line is known."""


def read(text: str) -> Definition:
    """The definition in `text`. Raises DefinitionError for the first thing that is wrong."""
    values = _parsed(text)
    lines = lines_of(text)
    try:
        definition = msgspec.convert(values, Definition)
    except msgspec.ValidationError as odd:
        raise _error(_shape_fault(str(odd)), lines) from None
    for fault in _faults(definition):
        raise _error(fault, lines)
    return definition


def _error(fault: Fault, lines: Mapping[Path, int]) -> DefinitionError:
    path, what, mend = fault
    while path and path not in lines:
        path = path[:-1]
    return DefinitionError(lines.get(path, 1), what, mend)


def _parsed(text: str) -> dict[str, Any]:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as odd:
        line = text.count("\n", 0, odd.start) + 1
        raise DefinitionError(line, "the file holds a broken character", "Save the file as UTF-8") from None
    if size > TEXT_MAX:
        what = f"the file has {size} bytes, more than {TEXT_MAX}"
        raise DefinitionError(1, what, "Split the conference or shorten its texts")
    if long := _LONG_KEY.search(text):
        line = text.count("\n", 0, long.start()) + 1
        raise DefinitionError(line, "a key has more than 32 parts", "Write keys as in the built-in conferences")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DefinitionError(1, "brackets are nested too deeply", "Use one level of [ ] and { }") from None
    except ValueError as odd:
        raise _syntax_error(str(odd), text) from None


_SYNTAX_MENDS: Final = {
    "overwrite": "Give each key once",
    "immutable": "Give each key once",
    "declare": "Give each table once; a list of tables is written [[venues]]",
    "Invalid value": 'Put texts in double quotes, as in zone = "Asia/Shanghai"',
    "Expected '='": 'Write a line as key = value, as in zone = "Asia/Shanghai"',
    "nclosed": "Close what is open: a quote, a bracket or a brace",
    "nterminated": "Close the text with a quote",
    "Illegal character": 'End a text in its own line with a quote, or use """ for several lines',
    "date": "Write a day as 2022-07-07",
}


def _syntax_error(message: str, text: str) -> DefinitionError:
    found = re.search(r" \(at line (\d+), column \d+\)$", message)
    line = int(found[1]) if found else text.rstrip("\n").count("\n") + 1
    what = re.sub(r" \(at .*\)$", "", message)
    mend = next((mend for part, mend in _SYNTAX_MENDS.items() if part in what), "Compare the line with a built-in one")
    return DefinitionError(line, f"this is not TOML: {what[:200]}", mend)


_FIELD_MENDS: Final = {
    "id": "Use small letters, digits and hyphens; sources are <venue>/<what> or speaker/<person>",
    "day": "Write the day as day = 2022-07-07, without quotes",
    "start": 'Write the time on the main venue\'s clock as start = "15:00"',
    "minutes": "Write whole minutes from 1 to 1440, as in minutes = 5",
    "main": "Write main = true or main = false, without quotes",
    "parties": "Name 2 to 6 parties, each as { venue = ... } or { venue = ..., name = { en = ... } }",
    "codecs": f"Choose from {', '.join(CodecName)}",
    "rooms": "Add a [[rooms]] with id and title",
    "venues": "Add a [[venues]] with id, zone, city and name; one has main = true",
    "sources": "Add a [[sources]] with id, venue and name",
    "zone": 'Name a zone of the tz database, as in zone = "Europe/Berlin"',
    "kind": "Compare with the built-in conferences: camera, table, person; opening, address, signing, dialogue, ...; "
    "projects: signing, appointment, unveiling, initiative",
    "round": "Write rounds as whole numbers from 1, as in round = 2",
    "instrument": "Write what binds the parties in law: paper, qes, ca or none",
    "pads": "Write how many tablets stand on the signing table, 0 to 6",
    "role": "Write a role as in the links, such as speaker or signatory",
    "en": 'Give at least English, as in { en = "Opening" }; the other languages fall back to it',
}
_OF_WORDS: Final = ("title", "motto", "name", "city", "detail", "place", "sector", "authority")
_WORDS_MEND: Final = 'Write texts as { en = "...", zh = "...", de = "...", fr = "..." }'


def _shape_fault(message: str) -> Fault:
    """msgspec's message in plain words."""
    said, _, place = message.partition(" - at `$")
    path: Path = tuple(int(i) if i else key for key, i in re.findall(r"\.(\w+)|\[(\d+)\]", place))
    named = [part for part in path if isinstance(part, str)]
    name = named[-1] if named else "the file"
    if found := re.match(r"Object contains unknown field `(.*)`\Z", said, re.DOTALL):
        return _unknown_key(path, found[1], named)
    if found := re.match(r"Object missing required field `(.*)`", said):
        mend = _WORDS_MEND if found[1] in _OF_WORDS else _FIELD_MENDS.get(found[1], f"Add {found[1]} = ...")
        return path, f"{found[1]} is missing" + (f" in {name}" if named else ""), mend
    mend = _WORDS_MEND if name in _OF_WORDS else _FIELD_MENDS.get(name, "Compare with the built-in conferences")
    return path, f"{name} {_said(said)}", mend


def _said(said: str) -> str:
    if "matching regex" in said:
        return "is not written as it must be"
    if found := re.match(r"Expected `(?:str|array)` of length (>=|<=) (\d+)", said):
        return f"has {'less' if found[1] == '>=' else 'more'} than {found[2]} characters or entries"
    if found := re.match(r"Invalid enum value (.*)", said, re.DOTALL):
        return f"does not know {found[1][:80]}"
    return "is of the wrong kind: " + re.sub(r"`", "", said[:120]).replace("Expected", "expected")


_TABLES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "": Definition,
    "rooms": RoomDefinition,
    "venues": VenueDefinition,
    "sources": SourceDefinition,
    "people": PersonDefinition,
    "items": ItemDefinition,
    "projects": ProjectDefinition,
    "parties": PartyDefinition,
}


def _unknown_key(path: Path, key: str, named: list[str]) -> Fault:
    table = named[-1] if named else ""
    known = [field.name for field in msgspec.structs.fields(_TABLES.get(table, Words))]
    close = difflib.get_close_matches(key[:80], known, 1)
    mend = f"Perhaps {close[0]} is meant" if close else f"Known here are {', '.join(known)}"
    return (*path, key), f"{key[:80]} is not known in {table or 'the head of the file'}", mend


def _faults(definition: Definition) -> Iterator[Fault]:
    """What is wrong between the parts, in the order of the file's sections."""
    yield from _twice(definition)
    yield from _codec_faults(definition)
    yield from _venue_faults(definition)
    for index, source in enumerate(definition.sources):
        yield from _source_faults(("sources", index), source, definition)
    yield from _people_faults(definition)
    yield from _missing_sources(definition)
    yield from _item_faults(definition)
    yield from _project_faults(definition)


def _twice(definition: Definition) -> Iterator[Fault]:
    for name in ("rooms", "venues", "sources", "people", "items", "projects"):
        seen: dict[str, str] = {}
        for index, thing in enumerate(getattr(definition, name)):
            dashed = thing.id.replace("/", "-")
            if dashed in seen:
                what = f"{thing.id} stands twice in {name}"
                if seen[dashed] != thing.id:
                    what = f"{thing.id} and {seen[dashed]} would get the same links"
                yield (name, index, "id"), what, "Give each one an id of its own"
            seen[dashed] = thing.id


def _codec_faults(definition: Definition) -> Iterator[Fault]:
    sounds = {CodecName.OPUS, CodecName.RED}
    if CodecName.OPUS not in definition.codecs:
        yield ("codecs",), "codecs lack opus, so nobody could be heard", 'Add "opus" to codecs'
    if not set(definition.codecs) - sounds:
        yield ("codecs",), "codecs lack a picture", 'Add "VP8" to codecs; every browser plays it'


def _venue_faults(definition: Definition) -> Iterator[Fault]:
    for index, venue in enumerate(definition.venues):
        if venue.id in RESERVED_VENUES:
            yield ("venues", index, "id"), f"a venue can't be called {venue.id}", "Choose the city's name"
        if not _is_zone(venue.zone):
            yield ("venues", index, "zone"), f"zone {venue.zone[:80]} is unknown", _FIELD_MENDS["zone"]
    mains = [index for index, venue in enumerate(definition.venues) if venue.main]
    if not mains:
        yield (
            ("venues", 0),
            "no venue is the main one",
            "Add main = true to the venue whose clock the programme follows",
        )
    if len(mains) > 1:
        yield ("venues", mains[1], "main"), "a second venue is the main one", "Keep main = true at one venue"


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # a folder's name, an odd path, ZoneInfoNotFoundError
        return False
    return True


def _source_faults(path: Path, source: SourceDefinition, definition: Definition) -> Iterator[Fault]:
    prefix, _, local = source.id.partition("/")
    venues = {venue.id for venue in definition.venues}
    if source.venue is not None and source.venue not in venues:
        yield (*path, "venue"), f"venue {source.venue} of {source.id} is unknown", _one_of(venues, "venue")
    elif prefix == SPEAKER or source.kind == SourceKind.PERSON or source.person is not None:
        yield from _speaker_faults(path, source, local, definition)
    elif source.venue is None:
        yield path, f"{source.id} has no venue", f'Add venue = "{prefix}"'
    elif prefix != source.venue:
        yield (*path, "id"), f"{source.id} does not begin with its venue", f'Write id = "{source.venue}/{local}"'


def _speaker_faults(path: Path, source: SourceDefinition, local: str, definition: Definition) -> Iterator[Fault]:
    if source.kind != SourceKind.PERSON:
        yield (*path, "kind"), f"{source.id} is a person's source of kind {source.kind}", 'Write kind = "person"'
    if source.person not in {person.id for person in definition.people}:
        named = f"person {source.person} is unknown" if source.person else f"{source.id} names no person"
        yield (*path, "person"), named, 'Add a [[people]] and name its id here, as in person = "minden"'
    elif source.id != f"{SPEAKER}/{source.person}":
        yield (*path, "id"), f"{source.id} does not name its person", f'Write id = "{SPEAKER}/{source.person}"'


def _people_faults(definition: Definition) -> Iterator[Fault]:
    voiced = {source.person for source in definition.sources}
    for index, person in enumerate(definition.people):
        if person.id.startswith(RESERVED_PERSONS):
            what = f"a person can't be called {person.id}: tablets and signatories are"
            yield ("people", index, "id"), what, "Choose the office's name"
        if person.role == Role.SPEAKER and person.id not in voiced:
            mend = f'Add a [[sources]] with id = "{SPEAKER}/{person.id}", kind = "person", person = "{person.id}"'
            yield ("people", index), f"speaker {person.id} has no source", mend


def _missing_sources(definition: Definition) -> Iterator[Fault]:
    for index, venue in enumerate(definition.venues):
        if not any(s.venue == venue.id and s.kind != SourceKind.PERSON for s in definition.sources):
            mend = f'Add a [[sources]] with id = "{venue.id}/camera-1" and venue = "{venue.id}"'
            yield ("venues", index), f"venue {venue.id} has no source", mend


def _item_faults(definition: Definition) -> Iterator[Fault]:
    sources = {source.id for source in definition.sources}
    rooms = {room.id for room in definition.rooms}
    before: dict[RoomId, ItemDefinition] = {}
    for index, item in enumerate(definition.items):
        path: Path = ("items", index)
        room = definition.room_of(item)
        if room not in rooms:
            yield (*path, "room"), f"room {room} of {item.id} is unknown", _one_of(rooms, "room")
        for place, source in enumerate(item.sources):
            if source not in sources:
                what = f"source {source[:80]} of {item.id} is unknown"
                yield (*path, "sources", place), what, _one_of(sources, "a source")
        if item.end_min > 24 * 60:
            yield (*path, "minutes"), f"{item.id} ends after midnight", "End it by 24:00 of the main venue"
        if room in before and item.start_min < before[room].start_min:
            what = f"{item.id} starts before {before[room].id}, which stands above it"
            yield (*path, "start"), what, "Put the items in the order of their times"
        elif room in before and item.start_min < before[room].end_min:
            what = f"{item.id} starts at {item.start}, but {before[room].id} lasts until {_clock(before[room].end_min)}"
            yield (*path, "start"), what, "Start it later or shorten the item before it"
        before[room] = item


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _project_faults(definition: Definition) -> Iterator[Fault]:
    items = {item.id for item in definition.items}
    venues = {venue.id for venue in definition.venues}
    reached: dict[ItemId, ProjectDefinition] = {}
    for index, project in enumerate(definition.projects):
        if project.item not in items:
            what = f"item {project.item[:80]} of project {project.id} is unknown"
            yield ("projects", index, "item"), what, _one_of(items, "item")
        before = reached.get(project.item, project)
        if project.round < before.round:
            what = f"{project.id} has round {project.round}, {before.id} above it has round {before.round}"
            yield ("projects", index, "round"), what, "Put an item's projects in the order of their rounds"
        reached[project.item] = project
        if project.kind == ProjectKind.UNVEILING and len(project.parties) != 2:
            what = f"the unveiling {project.id} has {len(project.parties)} parties"
            yield ("projects", index, "parties"), what, "Two hands unveil: name two parties"
        yield from _table_faults(("projects", index, "parties"), project, definition)
        for place, party in enumerate(project.parties):
            if party.venue not in venues:
                what = f"venue {party.venue[:80]} of a party of {project.id} is unknown"
                yield ("projects", index, "parties", place, "venue"), what, _one_of(venues, "venue")


def _table_faults(path: Path, project: ProjectDefinition, definition: Definition) -> Iterator[Fault]:
    for venue in definition.venues:
        here, pads = sum(party.venue == venue.id for party in project.parties), definition.pads_at(venue)
        if here > pads:
            what = f"{project.id} has {here} parties at {venue.id}, where {pads} tablets stand"
            yield path, what, f"Write pads = {here} at the venue, or leave it out"


def _one_of(known: Iterable[str], what: str) -> str:
    return f"Name {what} from {', '.join(sorted(known)[:8]) or 'none (there is none yet)'}"
