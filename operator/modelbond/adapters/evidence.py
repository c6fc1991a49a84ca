"""The data behind reports, from whichever watcher has it: implements ports.Evidence."""

import logging
from collections.abc import Sequence

import aiohttp

from modelbond.adapters.bodies import bounded
from modelbond.settlement.units import Digest
from modelbond.sla.text import hexed, text_hash

_log = logging.getLogger(__name__)

LONGEST_BYTES = 64 * 2**20
DEADLINE_SECONDS = 30.0


class HttpEvidence:
    """Asks one watcher after the other. What has another hash is nobody's evidence."""

    def __init__(
        self, watchers: Sequence[str], *, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        self._watchers = tuple(url.rstrip("/") for url in watchers)
        self._timeout = aiohttp.ClientTimeout(total=deadline_seconds)

    async def fetch(self, data_hash: Digest) -> str | None:
        """Return the text of that hash, or None where nobody serves it at present."""
        async with aiohttp.ClientSession(timeout=self._timeout) as session:
            for watcher in self._watchers:
                text = await self._served(session, watcher, data_hash)
                if text is not None and text_hash(text) == data_hash:
                    return text
        return None

    async def _served(
        self, session: aiohttp.ClientSession, watcher: str, data_hash: Digest
    ) -> str | None:
        url = f"{watcher}/v1/evidence/{hexed(data_hash)}"
        try:
            async with session.get(url, allow_redirects=False) as answer:
                if answer.status != 200:
                    return None
                return await _text(answer)
        except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
            fields = {"watcher": watcher, "error": type(failure).__name__}
            _log.warning("a watcher serves no evidence", extra=fields)
            return None


async def _text(answer: aiohttp.ClientResponse) -> str:
    body = await bounded(answer.content, limit_bytes=LONGEST_BYTES)
    if body is None:
        raise ValueError("more than evidence can be")
    return body.decode()
