"""ICE servers as a setting: their forms, and credentials that end by themselves."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path

import pytest

from server import settings
from server.ice import CREDENTIALS_S, IceServers

pytestmark = pytest.mark.holds


def servers(*urls: str, secret: Path | None = None) -> list[dict[str, object]]:
    made = IceServers(urls, secret, lambda: 1000.5, lambda size: b"\7" * size)
    return [dict(server.described()) for server in made.for_session()]


def test_fixed_credentials_leave_the_url() -> None:
    given = "turn:anna:pa%3Ass@turn.example.org:3478?transport=tcp"
    url = "turn:turn.example.org:3478?transport=tcp"
    assert servers(given, "stun:[2001:db8::7]:3478") == [
        {"urls": url, "username": "anna", "credential": "pa:ss"},
        {"urls": "stun:[2001:db8::7]:3478"},
    ]


def test_credentials_from_a_secret_are_those_that_coturn_checks(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("north\n")
    [turn] = servers("turns:turn.example.org", secret=secret)
    username = f"{1000 + CREDENTIALS_S}:070707070707"
    digest = hmac.digest(b"north", username.encode(), "sha1")
    assert turn == {
        "urls": "turns:turn.example.org",
        "username": username,
        "credential": base64.b64encode(digest).decode(),
    }


def test_quotes_in_credentials_stay_within_the_link() -> None:
    made = IceServers(("turn:a%22b:c%5Cd@h",), None, lambda: 0, bytes)
    [link] = [server.link() for server in made.for_session()]
    assert link == r'<turn:h>; rel="ice-server"; username="a\"b"; credential="c\\d"; credential-type="password"'


@pytest.mark.parametrize(
    "given",
    [
        ("--ice-server", "http://turn.example.org"),
        ("--ice-server", "stun:anna:secret@stun.example.org"),
        ("--ice-server", "turn:turn.example.org>; rel=x"),
        ("--ice-server", "turn:turn.example.org"),
        ("--ice-server", "turn:turn.example.org", "--ice-secret", "/nowhere/secret"),
    ],
)
def test_what_can_not_work_is_one_line(given: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings.parse(given)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "ice" in said
