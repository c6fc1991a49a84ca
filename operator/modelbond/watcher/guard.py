"""Where probes may go: every address is checked, and the very one that was checked is connected to.

A host signs the address of its endpoint, so a stranger says where a watcher connects to. Names are
looked up here and nowhere else, and each socket is made here for one address: nothing can change
between the check and the connection.
"""

import errno
import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from modelbond.adapters.addresses import Address, is_forbidden
from modelbond.errors import Refused

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLACE = re.compile(rf"(?:\[([0-9a-f:.]+)\]|({_LABEL}(?:\.{_LABEL})*)):([1-9][0-9]{{0,4}})")
_NAME_LIMIT = 253
_PORT_LIMIT = 65535


class AddressForbidden(PermissionError):
    """No watcher goes there: the machine itself, its link, cloud metadata, many at once."""

    def __init__(self, address: str) -> None:
        super().__init__(errno.EACCES, f"{address} is never connected to")


class AddressNotOpened(PermissionError):
    """A private address, in no network that this watcher's configuration opens."""

    def __init__(self, address: str) -> None:
        super().__init__(errno.EACCES, f"{address} is in no network that is opened here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an endpoint is: a host name or a literal address, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def place_of(address: str) -> Place:
    """Read `IP:port`, `[IPv6]:port` or `name:port` of an endpoint record; Refused names the fault.

    Nothing is looked up, and no address judged.
    """
    found = _PLACE.fullmatch(address)
    if found is None or int(found[3]) > _PORT_LIMIT:
        raise Refused(f"address: {address[:80]!r} must be IP:port, [IPv6]:port or name:port")
    host = found[1] or found[2]
    if found[1] is not None and _literal(host) is None:
        raise Refused(f"address: {host[:80]!r} is no IPv6 address")
    if len(host) > _NAME_LIMIT:
        raise Refused(f"address: the name is longer than {_NAME_LIMIT} characters")
    return Place(host=host, port=int(found[3]))


class Guard:
    """Judges addresses: public ones and those of the opened networks pass.

    An opened network opens nothing of what is forbidden to everybody.
    """

    def __init__(self, opened: Sequence[Network] = ()) -> None:
        self._opened = tuple(opened)

    @classmethod
    def parse(cls, networks: Sequence[str]) -> Self:
        """Read the CIDRs of private networks that the watcher's owner opens."""
        try:
            return cls([ipaddress.ip_network(text) for text in networks])
        except ValueError as failure:
            raise Refused(f"private networks: {failure}") from failure

    def check(self, address: Address) -> None:
        """Raise AddressForbidden or AddressNotOpened where no probe may go to this address."""
        meant = _meant(address)
        if is_forbidden(meant) or is_forbidden(address):
            raise AddressForbidden(str(address))
        if not meant.is_global and not any(_within(meant, each) for each in self._opened):
            raise AddressNotOpened(str(address))

    def socket(self, addr_info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        """Return a socket for exactly this address, if it may be connected to (aiohttp's factory).

        Literal addresses are looked up nowhere: this is where they are judged.
        """
        family, kind, protocol, _, place = addr_info
        self.check(ipaddress.ip_address(str(place[0]).partition("%")[0]))
        return socket.socket(family=family, type=kind, proto=protocol)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one only wraps: what a gateway would connect to."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network
