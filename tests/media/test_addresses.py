"""Where the relay receives, and what it offers."""

import ipaddress
import secrets
import socket

from media.addresses import ADDRESSES_MAX, free_port, of_this_machine, reach

LOCAL = ["127.0.0.1", "192.0.2.2", "::1", "2001:db8::2"]


def test_a_loopback_host_serves_browsers_on_this_machine_by_every_address_loopback_last():
    bind, announce = reach("127.0.0.1", 8443, (), LOCAL)
    assert announce == ("192.0.2.2", "2001:db8::2", "127.0.0.1", "::1")
    assert bind == [(address, 8443) for address in announce]


def test_a_wildcard_host_does_not_announce_loopback():
    bind, announce = reach("0.0.0.0", 8443, (), LOCAL)
    assert announce == ("192.0.2.2", "2001:db8::2")
    assert ("127.0.0.1", 8443) in bind


def test_a_machine_without_a_network_announces_loopback():
    assert reach("0.0.0.0", 1, (), ["127.0.0.1"])[1] == ("127.0.0.1",)
    assert reach("127.0.0.1", 1, (), [])[1] == ("127.0.0.1",)


def test_a_concrete_host_is_taken_at_its_word():
    assert reach("192.0.2.2", 1, (), LOCAL) == ([("192.0.2.2", 1)], ("192.0.2.2",))


def test_announced_addresses_are_offered_alone_and_received_everywhere():
    bind, announce = reach("127.0.0.1", 1, ("203.0.113.9",), LOCAL)
    assert announce == ("203.0.113.9",)
    assert len(bind) == len(LOCAL)


def test_a_machine_of_many_addresses_keeps_answers_short():
    many = [f"192.0.2.{number}" for number in range(1, 100)]
    assert len(reach("0.0.0.0", 1, (), many)[1]) == ADDRESSES_MAX


def test_the_addresses_of_this_machine_need_no_scope():
    assert all(not ipaddress.ip_address(address).is_link_local for address in of_this_machine())


def test_a_free_port_is_nobodys_for_either_kind(monkeypatch):
    streams, datagrams, free = (free_port() for _ in range(3))
    offered = iter([streams, datagrams, free])
    monkeypatch.setattr(secrets, "choice", lambda ports: next(offered))
    with socket.create_server(("", streams)), socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("", datagrams))
        assert free_port() == free
