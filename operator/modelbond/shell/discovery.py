"""Before kopf starts: wait until all four kinds are served, since kopf looks only once."""

import asyncio
import logging
from typing import Protocol

from modelbond.api.kinds import GROUP, OUR_KINDS, VERSION
from modelbond.errors import ModelbondError

_log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_SAY_EACH = 15


class Discovery(Protocol):
    """The part of an API server that says what it serves."""

    async def served_plurals(self, *, group: str, version: str) -> frozenset[str]:
        """Return the resources of that group and version."""


async def wait_until_served(discovery: Discovery) -> None:
    """Return once all four kinds are in discovery; say now and then what is missing."""
    wanted = {kind.plural for kind in OUR_KINDS}
    polls = 0
    while missing := wanted - await _served(discovery):
        if polls % _SAY_EACH == 0:
            _log.warning("waiting for the CRDs to be served", extra={"missing": sorted(missing)})
        polls += 1
        await asyncio.sleep(_POLL_SECONDS)


async def _served(discovery: Discovery) -> frozenset[str]:
    try:
        return await discovery.served_plurals(group=GROUP, version=VERSION)
    except ModelbondError as failure:
        _log.warning("discovery failed", extra={"detail": str(failure)})
        return frozenset()
