"""When a home is tried again: soon while all is well, ever later while it is not."""

import asyncio
from collections.abc import Awaitable, Callable

from modelbond.errors import ModelbondError
from modelbond.ports.process import Wait

SOON_SECONDS = 2.0


class Patience:
    """Grows with every try in vain, and ends at once when `news` shows another invitation."""

    def __init__(
        self,
        *,
        wait: Wait,
        news: Callable[[], Awaitable[str]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._wait = wait
        self._look = news
        self._sleep = sleep
        self._tries = 0
        self._known = ""

    async def tries(self) -> None:
        """Take note that the home is asked now."""
        self._tries += 1
        self._known = await self._news()

    def worked(self) -> None:
        """Take note that the home gave what it was asked for."""
        self._tries = 0

    async def rest(self) -> None:
        """Wait until the home should be looked at again."""
        left = self._wait(self._tries) if self._tries else SOON_SECONDS
        while left > SOON_SECONDS:
            await self._sleep(SOON_SECONDS)
            left -= SOON_SECONDS
            if await self._news() != self._known:
                self._tries = 0
                return
        await self._sleep(left)

    async def _news(self) -> str:
        try:
            return await self._look()
        except ModelbondError:
            # Our own API server does not answer: that is no news.
            return self._known
