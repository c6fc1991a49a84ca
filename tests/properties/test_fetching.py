"""What holds for every list of files, every URL and every wait."""

import contextlib
import hashlib
from ipaddress import IPv4Address, IPv6Address, ip_address

from hypothesis import given
from hypothesis import strategies as st

from modelbond.errors import Refused
from modelbond.fetching.backoff import RETRY_AFTER_LIMIT_SECONDS, Backoff
from modelbond.fetching.source_policy import SourcePolicy
from modelbond.fetching.sums import parse, render

NAMES = st.text("abcXYZ019-_. é", min_size=1, max_size=12).filter(lambda name: name.strip("."))
HASHES = st.binary(max_size=8).map(lambda data: hashlib.sha256(data).hexdigest())
PUBLIC = SourcePolicy.parse([])
URL = "https://models.example.org/model"


def allowed(policy: SourcePolicy, address: IPv4Address | IPv6Address) -> bool:
    try:
        policy.check_address(URL, address)
    except Refused:
        return False
    return True


@given(st.dictionaries(NAMES, HASHES, min_size=1, max_size=20))
def test_what_is_rendered_reads_back_as_the_same_files(files: dict[str, str]) -> None:
    content = render({name.encode(): digest for name, digest in files.items()})
    assert {file.path: file.sha256 for file in parse(content)} == files


@given(st.dictionaries(NAMES, HASHES, min_size=1, max_size=20))
def test_a_list_has_one_form_only(files: dict[str, str]) -> None:
    content = render({name.encode(): digest for name, digest in files.items()})
    again = render({file.path.encode(): file.sha256 for file in parse(content)})
    assert again == content


@given(st.binary(max_size=400))
def test_a_strangers_bytes_are_read_or_refused_and_nothing_else(content: bytes) -> None:
    with contextlib.suppress(Refused):
        for file in parse(content):
            assert not file.path.startswith("/")
            assert ".." not in file.path.split("/")


@given(st.text(max_size=60).map(lambda tail: f"https://{tail}") | st.text(max_size=60))
def test_a_strangers_url_is_judged_and_nothing_else(url: str) -> None:
    with contextlib.suppress(Refused):
        PUBLIC.check_url(url)
        assert url.startswith(("https://", "HTTPS://")) or url[:5].lower() == "https"


@given(st.ip_addresses())
def test_by_default_only_addresses_of_the_public_net_are_open(
    address: IPv4Address | IPv6Address,
) -> None:
    if allowed(PUBLIC, address):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_in_ipv6_opens_nothing(address: IPv4Address) -> None:
    wrapped = ip_address(f"::ffff:{address}")
    translated = IPv6Address((0x64FF9B << 96) + int(address))
    assert allowed(PUBLIC, wrapped) == allowed(PUBLIC, translated) == allowed(PUBLIC, address)


@given(
    st.integers(0, 10_000),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.floats(0, 1e12),
)
def test_a_wait_is_never_too_short_nor_without_end(
    attempt: int, fraction: float, wish: float | None
) -> None:
    backoff = Backoff()
    seconds = backoff.delay_seconds(attempt, fraction=fraction, retry_after_seconds=wish)
    assert backoff.first_seconds / 2 <= seconds
    assert seconds <= max(backoff.limit_seconds, RETRY_AFTER_LIMIT_SECONDS)
