"""Which addresses of other owners' API servers are never connected to."""

import asyncio
import errno
import ipaddress
import socket
from urllib.parse import urlsplit

import aiohttp
import aiohttp.abc
from aiohttp.resolver import ThreadedResolver

from modelbond.errors import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Metadata services of clouds that are not link-local.
_METADATA = frozenset(
    ipaddress.ip_address(text) for text in ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)


def is_forbidden(address: Address) -> bool:
    """Tell whether the address is this machine's own, link-local or a metadata service."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return is_forbidden(address.ipv4_mapped)
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address in _METADATA
    )


def checked_server(server: str) -> str:
    """Return the host of an acceptable `server`; Refused says what is wrong with any other."""
    try:
        parts = urlsplit(server)
        host, _ = parts.hostname, parts.port
    except ValueError as failure:
        raise Refused(f"server: {failure}") from failure
    if parts.scheme != "https" or not host:
        raise Refused("server: must be https://HOST[:PORT]")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Refused("server: must hold no user, query or fragment")
    if parts.path not in ("", "/"):
        raise Refused("server: must hold no path")
    _refuse_forbidden_literal(host)
    return host


def _refuse_forbidden_literal(host: str) -> None:
    if host == "localhost" or host.endswith(".localhost"):
        raise Refused("server: must not be this machine itself")
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    if is_forbidden(address):
        raise Refused(f"server: {host} is loopback, link-local or a metadata address")


class GuardedResolver(aiohttp.abc.AbstractResolver):
    """Resolves names, and refuses those that lead to a forbidden address."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        """Return the addresses of the host; PermissionError where one is forbidden."""
        found = await ThreadedResolver(asyncio.get_running_loop()).resolve(host, port, family)
        for result in found:
            if is_forbidden(ipaddress.ip_address(result["host"].partition("%")[0])):
                message = f"{host} is {result['host']}, which is not connected to"
                raise PermissionError(errno.EACCES, message)
        return found

    async def close(self) -> None:
        """Release nothing."""
