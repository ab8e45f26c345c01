"""WHIP and WHEP as encoders and players meet them, on a fake relay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient
from yarl import URL

from media.model import Purpose, SessionId
from media.sdp import SDP_MAX
from rooms.features.links import Links
from rooms.features.stage import Take
from rooms.kernel import ConferenceId, InviteId
from rooms.program import Layout
from server.ice import IceServers
from server.identity import Identity
from server.settings import Settings
from server.whip import Whip
from server.whip_wire import FRAGMENT, SDP
from tests.rooms.hall import DIRECTOR, MINDEN, do
from tests.server.relay_fake import ANSWER, CANDIDATE
from tests.server.test_director import C, House

WHIP, WHEP = "/whip/jiangsu-2022.stage", "/whep/jiangsu-2022.stage"
OPERATOR, ATTENDEE, WALL = "operator-changzhou-camera-1", "attendee", "wall-changzhou"
OFFER = "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 x 111\r\nm=video 9 x 96\r\n"
STAGE_OFFER = OFFER + "m=video 9 x 96\r\n"
STUN_LINK = '<stun:stun.example.org>; rel="ice-server"'
TURN_LINK = (
    '<turn:turn.example.org:3478>; rel="ice-server"; username="1086400:000000000000"; '
    'credential="ENA1MBvWckqb1A14epjsJQ/pXRk="; credential-type="password"'
)
SAME = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
FRESH = SAME.replace("abcd", "efgh")


class Door:
    """The handlers on a house, with a token for each invite."""

    def __init__(self, client: TestClient[web.Request, web.Application], house: House, identity: Identity) -> None:
        self.client, self.house, self.identity = client, house, identity

    def bearer(self, invite: str, conference: str = C, generation: int = 1) -> dict[str, str]:
        token = self.identity.token(ConferenceId(conference), InviteId(invite), generation)
        return {"Authorization": f"Bearer {token}"}

    async def post(self, url: str, invite: str | None = OPERATOR, offer: str = OFFER, **headers: str) -> ClientResponse:
        sent = {"Content-Type": SDP, **(self.bearer(invite) if invite else {}), **headers}
        return await self.client.post(url, data=offer, headers=sent)

    async def open(self) -> str:
        """The path of a fresh publication's session URL."""
        return URL((await self.post(WHIP)).headers["Location"]).path

    async def patch(self, url: str, fragment: str, **headers: str) -> ClientResponse:
        sent = {"Content-Type": FRAGMENT, **self.bearer(OPERATOR), **headers}
        return await self.client.patch(
            url, data=fragment, headers={name.replace("_", "-"): v for name, v in sent.items()}
        )

    def learn(self) -> None:
        conference = self.house.conference
        rows = [(invite, conference.feature(Links).standing(invite.id)) for invite in conference.invites()]
        self.identity.learn(C, rows)
        self.identity.learn(ConferenceId("other"), rows)


@pytest.fixture
async def door(aiohttp_client: AiohttpClient, tmp_path: Path) -> Door:
    house = await House().start()
    identity = Identity(b"k" * 32)
    settings = Settings()
    secret = tmp_path / "secret"
    secret.write_text("north\n")
    ice = IceServers(("stun:stun.example.org", "turn:turn.example.org:3478"), secret, lambda: 1_000_000.0, bytes)
    whip = Whip(settings, identity, lambda: {C: house.conference}, house.sessions, house.director, ice)
    app = web.Application()
    app.add_routes(whip.routes())
    made = Door(await aiohttp_client(app), house, identity)
    made.learn()
    return made


async def refusal(response: ClientResponse) -> tuple[int, str]:
    body = await response.json()
    assert body["reason"].endswith((".", "test"))
    return response.status, body["refused"]


async def test_an_offer_gets_the_answer_the_sessions_url_its_etag_and_the_ice_servers(door: Door) -> None:
    response = await door.post(WHIP)
    assert (response.status, response.content_type, await response.text()) == (201, SDP, ANSWER)
    location = response.headers["Location"]
    assert location.startswith(str(door.client.make_url(WHIP)) + "/")
    assert len(location.rpartition("/")[2]) == 32
    assert response.headers["ETag"] == '"ufrag1"'
    assert response.headers.getall("Link") == [STUN_LINK, TURN_LINK]
    assert response.headers["Cache-Control"] == "no-store"


async def test_only_who_shows_a_token_is_told_of_turn(door: Door) -> None:
    """Fails when OPTIONS tells everybody (seen so with for_session() there)."""
    stranger = await door.client.options(WHIP)
    known = await door.client.options(WHIP, headers=door.bearer(ATTENDEE))
    forger = await door.client.options(WHIP, headers={"Authorization": "Bearer nobody"})
    assert stranger.headers.getall("Link") == [STUN_LINK]
    assert known.headers.getall("Link") == [STUN_LINK, TURN_LINK]
    assert (forger.status, "Link" in forger.headers) == (401, False)


