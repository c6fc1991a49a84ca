"""Maintenance is announced on chain before it begins, as the host's owner wrote on the copy."""

from collections.abc import Mapping

from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.controllers.host_lease_watch import LeaseWatch, given_in
from modelbond.errors import ModelbondError, TransientError
from modelbond.ports.cluster import Events
from modelbond.ports.leases import HostChain
from modelbond.reconcile.host_lease import Given, Running
from modelbond.reconcile.host_maintenance import asked_for, window_of


class Maintenance:
    """Announces each window once. What the contract refuses is told on the copy, once too."""

    def __init__(
        self, *, chain: HostChain, watch: LeaseWatch, copies: Mapping[str, Json], events: Events
    ) -> None:
        self._chain = chain
        self._watch = watch
        self._copies = copies
        self._events = events
        self._done: dict[str, str] = {}

    async def round(self) -> None:
        """Announce what was not announced."""
        copies = list(self._copies.values())
        for copy in copies:
            text, uid = asked_for(copy), copy["metadata"]["uid"]
            if text is None or self._done.get(uid) == text:
                continue
            given = given_in(copy)
            if given is not None and isinstance(self._watch.standing(given), Running):
                await self._announce(copy, given, text=text)
        for uid in self._done.keys() - {copy["metadata"]["uid"] for copy in copies}:
            del self._done[uid]

    async def _announce(self, copy: Json, given: Given, *, text: str) -> None:
        try:
            start, slices = window_of(text).slices(slice_seconds=given.offer.slice_seconds)
            await self._chain.announce(given.offer, start=start, slices=slices)
        except TransientError:
            return  # on its way, or the chain is silent: the next round asks again
        except ModelbondError as failure:
            self._done[copy["metadata"]["uid"]] = text
            message = f"maintenance {text} was not announced: {failure}"
            await self._events.warning(copy, reason=Reason.CHAIN_REFUSED.value, message=message)
            return
        self._done[copy["metadata"]["uid"]] = text
        message = f"slices {start} to {start + slices - 1} are announced: they are not measured"
        await self._events.normal(copy, reason=Reason.MAINTENANCE_ANNOUNCED.value, message=message)
