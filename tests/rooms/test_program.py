from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rooms.audience import Attendee, Audience, Clean, Confidence, Desk, Player, Recorder, Speaker, Wall
from rooms.kernel import FLOOR, LanguageTag, Role, RoomId, SourceId, VenueId
from rooms.program import PICTURES_MAX, Claim, Layout, Pick, Screen, SourceFacts, default_scene, halls, screen
from tests.rooms.hall import CHANGZHOU, CZ, CZ_TABLE, FR, FR_TABLE, FRANKFURT, MINDEN, STAGE

PHONE = SourceId("speaker/phone")
SOURCES = (
    SourceFacts(CZ, CHANGZHOU),
    SourceFacts(CZ_TABLE, CHANGZHOU),
    SourceFacts(FR, FRANKFURT),
    SourceFacts(FR_TABLE, FRANKFURT),
    SourceFacts(MINDEN, None),
    SourceFacts(PHONE, FRANKFURT),
)
ALL_SOUND = {FLOOR: tuple(Pick(source.id) for source in SOURCES)}

VENUES = st.sampled_from([VenueId(name) for name in "abcde"])
FACTS = st.lists(
    st.builds(SourceFacts, st.integers(0, 9).map(lambda n: SourceId(f"x/{n}")), st.none() | VENUES),
    max_size=8,
    unique_by=lambda source: source.id,
).map(tuple)
SOURCE_IDS = st.integers(0, 11).map(lambda n: SourceId(f"x/{n}"))
AUDIENCES: st.SearchStrategy[Audience] = st.one_of(
    st.just(Attendee()),
    st.just(Recorder()),
    st.just(Clean()),
    st.builds(Wall, VENUES),
    st.builds(Confidence, VENUES),
    st.builds(Speaker, st.none() | SOURCE_IDS),
    st.builds(Player, st.none() | SOURCE_IDS),
    st.builds(Desk, st.sampled_from(list(Role)), st.none() | VENUES),
)
PICKS = st.lists(st.builds(Pick, SOURCE_IDS, st.sampled_from([0.0, 0.3, 1.0])), max_size=8).map(tuple)
CLAIMS = st.lists(
    st.builds(
        Claim,
        st.just(RoomId("r")),
        st.sampled_from(Layout),
        st.lists(SOURCE_IDS, max_size=5).map(tuple),
        st.dictionaries(st.sampled_from([FLOOR, LanguageTag("de"), LanguageTag("zh")]), PICKS),
        st.integers(0, 3),
        st.none() | AUDIENCES,
        st.booleans(),
    ),
    max_size=4,
)


def heard(shown: Screen) -> set[SourceId]:
    return {pick.source for picks in shown.sound.values() for pick in picks}


@given(AUDIENCES, CLAIMS, FACTS)
def test_no_hall_ever_hears_itself_whatever_is_claimed(
    audience: Audience, claims: list[Claim], sources: tuple[SourceFacts, ...]
) -> None:
    venue_of = {source.id: source.venue for source in sources}
    for source in heard(screen(audience, claims, sources)):
        match audience:
            case Wall(venue) | Confidence(venue):
                assert venue_of[source] != venue
            case Desk(_, venue) if venue is not None:
                assert venue_of[source] != venue
            case Speaker(own) if own is not None:
                assert source != own
                assert venue_of[source] is None or venue_of[source] != venue_of.get(own)


@given(VENUES, FACTS)
def test_every_hall_hears_all_the_other_halls(venue: VenueId, sources: tuple[SourceFacts, ...]) -> None:
    others = {source.id for source in sources if source.venue not in (None, venue)}
    assert heard(screen(Wall(venue), [], sources)) == others


@given(AUDIENCES, CLAIMS, FACTS)
def test_screens_show_only_sources_that_exist_each_once_and_in_a_layout_that_fits(
    audience: Audience, claims: list[Claim], sources: tuple[SourceFacts, ...]
) -> None:
    shown = screen(audience, claims, sources)
    assert set(shown.sources) | heard(shown) <= {source.id for source in sources}
    assert (shown.layout == Layout.FULL) <= (len(shown.sources) <= 1)
    assert all(pick.gain > 0 for picks in shown.sound.values() for pick in picks)