async def test_a_token_publishes_its_own_source_by_the_conferences_codecs(door: Door) -> None:
    await door.post(WHIP + "?takeover=1&source=changzhou/camera-1")
    [spec] = door.house.relay.specs.values()
    assert (spec.purpose, spec.source, spec.takeover) == (Purpose.PUBLISH, "jiangsu-2022:changzhou/camera-1", True)
    assert [codec.value for codec in spec.codecs] == ["VP8", "H264", "VP9", "AV1", "opus"]


@pytest.mark.parametrize(
    ("invite", "query", "offer", "audience"),
    [
        (WALL, "", STAGE_OFFER, "wall:changzhou"),
        (WALL, "", OFFER, "wall:changzhou"),
        (ATTENDEE, "", STAGE_OFFER, "attendee"),
        (ATTENDEE, "", OFFER, "player:"),
        (ATTENDEE, "?source=frankfurt/camera-1", STAGE_OFFER, "player:frankfurt/camera-1"),
        ("director", "?source=speaker/minden", OFFER, "player:speaker/minden"),
        ("director", "", STAGE_OFFER, "desk:director:"),
        ("director", "", OFFER, "player:"),
    ],
)
async def test_who_plays_gets_the_audience_of_the_role_and_the_offer(
    door: Door, invite: str, query: str, offer: str, audience: str
) -> None:
    assert (await door.post(WHEP + query, invite, offer)).status == 201
    [spec] = door.house.relay.specs.values()
    assert (spec.purpose, spec.audience) == (Purpose.PLAY, f"jiangsu-2022.stage:{audience}")
    assert door.house.relay.routes[spec.audience]


async def test_a_missing_or_unknown_token_is_challenged(door: Door) -> None:
    missing = await door.post(WHIP, None)
    assert await refusal(missing) == (401, "token-missing")
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    unknown = await door.post(WHIP, None, Authorization="Bearer nonsense")
    assert await refusal(unknown) == (401, "link-unknown")
    assert unknown.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert await refusal(await door.post("/whip/jiangsu-2022.nowhere", None)) == (401, "token-missing")


async def test_a_foreign_token_is_forbidden(door: Door) -> None:
    other = door.bearer(OPERATOR, conference="other")
    assert await refusal(await door.post(WHIP, None, **other)) == (403, "conference-foreign")
    assert await refusal(await door.post(WHIP, ATTENDEE)) == (403, "role-not-admitted")
    assert await refusal(await door.post(WHIP + "?source=frankfurt/camera-1")) == (403, "source-foreign")
    waiting = await door.post(WHEP + "?source=speaker/minden", ATTENDEE)
    assert await refusal(waiting) == (403, "source-not-on-air")


async def test_a_speaker_on_air_may_be_played_by_everyone(door: Door) -> None:
    do(door.house.conference, Take(Layout.FULL, (MINDEN,)), DIRECTOR)
    assert (await door.post(WHEP + "?source=speaker/minden", ATTENDEE)).status == 201


@pytest.mark.parametrize("url", ["/whip/jiangsu-2022.nowhere", "/whip/nothing.stage", "/whip/jiangsu-2022"])
async def test_an_unknown_room_is_not_found(door: Door, url: str) -> None:
    assert await refusal(await door.post(url)) == (404, "room-unknown")


async def test_an_unknown_source_is_not_found(door: Door) -> None:
    assert await refusal(await door.post(WHEP + "?source=mars/camera-1", WALL)) == (404, "source-unknown")


async def test_a_body_that_is_no_sdp_is_refused_before_the_relay_sees_it(door: Door) -> None:
    plain = await door.client.post(WHIP, data=OFFER, headers={**door.bearer(OPERATOR), "Content-Type": "text/plain"})
    assert await refusal(plain) == (415, "content-type-unsupported")
    assert plain.headers["Accept-Post"] == SDP
    assert await refusal(await door.post(WHIP, offer="v=0\r\n" + "a" * SDP_MAX)) == (413, "sdp-too-large")
    binary = await door.client.post(WHIP, data=b"\xff", headers={**door.bearer(OPERATOR), "Content-Type": SDP})
    assert await refusal(binary) == (400, "sdp-unreadable")
    assert door.house.relay.specs == {}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("sdp-unreadable", 400),
        ("no-media", 400),
        ("codec-unsupported", 406),
        ("sdp-too-large", 413),
        ("occupied", 409),
        ("too-many", 503),
        ("unknown-audience", 404),
    ],
)
async def test_the_relays_refusal_is_told_with_its_reason(door: Door, code: str, status: int) -> None:
    door.house.relay.refuse = code
    response = await door.post(WHIP)
    assert await refusal(response) == (status, code)
    assert ("Retry-After" in response.headers) == (status == 503)
    assert door.house.relay.specs == {}


async def test_an_occupied_source_says_how_to_take_over(door: Door) -> None:
    door.house.relay.refuse = "occupied"
    assert "?takeover=1" in (await (await door.post(WHIP)).json())["reason"]


