import pytest

from server.settings import DEFAULT_CONFERENCE, parse, parser


def test_without_options_the_built_in_conference_runs_on_this_machine_only() -> None:
    settings = parse([])
    assert settings.origin == "http://127.0.0.1:8080"
    assert settings.conferences == (DEFAULT_CONFERENCE,)
    assert not settings.secure


def test_several_addresses_and_conferences_are_kept_in_order() -> None:
    settings = parse(["--announce", "192.0.2.1", "2001:db8::1", "--conference", "a", "--conference", "b.toml"])
    assert settings.announce == ("192.0.2.1", "2001:db8::1")
    assert settings.conferences == ("a", "b.toml")


def test_a_certificate_makes_links_https() -> None:
    settings = parse(["--host", "::1", "--port", "1", "--tls-cert", "c.pem", "--tls-key", "k.pem"])
    assert settings.origin == "https://[::1]:1"
    assert settings.secure


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "99999"], "is no port"),
        (["--announce", "nowhere"], "is no IP address"),
        (["--host", "stage.example.org"], "--public-url names it"),
        (["--host", ""], "is no IP address"),
        (["--host", "a..b"], "is no IP address"),
        (["--public-url", "https://x:99999"], "--public-url"),
        (["--public-url", "ftp://x"], "is no origin"),
        (["--tls-cert", "c.pem"], "belong together"),
        (["--host", "0.0.0.0", "--public-url", "http://hall.example"], "plain HTTP"),
        (["--tls-cert", "c.pem", "--tls-key", "k.pem", "--public-url", "http://hall.example"], "plain HTTP"),
        (["--colour", "red"], "unrecognized"),
    ],
)
def test_a_wrong_option_ends_with_one_line_and_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parse(arguments)
    line = capsys.readouterr().err
    assert end.value.code == 2
    assert line.count("\n") == 1
    assert said in line


def test_every_option_is_explained() -> None:
    assert all(action.help for action in parser()._actions)


def test_a_proxy_that_speaks_tls_may_stand_in_front() -> None:
    settings = parse(["--host", "0.0.0.0", "--public-url", "https://stage.example.org"])
    assert settings.secure
    assert not settings.speaks_tls


@pytest.mark.parametrize(
    ("options", "origin"),
    [
        (["--host", "192.0.2.7"], "https://192.0.2.7:8080"),
        (["--host", "0.0.0.0", "--announce", "203.0.113.7"], "https://203.0.113.7:8080"),
        (["--host", "::", "--announce", "2001:db8::7"], "https://[2001:db8::7]:8080"),
        (["--host", "localhost"], "http://localhost:8080"),
    ],
)
def test_others_than_this_machine_come_by_https_to_an_address_that_exists(options: list[str], origin: str) -> None:
    settings = parse(options)
    assert settings.origin == origin
    assert settings.has_own_authority == settings.secure


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        ("https://bühne.example", "https://xn--bhne-0ra.example"),
        ("https://会议.example:8080/", "https://xn--6oqu09l.example:8080"),
        ("https://[2001:db8::7]:8443", "https://[2001:db8::7]:8443"),
        ("https://somebody:secret@stage.example.org", "https://stage.example.org"),
    ],
)
def test_an_origin_is_as_browsers_send_it(told: str, origin: str) -> None:
    assert parse(["--public-url", told]).origin == origin


def test_links_never_name_the_wildcard() -> None:
    assert "0.0.0.0" not in parse(["--host", "0.0.0.0"]).origin
