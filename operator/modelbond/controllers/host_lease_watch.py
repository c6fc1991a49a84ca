"""What the chain shows of this host's offers: looked at in a task of its own, so nobody waits."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from modelbond.api.kinds import Json
from modelbond.errors import ModelbondError, Refused
from modelbond.ports.leases import HostChain, Look, OfferBook
from modelbond.reconcile.host_lease import (
    Given,
    Lapsed,
    Offered,
    Sight,
    Standing,
    given_of,
    standing,
)
from modelbond.reconcile.host_lease_offer import Purse
from modelbond.settlement.accounts import Bond
from modelbond.settlement.lease import Lease
from modelbond.settlement.offer import Offer, lease_id
from modelbond.settlement.units import LeaseId, Wei

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A lease of this host that is on chain. `time` is until when its node is final."""

    id: LeaseId
    offer: Offer
    lease: Lease
    time: int


class LeaseWatch:
    """Remembers the last looks. A chain that is gone changes nothing of what they showed."""

    def __init__(  # noqa: PLR0913 - what it looks at and whom it tells
        self,
        chain: HostChain,
        *,
        copies: Mapping[str, Json],
        book: OfferBook,
        target: Wei,
        on_lease: Callable[[Json], object],
        on_bond: Callable[[], object],
    ) -> None:
        self._chain = chain
        self._copies = copies
        self._book = book
        self._target = target
        self._on_lease = on_lease
        self._on_bond = on_bond
        self._offers: dict[LeaseId, Offer] | None = None
        self._looks: tuple[Look, ...] = ()
        self._bond: Bond | None = None
        self._told: dict[str, Standing] = {}
        self.trouble: str | None = "the chain was not looked at yet"

    def lease(self, offer: Offer) -> LeaseId:
        """Return the lease that the offer opens."""
        return lease_id(offer, domain=self._chain.place.offers)

    def standing(self, given: Given | None) -> Standing | None:
        """Return how things stand for an offer; None without one."""
        return None if given is None else self._stands(self.lease(given.offer), given.offer)

    async def gave(self, offer: Offer) -> None:
        """Write an offer down before anybody sees it."""
        lease = self.lease(offer)
        await self._book.keep(lease, offer)
        if self._offers is not None:
            self._offers[lease] = offer

    def purse(self, *, beside: tuple[bytes, int] | None = None) -> Purse | None:
        """Return the bond and what is promised out of it; None before both were seen.

        `beside` is a slot and an epoch whose earlier offers do not count: one opens at most.
        """
        if self._bond is None or self._offers is None:
            return None
        promised = sum(
            offer.cover
            for lease, offer in self._offers.items()
            if (offer.slot, offer.epoch) != beside
            and isinstance(self._stands(lease, offer), Offered)
        )
        return Purse(bond=self._bond, promised=Wei(promised), target=self._target)

    def opened(self) -> Iterator[Opened]:
        """Yield the leases that are on chain, as the node that is furthest shows them."""
        for lease, offer in (self._offers or {}).items():
            seen = [(look.time, look.leases.get(lease)) for look in self._looks]
            known = [(time, state) for time, state in seen if state is not None]
            if known:
                time, state = max(known, key=lambda one: one[0])
                yield Opened(id=lease, offer=offer, lease=state, time=time)

    async def settled(self, lease: LeaseId) -> None:
        """Forget a lease of which nothing can come any more."""
        await self._book.drop(lease)
        if self._offers is not None:
            self._offers.pop(lease, None)

    async def run(self, *, poll_seconds: float) -> None:
        """Look for ever: meant for a Supervisor."""
        while True:
            await self.round()
            await asyncio.sleep(poll_seconds)

    async def round(self) -> None:
        """Look once at every offer that was made."""
        if self._offers is None:
            self._offers = dict(await self._book.kept())
        for copy in list(self._copies.values()):
            given = given_in(copy)
            if given is not None and given.offer.host == self._chain.address:
                self._offers.setdefault(self.lease(given.offer), given.offer)
        try:
            looks = await self._chain.look([*self._offers])
            bond = await self._chain.bond()
        except ModelbondError as failure:
            self._in_trouble(failure)
            return
        self._looks, self._bond = tuple(looks), bond
        await self._forget_lapsed()
        self._tell(better=self.trouble is not None)
        self.trouble = None
        self._on_bond()

    async def _forget_lapsed(self) -> None:
        carried = {
            self.lease(given.offer)
            for copy in list(self._copies.values())
            if (given := given_in(copy)) is not None
        }
        for lease, offer in list((self._offers or {}).items()):
            if lease not in carried and isinstance(self._stands(lease, offer), Lapsed):
                await self.settled(lease)

    def _in_trouble(self, failure: ModelbondError) -> None:
        if self.trouble is None:
            _log.warning("the chain cannot be seen", extra={"reason": str(failure)})
        self.trouble = str(failure)

    def _tell(self, *, better: bool) -> None:
        """Let every copy be looked at whose lease stands otherwise than before."""
        for key, copy in list(self._copies.items()):
            stands = self.standing(given_in(copy))
            wished = copy.get("spec", {}).get("lease") is not None
            if (better and wished) or (stands is not None and self._told.get(key) != stands):
                if stands is not None:
                    self._told[key] = stands
                self._on_lease(copy)
        for key in self._told.keys() - self._copies.keys():
            del self._told[key]

    def _stands(self, lease: LeaseId, offer: Offer) -> Standing:
        sights = [
            Sight(time=look.time, lease=look.leases[lease])
            for look in self._looks
            if lease in look.leases
        ]
        return standing(offer, sights, witnesses=self._chain.witnesses)


def given_in(copy: Json) -> Given | None:
    """Return the offer of a copy, or None where it cannot be read either."""
    try:
        return given_of(copy)
    except Refused:
        return None
