from ipaddress import ip_address

import pytest

from modelbond.errors import Refused
from modelbond.fetching.source_policy import SourcePolicy

URL = "https://models.example.org/magika"


def allows(policy: SourcePolicy, url: str, address: str | None = None) -> bool:
    try:
        policy.check_url(url)
        if address is not None:
            policy.check_address(url, ip_address(address))
    except Refused:
        return False
    return True


def test_by_default_only_https_to_public_addresses_is_open() -> None:
    policy = SourcePolicy.parse([])
    assert allows(policy, URL, "93.184.216.34")
    assert allows(policy, "https://[2606:4700::1111]/m", "2606:4700::1111")
    assert not allows(policy, "http://models.example.org/magika")
    assert not allows(policy, "https://10.0.0.1/m")


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_by_default_no_inner_address_is_open_however_it_is_wrapped(address: str) -> None:
    assert not allows(SourcePolicy.parse([]), URL, address)


def test_a_prefix_opens_one_folder_of_one_server() -> None:
    policy = SourcePolicy.parse(["https://models.example.org/open"])
    for url in (
        "https://models.example.org/open",
        "https://models.example.org/open/magika/model.onnx",
        "https://models.example.org:443/open/",
        "https://MODELS.example.org./open/x",
    ):
        assert allows(policy, url, "10.0.0.7"), url
    for url in (
        "https://models.example.org/opening",
        "https://models.example.org/",
        "https://models.example.org:8443/open/x",
        "http://models.example.org/open/x",
        "https://models.example.org.evil.test/open/x",
        "https://models.example.org/open/%2e%2e/closed",
        "https://models.example.org/open/../closed",
        "https://models.example.org/open/%252e%252e/closed",
        "https://models.example.org/open/..%5cclosed",
    ):
        assert not allows(policy, url), url


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "fe80::1"])
def test_a_prefix_never_leads_to_the_node_itself_or_to_metadata(address: str) -> None:
    policy = SourcePolicy.parse(["https://models.example.org/"])
    assert not allows(policy, "https://models.example.org/magika", address)


def test_a_network_opens_its_addresses_over_both_schemes_and_nothing_else() -> None:
    policy = SourcePolicy.parse(["10.0.0.0/8", "fd12::/16"])
    assert allows(policy, "http://files.local/m", "10.9.9.9")
    assert allows(policy, "https://files.local/m", "fd12::5")
    assert allows(policy, "http://10.0.0.1:8080/m", "10.0.0.1")
    assert not allows(policy, URL, "93.184.216.34")
    assert not allows(policy, "http://192.168.0.1/m")


def test_a_wide_network_does_not_open_loopback_but_a_network_inside_loopback_does() -> None:
    assert not allows(SourcePolicy.parse(["0.0.0.0/0", "::/0"]), "http://127.0.0.1:1/m")
    assert not allows(SourcePolicy.parse(["0.0.0.0/0", "::/0"]), "http://[::1]:1/m")
    assert allows(SourcePolicy.parse(["127.0.0.0/8"]), "http://127.0.0.1:1/m")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://models.example.org/m",
        "file:///etc/passwd",
        "https:///m",
        "https://user:secret@models.example.org/m",
        "https://models.example.org/m#part",
        "https://models.example.org:0/m",
        "https://models.example.org:99999/m",
        "https://models.example.org/ü",
        "https://models.example.org/a b",
        "https://models.example.org/" + "a" * 4096,
    ],
)
def test_a_url_with_a_trick_in_it_is_refused(url: str) -> None:
    assert not allows(SourcePolicy.parse([]), url)


@pytest.mark.parametrize(
    "entry", ["10.999.0.0/8", "models.example.org", "ftp://x/", "https://x/?a=b", ""]
)
def test_an_entry_that_is_neither_prefix_nor_network_is_named(entry: str) -> None:
    with pytest.raises(Refused, match="source"):
        SourcePolicy.parse([entry])
