"""The relay's command line."""

from pathlib import Path

import pytest

from media.settings import parse


def test_a_newcomer_needs_no_option():
    options = parse([])
    assert (options.data, options.udp_port, options.host, options.announce) == (Path("var"), 8443, "127.0.0.1", ())
    assert options.control == Path("var/run/relay.sock")


def test_addresses_may_be_several_and_of_both_families():
    options = parse(["--announce", "203.0.113.9", "2001:DB8::9", "--announce", "198.51.100.1", "--host", "localhost"])
    assert options.announce == ("203.0.113.9", "2001:db8::9", "198.51.100.1")
    assert options.host == "127.0.0.1"


@pytest.mark.parametrize(
    "wrong", [["--udp-port", "0"], ["--udp-port", "x"], ["--announce", "media.example"], ["--host", "1.2.3"]]
)
def test_what_is_wrong_is_named(wrong, capsys):
    with pytest.raises(SystemExit) as left:
        parse(wrong)
    assert left.value.code == 2
    assert wrong[1] in capsys.readouterr().err
