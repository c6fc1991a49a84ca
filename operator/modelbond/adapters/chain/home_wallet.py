"""A customer's key in the hands of the home: implements ports.Wallet."""

from modelbond.adapters.chain.bond_views import BondViews
from modelbond.adapters.chain.chain import Acting
from modelbond.adapters.chain.under_way import UnderWay
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer, lease_id
from modelbond.settlement.place import ChainPlace
from modelbond.settlement.report import Proof
from modelbond.settlement.units import Address, SliceCount, Wei, address

OPENING_SECONDS = 86_400


class HomeWallet:
    """Carries out by one writer. Payments of one key share an allowance, so they queue there."""

    def __init__(
        self, acting: Acting, *, views: BondViews, place: ChainPlace, under_way: UnderWay
    ) -> None:
        self._acting = acting
        self._views = views
        self._place = place
        self._under_way = under_way

    @property
    def address(self) -> Address:
        """Return whose wallet it is."""
        return address(self._acting.writer.address)

    async def is_opening(self, offer: Offer) -> bool:
        """Tell whether it was begun, final or not."""
        return await self._acting.bond.opening(offer)

    async def open_lease(self, offer: Offer, *, signature: bytes, slices: SliceCount) -> None:
        """Open and pay, by a permit that lasts as long as the offer can be taken."""
        bond = self._acting.bond
        begins = max(0, offer.expiry - OPENING_SECONDS)
        await self._under_way.ended(
            self._name("open", offer),
            lambda: bond.open_lease(offer, signature=signature, slices=slices, now=begins),
        )

    async def top_up(self, offer: Offer, *, slices: SliceCount, once: str) -> None:
        """Pay for more slices."""
        await self._under_way.ended(
            self._name("top up", offer, slices, once),
            lambda: self._acting.bond.top_up(offer, slices=slices, once=once),
        )

    async def close(self, offer: Offer) -> None:
        """Give notice."""
        await self._under_way.ended(
            self._name("close", offer), lambda: self._acting.bond.close(offer)
        )

    async def settle(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Be credited."""
        await self._under_way.ended(
            self._name("settle", offer, leaf),
            lambda: self._acting.bond.settle(offer, leaf, proof),
        )

    async def release(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Deal all out."""
        await self._under_way.ended(
            self._name("release", offer), lambda: self._acting.bond.release(offer, leaf, proof)
        )

    async def receipt(self, offer: Offer, leaf: Leaf) -> bytes | None:
        """Return by which transaction a leaf was settled, from the ledger."""
        mined = await self._under_way.ended(
            self._name("receipt", offer, leaf), lambda: self._acting.bond.receipt(offer, leaf)
        )
        return mined.hash if mined else None

    async def release_abandoned(self, offer: Offer) -> None:
        """Deal it out without the last leaf."""
        await self._under_way.ended(
            self._name("abandon", offer), lambda: self._acting.bond.release_abandoned(offer)
        )

    async def claimable(self) -> Wei:
        """Return what waits at the contract."""
        return await self._views.claimable(self.address)

    async def claim(self, *, once: str) -> None:
        """Take it."""
        await self._under_way.ended(
            f"claim/{self.address}/{once}", lambda: self._acting.bond.claim(once=once)
        )

    def _name(self, action: str, offer: Offer, *facts: object) -> str:
        lease = lease_id(offer, domain=self._place.offers).hex()
        return "/".join([action, lease, *map(str, facts)])
