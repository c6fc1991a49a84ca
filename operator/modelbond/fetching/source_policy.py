"""From where weights may come: URL prefixes and networks that a host's owner opened."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

from modelbond.errors import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_PORTS = {"http": 80, "https": 443}
URL_LIMIT = 4096

# Never meant by a prefix or by a wide network: the node itself, its neighbours, cloud metadata.
# A network opens one of these only when it lies wholly inside it.
_DELICATE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "::/127",
        "fe80::/10",
        "ff00::/8",
        "fd00:ec2::254/128",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlPrefix:
    """A server and a folder on it; `path` ends in a slash."""

    scheme: str
    host: str
    port: int
    path: str

    def covers(self, url: SplitResult) -> bool:
        """Tell whether a checked URL lies in this folder."""
        same_server = (self.scheme, self.host, self.port) == _server(url)
        return same_server and f"{url.path or '/'}/".startswith(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePolicy:
    """The owner's word on sources. With nothing listed: https to public addresses."""

    prefixes: tuple[UrlPrefix, ...] = ()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Sequence[str]) -> Self:
        """Read `policy.sources`; Refused names the entry that is neither prefix nor CIDR."""
        prefixes = tuple(_prefix(entry) for entry in entries if "://" in entry)
        networks = tuple(_network(entry) for entry in entries if "://" not in entry)
        return cls(prefixes=prefixes, networks=networks)

    def check_url(self, url: str) -> None:
        """Raise Refused when this URL is out of bounds wherever its name may lead."""
        parts = split_url(url)
        literal = _literal(parts.hostname or "")
        if literal is not None:
            self.check_address(url, literal)
        elif not (self._named(parts) or self.networks or self._open_to_public(parts)):
            raise Refused("the URL is in none of the places that the host's policy opens")

    def check_address(self, url: str, address: Address) -> None:
        """Raise Refused when a request for this URL must not go to this address."""
        parts = split_url(url)
        target = _meant(address)
        delicate = any(_within(target, network) for network in _DELICATE)
        opened = any(_within(target, network) for network in self._networks(delicate=delicate))
        named = self._named(parts) and not delicate
        public = self._open_to_public(parts) and target.is_global and not delicate
        if not (opened or named or public):
            raise Refused("the URL leads to an address that the host's policy does not open")

    def _named(self, parts: SplitResult) -> bool:
        return any(prefix.covers(parts) for prefix in self.prefixes)

    def _open_to_public(self, parts: SplitResult) -> bool:
        return not self.prefixes and not self.networks and parts.scheme == "https"

    def _networks(self, *, delicate: bool) -> tuple[Network, ...]:
        if not delicate:
            return self.networks
        return tuple(net for net in self.networks if any(_inside(net, wide) for wide in _DELICATE))


def split_url(url: str) -> SplitResult:
    """Return the parts of an http(s) URL without tricks in it, or raise Refused."""
    if len(url) > URL_LIMIT or not url.isascii() or not url.isprintable() or " " in url:
        raise Refused("the URL is too long or holds characters that are not allowed")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("the URL cannot be read") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0:
        raise Refused("the URL is not http:// or https:// with a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Refused("the URL carries a password or a fragment")
    # A server may decode %2e%2e, so a prefix is only worth something without any of these.
    decoded = unquote(parts.path)
    if "\\" in decoded or "%" in decoded or ".." in decoded.split("/"):
        raise Refused("the URL's path leads upwards")
    return parts


def _prefix(entry: str) -> UrlPrefix:
    try:
        parts = split_url(entry)
    except Refused as refusal:
        raise Refused(f"source {entry!r}: {refusal}") from None
    if parts.query:
        raise Refused(f"source {entry!r}: a prefix has no query")
    scheme, host, port = _server(parts)
    return UrlPrefix(scheme=scheme, host=host, port=port, path=parts.path.rstrip("/") + "/")


def _network(entry: str) -> Network:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        raise Refused(f"source {entry!r} is neither a URL prefix nor a CIDR") from None


def _server(parts: SplitResult) -> tuple[str, str, int]:
    host = (parts.hostname or "").rstrip(".")
    return parts.scheme, host, parts.port or DEFAULT_PORTS[parts.scheme]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one only wraps."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def _inside(inner: Network, outer: Network) -> bool:
    match inner, outer:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network():
            return inner.subnet_of(outer)
        case ipaddress.IPv6Network(), ipaddress.IPv6Network():
            return inner.subnet_of(outer)
        case _:
            return False
