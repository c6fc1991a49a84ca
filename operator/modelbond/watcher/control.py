"""The positive control: who cannot reach what is known to be good knows nothing of the rest."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

import aiohttp

from modelbond.ports.process import Clock

_log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[bool]]
"""Tells whether a known-good target answered; one that is not done in time counts as no."""

_ATTEMPTS = 2


class Control:
    """Asks the own echo, and peers outside of which one must answer; remembers when either failed.

    A single peer that is down makes nobody blind; without peers the echo stands alone.
    """

    def __init__(self, *, clock: Clock, echo: Check, peers: Sequence[Check] = ()) -> None:
        self._clock = clock
        self._echo = echo
        self._peers = tuple(peers)
        self._last_good: float | None = None
        self._last_failed: float | None = None

    def ok_since(self, monotonic: float) -> bool:
        """Tell whether there was a round since that moment, and none of them failed."""
        good, failed = self._last_good, self._last_failed
        return good is not None and good >= monotonic and (failed is None or failed < monotonic)

    async def round(self, *, deadline_seconds: float) -> None:
        """Ask once."""
        asked = [self._answered(check, deadline_seconds) for check in (self._echo, *self._peers)]
        echo, *peers = await asyncio.gather(*asked)
        if echo and (any(peers) or not peers):
            self._last_good = self._clock.monotonic()
            return
        self._last_failed = self._clock.monotonic()
        _log.warning("the positive control failed", extra={"echo": echo, "peers": sum(peers)})

    async def _answered(self, check: Check, deadline_seconds: float) -> bool:
        """Ask twice at most: a lost packet is no lost network."""
        for _ in range(_ATTEMPTS):
            try:
                async with asyncio.timeout(deadline_seconds / _ATTEMPTS):
                    if await check():
                        return True
            except Exception as failure:  # noqa: BLE001 - whatever it is, the control did not pass
                _log.debug("a control's check failed", extra={"error": repr(failure)})
        return False


class Peers:
    """Asks other watchers' status pages, each time over a new connection and with a new lookup.

    Their answers are worth nothing but that they came, so nothing is asked of their certificates.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, use_dns_cache=False, ssl=False),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _failure: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    def checks(self) -> list[Check]:
        """Return one check for each peer."""
        return [self._check(url) for url in self._urls]

    def _check(self, url: str) -> Check:
        async def check() -> bool:
            async with self._session.get(url, allow_redirects=False) as response:
                return response.status == 200

        return check