@given(VENUES, CLAIMS, FACTS)
def test_a_wall_shows_its_own_hall_only_when_there_is_no_other(
    venue: VenueId, claims: list[Claim], sources: tuple[SourceFacts, ...]
) -> None:
    own = {source.id for source in sources if source.venue == venue}
    if set(halls(sources)) - own:
        assert not set(screen(Wall(venue), claims, sources).sources) & own


def take(layout: Layout, *sources: SourceId, priority: int = 0, audience: Audience | None = None) -> Claim:
    return Claim(STAGE, layout, sources, ALL_SOUND, priority, audience)


def test_without_a_claim_every_hall_is_seen_side_by_side_and_heard() -> None:
    shown = screen(Attendee(), [], SOURCES)
    assert (shown.layout, shown.sources) == (Layout.SIDE_BY_SIDE, (CZ, FR))
    assert heard(shown) == {CZ, CZ_TABLE, FR, FR_TABLE, PHONE}


def test_a_single_hall_stands_alone() -> None:
    assert default_scene(SOURCES[:2]) == (Layout.FULL, (CZ,))


def test_more_halls_than_slots_show_the_first_ones() -> None:
    many = tuple(SourceFacts(SourceId(f"{n}/camera"), VenueId(str(n))) for n in range(6))
    assert len(default_scene(many)[1]) == PICTURES_MAX


def test_the_strongest_claim_is_seen() -> None:
    weak, strong = take(Layout.FULL, CZ), take(Layout.FULL, FR, priority=1)
    assert screen(Attendee(), [strong, weak], SOURCES).sources == (FR,)


def test_of_equal_claims_the_one_that_names_the_audience_is_seen() -> None:
    mine = take(Layout.FULL, MINDEN, audience=Wall(CHANGZHOU))
    everyone = take(Layout.FULL, FR)
    assert screen(Wall(CHANGZHOU), [everyone, mine], SOURCES).sources == (MINDEN,)
    assert screen(Attendee(), [everyone, mine], SOURCES).sources == (FR,)


def test_a_wall_sees_the_other_halls_of_the_program() -> None:
    shown = screen(Wall(CHANGZHOU), [take(Layout.SIGNING_TABLES, CZ_TABLE, FR_TABLE)], SOURCES)
    assert (shown.layout, shown.sources) == (Layout.FULL, (FR_TABLE,))


def test_a_wall_sees_the_other_halls_while_its_own_is_full_on_air() -> None:
    assert screen(Wall(CHANGZHOU), [take(Layout.FULL, CZ)], SOURCES).sources == (FR,)


def test_confidence_sees_what_is_on_air_and_hears_the_others() -> None:
    shown = screen(Confidence(FRANKFURT), [take(Layout.FULL, FR)], SOURCES)
    assert shown.sources == (FR,)
    assert heard(shown) == {CZ, CZ_TABLE, MINDEN}


def test_an_operator_sees_and_hears_the_others() -> None:
    shown = screen(Desk(Role.OPERATOR, FRANKFURT), [take(Layout.SIDE_BY_SIDE, CZ, FR)], SOURCES)
    assert shown.sources == (CZ,)
    assert heard(shown) == {CZ, CZ_TABLE, MINDEN}


def test_a_speaker_on_air_sees_the_halls_and_not_the_own_picture() -> None:
    shown = screen(Speaker(MINDEN), [take(Layout.FULL, MINDEN)], SOURCES)
    assert shown.sources == (CZ, FR)
    assert heard(shown) == {CZ, CZ_TABLE, FR, FR_TABLE, PHONE}


def test_a_speaker_who_sits_in_a_hall_does_not_hear_the_hall() -> None:
    assert heard(screen(Speaker(PHONE), [take(Layout.FULL, MINDEN)], SOURCES)) == {CZ, CZ_TABLE, MINDEN}


def test_a_director_sees_every_source_and_hears_the_program() -> None:
    shown = screen(Desk(Role.DIRECTOR), [take(Layout.FULL, CZ)], SOURCES)
    assert shown.layout == Layout.MULTIVIEW
    assert shown.sources == tuple(source.id for source in SOURCES)
    assert heard(shown) == {source.id for source in SOURCES}


def test_a_player_of_a_source_gets_just_that() -> None:
    assert screen(Player(FR_TABLE), [take(Layout.FULL, CZ)], SOURCES) == Screen(
        Layout.FULL, (FR_TABLE,), {FLOOR: (Pick(FR_TABLE),)}
    )


