"""Looking up endpoints' names: shared, bounded, every answer checked."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from modelbond.watcher.guard import Guard

LOOKUPS_AT_ONCE = 64

Lookup = Callable[[str], list[str]]


def addresses_of(name: str) -> list[str]:
    """Ask the system for all addresses of an absolute name.

    The dot keeps a search list out: a name must not lead into the watcher's own cluster.
    """
    found = socket.getaddrinfo(f"{name}.", None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


class GuardedNames(AbstractResolver):
    """Names become addresses that the guard lets pass, or the whole name is refused.

    Lookups have threads of their own, and a name holds one of them however many ask for it: a host
    whose name servers hang takes no thread from the rest of the watcher.
    """

    def __init__(self, guard: Guard, *, lookup: Lookup = addresses_of) -> None:
        self._guard = guard
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="lookup")
        self._pending: dict[str, asyncio.Future[list[str]]] = {}

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - all are asked for
    ) -> list[ResolveResult]:
        """Return the addresses of the name; OSError where it has none, or one may not be used."""
        found = [ipaddress.ip_address(text.partition("%")[0]) for text in await self._asked(host)]
        for address in found:
            self._guard.check(address)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Give the threads back; one that hangs in a lookup ends with it."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _asked(self, name: str) -> list[str]:
        pending = self._pending.get(name)
        if pending is None:
            pending = self._begun(name)
        return await asyncio.shield(pending)  # others wait for it too

    def _begun(self, name: str) -> asyncio.Future[list[str]]:
        if len(self._pending) >= LOOKUPS_AT_ONCE:
            # In a queue behind strangers' names the wait would look like the endpoint's own.
            raise OSError(errno.EAGAIN, "all lookups are taken")
        loop = asyncio.get_running_loop()
        pending = loop.run_in_executor(self._threads, self._lookup, name)
        self._pending[name] = pending
        pending.add_done_callback(lambda done: self._over(name, done))
        return pending

    def _over(self, name: str, done: asyncio.Future[list[str]]) -> None:
        del self._pending[name]
        if not done.cancelled():
            done.exception()  # whoever asked may be gone: seen is seen
