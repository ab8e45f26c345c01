import pytest
from aiohttp.test_utils import make_mocked_request

from rooms.features.links import Standing
from rooms.invites import Invite
from rooms.kernel import ConferenceId, InviteId, Refused, Role
from server.admission import Admission, answer
from server.identity import Identity

pytestmark = pytest.mark.holds

C = ConferenceId("c")
INVITE = Invite(InviteId("director"), Role.DIRECTOR)


@pytest.fixture
def identity() -> Identity:
    made = Identity(bytes(32))
    made.learn(C, [(INVITE, Standing())])
    return made


def test_a_bearer_token_opens_its_link(identity: Identity) -> None:
    token = identity.token(C, INVITE.id, 1)
    for scheme in ("Bearer", "bearer"):
        request = make_mocked_request("POST", "/", headers={"Authorization": f"{scheme} {token}"})
        assert Admission(identity, secure=False).link(request).invite == INVITE


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic QQ==", "x" * 5000])
def test_anything_else_opens_nothing(identity: Identity, header: str) -> None:
    request = make_mocked_request("POST", "/", headers={"Authorization": header})
    with pytest.raises(Refused, match="link-unknown"):
        Admission(identity, secure=False).link(request)


def test_the_cookie_names_the_person(identity: Identity) -> None:
    link = identity.link(identity.token(C, INVITE.id, 1))
    session = identity.seat(link, None)
    cookie = f"__Host-twinhall-c.director={identity.signed(session)}"
    request = make_mocked_request("GET", "/", headers={"Cookie": cookie})
    assert Admission(identity, secure=True).actor(request, link).person == session.person
    assert Admission(identity, secure=True).entered(request, link)
    assert not Admission(identity, secure=False).entered(request, link)


@pytest.mark.parametrize(
    ("code", "status"), [("link-unknown", 401), ("link-revoked", 403), ("name-empty", 400), ("journal-full", 503)]
)
def test_each_refusal_has_its_status(code: str, status: int) -> None:
    response = answer(Refused(code))
    assert response.status == status
    assert ("WWW-Authenticate" in response.headers) == (status == 401)