async def test_while_the_relay_is_away_clients_are_told_to_come_back(door: Door) -> None:
    location = await door.open()
    door.house.relay.connected = False
    for response in (await door.post(WHIP), await door.patch(location, SAME, If_Match="*")):
        assert await refusal(response) == (503, "relay-away")
        assert response.headers["Retry-After"] == "1"


async def test_a_relay_that_does_not_answer_leaves_nothing_behind(door: Door) -> None:
    door.house.relay.silent = True
    assert await refusal(await door.post(WHIP)) == (503, "relay-away")
    assert door.house.relay.specs == {}


async def test_delete_ends_the_session_once(door: Door) -> None:
    location = await door.open()
    assert (await door.client.delete(location, headers=door.bearer(OPERATOR))).status == 200
    assert door.house.relay.specs == {}
    again = await door.client.delete(location, headers=door.bearer(OPERATOR))
    assert await refusal(again) == (404, "session-unknown")


async def test_a_session_asks_for_its_token_again(door: Door) -> None:
    location = await door.open()
    assert (await door.client.delete(location)).status == 401
    foreign = await door.client.delete(location, headers=door.bearer("operator-frankfurt-camera-1"))
    assert await refusal(foreign) == (403, "session-foreign")
    wrong_door = await door.client.delete(location.replace("/whip/", "/whep/"), headers=door.bearer(OPERATOR))
    assert await refusal(wrong_door) == (404, "session-unknown")
    assert len(door.house.relay.specs) == 1


async def test_a_session_of_another_epoch_is_gone(door: Door) -> None:
    location = await door.open()
    door.house.relay.restart()
    assert await refusal(await door.patch(location, SAME, If_Match='"ufrag1"')) == (404, "session-unknown")


async def test_trickled_candidates_are_acknowledged_for_the_generation_in_force(door: Door) -> None:
    location = await door.open()
    assert (await door.patch(location, SAME, If_Match='"ufrag1"')).status == 204
    assert await refusal(await door.patch(location, SAME)) == (428, "if-match-missing")
    assert await refusal(await door.patch(location, SAME, If_Match='"old"')) == (412, "etag-outdated")
    assert await refusal(await door.patch(location, FRESH, If_Match='"ufrag1"')) == (400, "ufrag-unknown")
    assert (await refusal(await door.patch(location, "a=mid:0", If_Match='"ufrag1"')))[0] == 400
    other = await door.client.patch(location, data=SAME, headers={**door.bearer(OPERATOR), "Content-Type": SDP})
    assert await refusal(other) == (415, "content-type-unsupported")
    assert other.headers["Accept-Patch"] == FRAGMENT


@pytest.mark.parametrize("any_generation", ["*", '"*"'])
async def test_an_ice_restart_gets_our_new_credentials_and_a_new_etag(door: Door, any_generation: str) -> None:
    location = await door.open()
    response = await door.patch(location, FRESH, If_Match=any_generation)
    assert (response.status, response.content_type) == (200, FRAGMENT)
    assert response.headers["ETag"] == '"ufrag2"'
    lines = (await response.text()).splitlines()
    assert {"a=ice-ufrag:ufrag2", "m=audio 9 RTP/AVP 0", "a=mid:0", "a=end-of-candidates"} <= set(lines)
    assert CANDIDATE in lines
    spec = door.house.relay.wants(SessionId(location.rpartition("/")[2]))
    assert spec is not None
    assert spec.restart is not None
    assert spec.restart.ufrag == "efgh"
    assert (await door.patch(location, FRESH, If_Match='"ufrag2"')).status == 204
    assert (await door.patch(location, FRESH, If_Match="*")).headers["ETag"] == '"ufrag2"'


async def test_players_on_other_sites_may_ask_and_read(door: Door) -> None:
    asking = {"Origin": "https://player.example.org", "Access-Control-Request-Method": "POST"}
    for url, methods in ((WHEP, "POST, OPTIONS"), (WHEP + "/1", "PATCH, DELETE, OPTIONS")):
        response = await door.client.options(url, headers=asking)
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == asking["Origin"]
        assert response.headers["Access-Control-Allow-Methods"] == methods
        assert "Access-Control-Allow-Credentials" not in response.headers
    assert (await door.client.options(WHIP)).headers["Accept-Post"] == SDP
    played = await door.post(WHEP, ATTENDEE, **asking)
    exposed = played.headers["Access-Control-Expose-Headers"]
    assert all(name in exposed for name in ("Location", "Link", "ETag"))
    refused: Mapping[str, str] = (await door.post(WHEP, None, **asking)).headers
    assert refused["Access-Control-Allow-Origin"] == asking["Origin"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
@pytest.mark.parametrize("url", [WHIP, WHEP, WHIP + "/1"])
async def test_other_methods_are_refused(door: Door, method: str, url: str) -> None:
    response = await door.client.request(method, url, headers=door.bearer(OPERATOR))
    assert response.status == 405
    assert "OPTIONS" in response.headers["Allow"]
