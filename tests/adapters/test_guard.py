"""Which addresses of strangers a watcher connects to."""

import ipaddress
import socket

import pytest

from modelbond.errors import Refused
from modelbond.watcher.guard import (
    AddressForbidden,
    AddressNotOpened,
    Guard,
    Place,
    place_of,
)
from modelbond.watcher.names import GuardedNames, addresses_of

FORBIDDEN = [
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "169.254.169.254", "169.254.1.1", "224.0.0.1"),
    *("100.100.100.200", "192.0.0.192", "::", "::1", "fe80::1", "ff02::1", "fd00:ec2::254"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
]
PRIVATE = [
    *("10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1", "198.18.0.1", "240.0.0.1"),
    *("fd12::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "192.0.2.1"),
]
PUBLIC = ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_what_is_the_machines_or_the_clouds_is_never_opened(address: str) -> None:
    for guard in (Guard(), Guard.parse(["0.0.0.0/0", "::/0"])):
        with pytest.raises(AddressForbidden):
            guard.check(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_private_is_closed_until_its_network_is_opened(address: str) -> None:
    with pytest.raises(AddressNotOpened):
        Guard.parse(["10.9.0.0/16"]).check(ipaddress.ip_address(address))
    Guard.parse(["0.0.0.0/0", "::/0"]).check(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_open(address: str) -> None:
    Guard().check(ipaddress.ip_address(address))


@pytest.mark.parametrize("networks", [["10.0.0.1/8"], ["ten"], ["10.0.0.0/33"]])
def test_networks_that_are_none_are_refused(networks: list[str]) -> None:
    with pytest.raises(Refused, match="private networks"):
        Guard.parse(networks)


def test_no_socket_is_made_for_an_address_that_is_not_let_through() -> None:
    stream, tcp = socket.SOCK_STREAM, socket.IPPROTO_TCP
    with pytest.raises(AddressForbidden):
        Guard().socket((socket.AF_INET, stream, tcp, "", ("127.0.0.1", 443)))
    with pytest.raises(AddressForbidden):
        Guard().socket((socket.AF_INET6, stream, tcp, "", ("fe80::1%lo", 443, 0, 1)))
    with Guard().socket((socket.AF_INET, stream, tcp, "", ("1.1.1.1", 443))) as made:
        assert made.family == socket.AF_INET


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("203.0.113.7:30443", Place(host="203.0.113.7", port=30443)),
        ("[2001:db8::1]:443", Place(host="2001:db8::1", port=443)),
        ("gpu-1.example.org:65535", Place(host="gpu-1.example.org", port=65535)),
    ],
)
def test_an_endpoints_address_is_a_host_and_a_port(text: str, place: Place) -> None:
    assert place_of(text) == place
    assert str(place) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "203.0.113.7", "203.0.113.7:0", "203.0.113.7:65536", "203.0.113.7:443/x"),
        *("2001:db8::1:443", "[2001:db8::1]", "[2001:db8:::1]:443", "[fe80::1%eth0]:443"),
        *("user@example.org:443", "example.org.:443", "-a.example:443", "EXAMPLE.org:443"),
        *("https://example.org:443", "example.org:443\n", "a b:443", f"{'a.' * 130}b:443"),
    ],
)
def test_any_other_text_is_no_address(text: str) -> None:
    with pytest.raises(Refused, match="address"):
        place_of(text)


async def test_a_name_leads_to_all_of_its_addresses() -> None:
    names = GuardedNames(Guard(), lookup=lambda _: ["1.1.1.1", "2606:4700::1111"])
    found = await names.resolve("model.example", 443)
    assert [(each["host"], each["family"]) for each in found] == [
        ("1.1.1.1", socket.AF_INET),
        ("2606:4700::1111", socket.AF_INET6),
    ]
    assert {(each["hostname"], each["port"]) for each in found} == {("model.example", 443)}
    await names.close()


def test_the_system_is_asked_for_the_absolute_name_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def answer(name: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 0))] * 2

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert addresses_of("model.example") == ["1.1.1.1"]
    assert asked == ["model.example."]