def test_a_player_of_the_program_gets_the_principal_picture_and_its_sound_first() -> None:
    shown = screen(Player(), [take(Layout.SIDE_BY_SIDE, FR, CZ)], SOURCES)
    assert shown.sources == (FR,)
    assert shown.sound[FLOOR][0] == Pick(FR)


def test_what_is_on_air_is_heard_first_then_the_halls() -> None:
    shown = screen(Attendee(), [take(Layout.FULL, MINDEN)], SOURCES)
    assert [pick.source for pick in shown.sound[FLOOR]] == [MINDEN, CZ, FR, CZ_TABLE, FR_TABLE, PHONE]


def test_a_sound_that_is_off_is_not_sent() -> None:
    claim = Claim(STAGE, Layout.FULL, (CZ,), {FLOOR: (Pick(CZ, 0.0), Pick(FR, 0.5))})
    assert screen(Attendee(), [claim], SOURCES).sound == {FLOOR: (Pick(FR, 0.5),)}


def guest(*sources: SourceId, priority: int = 10) -> Claim:
    return Claim(STAGE, Layout.SIDE_BY_SIDE, sources, {FLOOR: tuple(map(Pick, sources))}, priority, joins=True)


def test_who_joins_is_seen_and_heard_with_what_the_director_took() -> None:
    quiet = Claim(STAGE, Layout.FULL, (FR,), {FLOOR: (Pick(FR, 0.3), Pick(CZ, 0.0))})
    shown = screen(Attendee(), [guest(PHONE), quiet], SOURCES)
    assert (shown.layout, shown.sources) == (Layout.SIDE_BY_SIDE, (FR, PHONE))
    assert shown.sound == {FLOOR: (Pick(FR, 0.3), Pick(PHONE))}


def test_who_joins_a_full_screen_takes_the_last_place() -> None:
    scene = take(Layout.SIGNING_TABLES, CZ, FR, CZ_TABLE, FR_TABLE)
    shown = screen(Attendee(), [scene, guest(MINDEN)], SOURCES)
    assert (shown.layout, shown.sources) == (Layout.SIGNING_TABLES, (CZ, FR, CZ_TABLE, MINDEN))


def test_who_joins_below_the_winning_claim_is_not_seen() -> None:
    scene = take(Layout.FULL, CZ, priority=20)
    assert screen(Attendee(), [scene, guest(MINDEN)], SOURCES).sources == (CZ,)


def test_who_joins_where_nobody_decided_joins_the_halls() -> None:
    assert screen(Attendee(), [guest(MINDEN)], SOURCES).sources == (CZ, FR, MINDEN)


def tables(**changes: object) -> Claim:
    """The tables' wish above the scene, without a sound of its own, since entry 5."""
    wish = Claim(STAGE, Layout.SIGNING_TABLES, (CZ_TABLE, FR_TABLE), {}, 5, since=5)
    return replace(wish, **changes)


def taken(since: int | None) -> Claim:
    return Claim(STAGE, Layout.FULL, (MINDEN,), {FLOOR: (Pick(MINDEN, 0.5),)}, since=since)


def test_a_wish_yields_to_a_scene_that_was_taken_later() -> None:
    assert screen(Attendee(), [tables(), taken(4)], SOURCES).layout == Layout.SIGNING_TABLES
    assert screen(Attendee(), [tables(), taken(None)], SOURCES).layout == Layout.SIGNING_TABLES
    assert screen(Attendee(), [tables(), taken(6)], SOURCES).sources == (MINDEN,)
    assert screen(Attendee(), [tables(since=7), taken(6)], SOURCES).layout == Layout.SIGNING_TABLES
    assert screen(Attendee(), [tables(since=None), taken(6)], SOURCES).layout == Layout.SIGNING_TABLES


def test_a_wish_without_sound_keeps_the_sound_below_it() -> None:
    assert screen(Attendee(), [tables(), taken(4)], SOURCES).sound == {FLOOR: (Pick(MINDEN, 0.5),)}
    assert {pick.source for pick in screen(Attendee(), [tables()], SOURCES).sound[FLOOR]} == {
        *(CZ, CZ_TABLE, FR, FR_TABLE, PHONE)
    }
