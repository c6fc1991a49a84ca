"""ModelBond in domain words: bonds, leases, settlement. Each action happens once, by its name."""

from modelbond.adapters.chain.abi import explained
from modelbond.adapters.chain.actions import Call, Mined
from modelbond.adapters.chain.asset import Asset
from modelbond.adapters.chain.contract import Contract
from modelbond.adapters.chain.writer import Writer
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.money import price
from modelbond.settlement.offer import Offer, bond_domain, lease_id
from modelbond.settlement.report import Proof
from modelbond.settlement.units import Address, LeaseId, SliceCount, SliceIndex, Wei

PERMIT_SECONDS = 86_400


class BondActions:
    """What a host, a customer or anybody does with ModelBond, with one key.

    Where the same thing can be meant twice (to bond 100, and 100 more), the caller gives it a name
    in `once`; where it cannot, it is named after the lease. ActionPending says that it is on its
    way; Reverted says why the contract refused, and asking again tries again.
    """

    def __init__(self, contract: Contract, *, asset: Asset, writer: Writer, chain_id: int) -> None:
        self._contract = contract
        self._asset = asset
        self._writer = writer
        self._domain = bond_domain(chain_id=chain_id, contract=contract.address)

    async def bond(self, amount: Wei, *, once: str) -> None:
        """Add to this key's bond."""
        await self._pay("bond", amount, amount=amount, once=f"bond/{amount}/{once}")

    async def withdraw_bond(self, amount: Wei, *, once: str) -> None:
        """Take free bond back."""
        await self._do("withdrawBond", amount, once=f"withdraw bond/{amount}/{once}")

    async def open_lease(
        self, offer: Offer, *, signature: bytes, slices: SliceCount, now: int
    ) -> LeaseId:
        """Open the lease of a signed offer and pay for its first slices; by permit if possible."""
        lease = self._lease(offer)
        once = f"open/{lease.hex()}"
        with explained():
            if not await self._writer.begun(once):
                await self._begin_opening(offer, signature, slices, once=once, now=now)
            await self._writer.finish(once)
        return lease

    async def top_up(self, offer: Offer, *, slices: SliceCount, once: str) -> None:
        """Pay for more slices of a lease."""
        name = f"top up/{self._lease(offer).hex()}/{slices}/{once}"
        amount = price(slices, offer.rate)
        await self._pay("topUp", offer.values(), slices, amount=amount, once=name)

    async def close(self, offer: Offer) -> None:
        """Give notice, as customer or host."""
        await self._do("close", offer.values(), once=f"close/{self._lease(offer).hex()}")

    async def announce(self, offer: Offer, *, start: SliceIndex, slices: SliceCount) -> None:
        """Announce maintenance, as host."""
        once = f"announce/{self._lease(offer).hex()}/{start}/{slices}"
        await self._do("announce", offer.values(), start, slices, once=once)

    async def opening(self, offer: Offer) -> bool:
        """Tell whether opening the lease of that offer is under way, or done."""
        return await self._writer.begun(f"open/{self._lease(offer).hex()}")

    async def settle(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Credit the customer for what a final report says."""
        await self._by_leaf("settle", offer, leaf, proof)

    async def withdraw_stream(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Settle, and take what this host has earned and not been paid."""
        await self._by_leaf("withdrawStream", offer, leaf, proof)

    async def withdraw_stalled(self, offer: Offer, *, once: str) -> None:
        """Take what the tower's stall freed, as host."""
        name = f"withdraw stalled/{self._lease(offer).hex()}/{once}"
        await self._do("withdrawStalled", offer.values(), once=name)

    async def release(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Deal out all money of a lease that is measured through its end."""
        once = f"release/{self._lease(offer).hex()}"
        await self._do("release", offer.values(), _leaf(leaf), _proof(proof), once=once)

    async def release_abandoned(self, offer: Offer) -> None:
        """Deal out all money of an ended lease whose tower fell silent."""
        once = f"release abandoned/{self._lease(offer).hex()}"
        await self._do("releaseAbandoned", offer.values(), once=once)

    async def claim(self, *, once: str) -> None:
        """Take this key's balance: credits, refunds and the rest of streams."""
        await self._do("claim", once=f"claim/{once}")

    async def claim_pay(self, tower: Address, awarded: Wei, proof: Proof) -> None:
        """Take what a tower's reports award to this watcher's key."""
        once = f"claim pay/{tower}/{awarded}"
        await self._do("claimPay", tower, awarded, _proof(proof), once=once)

    async def _begin_opening(
        self, offer: Offer, signature: bytes, slices: SliceCount, *, once: str, now: int
    ) -> None:
        terms, amount = offer.values(), price(slices, offer.rate)
        deadline = now + PERMIT_SECONDS
        permit = await self._asset.permit(self._contract.address, amount, deadline=deadline)
        if permit is None:
            call = self._contract.call("open", terms, signature, slices)
            await self._asset.pay(call, amount=amount, once=once)
        else:
            call = self._contract.call("openWithPermit", terms, signature, slices, permit)
            await self._writer.intend(call, once=once)

    async def receipt(self, offer: Offer, leaf: Leaf) -> Mined | None:
        """Return by what this key settled a leaf, once it is final; None where it did not."""
        release = f"release/{self._lease(offer).hex()}"
        for once in (self._leaf_name("settle", offer, leaf), release):
            if await self._writer.begun(once):
                return await self._writer.finish(once)
        return None

    async def _by_leaf(self, function: str, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        once = self._leaf_name(function, offer, leaf)
        await self._do(function, offer.values(), _leaf(leaf), _proof(proof), once=once)

    def _leaf_name(self, function: str, offer: Offer, leaf: Leaf) -> str:
        counts = f"{leaf.through}/{leaf.unearned}/{leaf.breach}"
        return f"{function}/{self._lease(offer).hex()}/{counts}"

    async def _do(self, function: str, *arguments: object, once: str) -> None:
        with explained():
            await self._writer.carry_out(self._call(function, *arguments), once=once)

    async def _pay(self, function: str, *arguments: object, amount: Wei, once: str) -> None:
        with explained():
            await self._asset.pay(self._call(function, *arguments), amount=amount, once=once)

    def _call(self, function: str, *arguments: object) -> Call:
        return self._contract.call(function, *arguments)

    def _lease(self, offer: Offer) -> LeaseId:
        return lease_id(offer, domain=self._domain)


def _leaf(leaf: Leaf) -> dict[str, int]:
    return {"through": leaf.through, "unearned": leaf.unearned, "breach": leaf.breach}


def _proof(proof: Proof) -> dict[str, object]:
    return {"report": proof.report.values(), "path": list(proof.path)}
