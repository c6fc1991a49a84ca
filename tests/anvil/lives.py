"""The life of one lease, step by step, on the deployed contracts and in Python side by side."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import event
from hypothesis import strategies as st

from anvil.kinds import counts, proof_values
from anvil.market import DAY, FRAME, OWNER, Market
from modelbond.adapters.chain.bond_views import BondViews
from modelbond.errors import Refused
from modelbond.settlement.accounts import (
    Bond,
    Released,
    abandoned,
    freed,
    released,
    settled,
    streamed,
)
from modelbond.settlement.lease import Lease, opened, succeeded
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.units import SliceCount, Wei

BONDED, SLICES = 5_000_000, 2_000

deltas = st.tuples(st.integers(-3, 250), st.integers(-3, 40), st.integers(-3, 200))
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["settle", "withdraw", "release"]), deltas),
        st.tuples(st.sampled_from(["close", "succeed", "stall", "withdraw stalled", "abandon"])),
        st.tuples(st.just("top up"), st.integers(1, 300)),
        st.tuples(st.just("pass"), st.sampled_from([59, FRAME, DAY, 12 * DAY])),
    ),
    min_size=3,
    max_size=10,
)


@dataclass(slots=True, kw_only=True)
class Life:
    """The lease as Python sees it, and what it moved; `compare` asks the chain."""

    market: Market
    offer: Offer
    lease: Lease
    reported_through: int
    stalled_through: int = 0
    bond: Bond
    customer: int = 0
    host: int = 0
    pool: int = 0

    @classmethod
    async def begun(cls, market: Market) -> "Life":
        """Bond, open, and say what that makes."""
        offer = market.offer(credit_per_slice=3_001, notice=SliceCount(300))
        await market.do(market.host.address, "bond", "bond", BONDED)
        await market.open(offer, slices=SLICES)
        time = await market.chain.time()
        said = await market.view._watch_tower.read("progress", at="latest")
        return cls(
            market=market,
            offer=offer,
            lease=opened(offer, slices=SliceCount(SLICES), time=time),
            reported_through=said["reportedThrough"],
            bond=Bond(total=Wei(BONDED), reserved=offer.cover),
        )

    async def take(self, step: str, *arguments: Any) -> None:
        """Take one step on both sides: it is refused by both, or by neither."""
        match step:
            case "pass":
                await self.market.chain.pass_by(arguments[0])
            case "settle" | "withdraw" | "release":
                await self._by_leaf(step, *arguments[0])
            case "top up":
                (slices,) = arguments
                await self._both(
                    lambda time: self._top_up(SliceCount(slices), time), "topUp", slices
                )
            case "close":
                await self._both(self._close, "close")
            case "abandon":
                await self._both(self._abandon, "releaseAbandoned")
            case "withdraw stalled":
                await self._both(lambda _: self._stream(self._freed()), "withdrawStalled")
            case "succeed":
                await self._succeed()
            case "stall":
                await self._stall()

    async def compare(self) -> None:
        """Everything that the contract holds is what Python says."""
        view = BondViews(self.market.view._model_bond, at="latest")
        assert await view.lease(self.market.lease(self.offer)) == self.lease
        assert await view.bond_of(self.offer.host) == self.bond
        assert await view.claimable(self.offer.customer) == self.customer
        assert await view.claimable(self.offer.host) == self.host
        assert await view.pool_of(self.offer.tower) == self.pool

    async def _both(self, model: Callable[[int], None], function: str, *arguments: Any) -> None:
        """Do it on chain at a chosen second, and in Python as if at that second."""
        time = await self.market.chain.time() + 7
        before = replace(self)
        try:
            self._refuse_released()
            model(time)
            refused = ""
        except Refused as refusal:
            refused = str(refusal)
            self._become(before)
        await self.market.chain.ask("evm_setNextBlockTimestamp", time)
        terms = self.offer.values()
        reverted = await self.market.refuses(
            self.market.host.address, "bond", function, terms, *arguments
        )
        event(f"{function} {'is refused' if reverted else 'is done'}")
        assert reverted == bool(refused), f"{function}: Python says {refused or 'yes'}"

    async def _by_leaf(self, step: str, earned: int, other: int, breach: int) -> None:
        was = self.lease.measured
        if step == "release" and earned % 2:  # half of them with the last leaf
            earned = self.lease.length - was.through - other - breach
        unearned = was.unearned - was.breach + other
        sums = (was.earned + earned, unearned, was.breach + breach)
        if min(sums) < 0:
            return  # such a leaf cannot be said in Python at all
        counted = Leaf(
            through=SliceCount(sum(sums)),
            unearned=SliceCount(sums[1] + sums[2]),
            breach=SliceCount(sums[2]),
        )
        await self.market.chain.pass_by(FRAME)
        proof = await self.market.final_proof(self.market.lease(self.offer), counted)
        self.reported_through = (proof.report.frame + 1) * FRAME
        function = {"settle": "settle", "withdraw": "withdrawStream", "release": "release"}[step]
        moves = {"settle": self._settle, "withdraw": self._withdraw, "release": self._release}
        values = counts(counted), proof_values(proof)
        await self._both(lambda _: moves[step](counted), function, *values)

    def _settle(self, counted: Leaf) -> None:
        done = settled(
            self.lease, counted, offer=self.offer, reported_through=self.reported_through
        )
        self.lease = done.lease
        self.customer += done.credited
        self.bond = Bond(
            total=Wei(self.bond.total - done.credited),
            reserved=Wei(self.bond.reserved - done.credited),
        )

    def _withdraw(self, counted: Leaf) -> None:
        self._settle(counted)
        self._stream(SliceCount(0))

    def _stream(self, slices: SliceCount) -> None:
        done = streamed(self.lease, offer=self.offer, freed=slices)
        if not done.host:
            raise Refused("nothing to pay")
        self.lease = done.lease
        self.pool += done.fee

    def _freed(self) -> SliceCount:
        return freed(
            self.lease, reported_through=self.reported_through, horizon=self.stalled_through
        )

    def _release(self, counted: Leaf) -> None:
        if self.lease.measured.through < self.lease.length:
            self._settle(counted)
        self._deal_out(released(self.lease, offer=self.offer))

    def _abandon(self, time: int) -> None:
        self._deal_out(
            abandoned(
                self.lease, offer=self.offer, reported_through=self.reported_through, time=time
            )
        )

    def _deal_out(self, done: Released) -> None:
        self.lease = done.lease
        self.host += done.host
        self.customer += done.refund
        self.pool += done.fee
        self.bond = replace(self.bond, reserved=Wei(self.bond.reserved - done.freed_cover))

    def _close(self, time: int) -> None:
        self.lease = self.lease.with_notice(time)

    def _top_up(self, slices: SliceCount, time: int) -> None:
        self.lease = self.lease.with_funds(slices, time=time)

    async def _succeed(self) -> None:
        """Open the next epoch of the slot, once; the newer lease is nobody's concern here."""
        newest = await self.market.view._model_bond.read(
            "leaseIn", self.offer.customer, self.offer.slot, at="latest"
        )
        if newest != self.market.lease(self.offer):
            return
        newer = self.market.offer(epoch=2, cover=3_001, credit_per_slice=3_001)
        await self.market.open(newer, slices=SLICES)
        self.bond = replace(self.bond, reserved=Wei(self.bond.reserved + newer.cover))
        self.lease = succeeded(self.lease, time=await self.market.chain.time())

    async def _stall(self) -> None:
        if not await self.market.refuses(OWNER, "tower", "stall"):
            self.stalled_through = await self.market.chain.time()

    def _refuse_released(self) -> None:
        if self.lease.released:
            raise Refused("all is dealt out")

    def _become(self, other: "Life") -> None:
        self.lease, self.bond = other.lease, other.bond
        self.customer, self.host, self.pool = other.customer, other.host, other.pool
