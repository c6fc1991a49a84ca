"""A chain in memory for homes: leases, reports and wallets, with the faults that tests ask for."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fakes.offers import account
from modelbond.errors import ActionPending, ChainUnreachable, Refused, Reverted
from modelbond.settlement.accounts import abandoned, released, settled
from modelbond.settlement.encoding import keccak
from modelbond.settlement.lease import Lease, opened
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer, lease_id
from modelbond.settlement.place import ChainPlace
from modelbond.settlement.report import FinalReport, Proof
from modelbond.settlement.units import NO_WEI, Address, Digest, LeaseId, SliceCount, Wei

PLACE = ChainPlace(
    chain_id=31337, bond=account("ModelBond"), asset=account("asset"), tower=account("tower")
)
HOST, CUSTOMER = account("host"), account("customer")


def signature_of(signer: Address, digest: bytes) -> bytes:
    """Return what this chain takes for that account's signature."""
    return keccak(signer.encode() + digest).ljust(65, b"s")


@dataclass(slots=True, kw_only=True)
class FakeWallet:
    """One customer's key. What was begun while actions are slow is done by `finishes`."""

    chain: "FakeLeaseChain"
    address: Address
    begun: dict[str, Callable[[], None]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    async def is_opening(self, offer: Offer) -> bool:
        name = f"open/{self.chain.id_of(offer).hex()}"
        return name in self.begun or name in self.done

    async def open_lease(self, offer: Offer, *, signature: bytes, slices: SliceCount) -> None:
        id_ = self.chain.id_of(offer)
        assert signature == signature_of(offer.host, id_)

        def act() -> None:
            self.chain.leases[id_] = opened(offer, slices=slices, time=self.chain.now)
            self.chain.paid[id_] = self.chain.paid.get(id_, 0) + slices * offer.rate

        await self._once(f"open/{id_.hex()}", act)

    async def top_up(self, offer: Offer, *, slices: SliceCount, once: str) -> None:
        id_ = self.chain.id_of(offer)

        def act() -> None:
            lease = self.chain.leases[id_]
            self.chain.leases[id_] = lease.with_funds(slices, time=self.chain.now)
            self.chain.paid[id_] += slices * offer.rate

        await self._once(f"top up/{id_.hex()}/{slices}/{once}", act)

    async def close(self, offer: Offer) -> None:
        id_ = self.chain.id_of(offer)

        def act() -> None:
            self.chain.leases[id_] = self.chain.leases[id_].with_notice(self.chain.now)

        await self._once(f"close/{id_.hex()}", act)

    async def settle(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        id_ = self.chain.id_of(offer)

        def act() -> None:
            found = settled(
                self.chain.leases[id_], leaf, offer=offer, reported_through=self.chain.now
            )
            self.chain.leases[id_] = found.lease
            self.chain.credit(offer.customer, found.credited)

        self.chain.proofs.append(proof)
        name = f"settle/{id_.hex()}/{leaf.through}/{leaf.unearned}/{leaf.breach}"
        await self._once(name, act)

    async def receipt(self, offer: Offer, leaf: Leaf) -> bytes | None:
        self.chain.check()
        id_ = self.chain.id_of(offer).hex()
        settle = f"settle/{id_}/{leaf.through}/{leaf.unearned}/{leaf.breach}"
        for name in (settle, f"release/{id_}"):
            if name in self.begun:
                raise ActionPending(once=name, what="sent, not final yet")
            if name in self.done:
                return keccak(name.encode())
        return None

    async def release(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        id_ = self.chain.id_of(offer)

        def act() -> None:
            lease = self.chain.leases[id_]
            if lease.measured.through < lease.length:
                found = settled(lease, leaf, offer=offer, reported_through=self.chain.now)
                self.chain.credit(offer.customer, found.credited)
                lease = found.lease
            self._deal_out(id_, released(lease, offer=offer), offer)

        self.chain.proofs.append(proof)
        await self._once(f"release/{id_.hex()}", act)

    async def release_abandoned(self, offer: Offer) -> None:
        id_ = self.chain.id_of(offer)

        def act() -> None:
            found = abandoned(
                self.chain.leases[id_],
                offer=offer,
                reported_through=self.chain.through,
                time=self.chain.now,
            )
            self._deal_out(id_, found, offer)

        await self._once(f"abandon/{id_.hex()}", act)

    async def claimable(self) -> Wei:
        self.chain.check()
        return self.chain.balances.get(self.address, NO_WEI)

    async def claim(self, *, once: str) -> None:
        def act() -> None:
            amount = self.chain.balances.pop(self.address, NO_WEI)
            if not amount:
                raise Reverted("ModelBondNothing()", error="ModelBondNothing")
            self.chain.claimed[self.address] = self.chain.claimed.get(self.address, 0) + amount

        await self._once(f"claim/{once}", act)

    def _deal_out(self, id_: LeaseId, found: object, offer: Offer) -> None:
        self.chain.leases[id_] = found.lease  # type: ignore[attr-defined] # Released
        self.chain.credit(offer.customer, found.refund)  # type: ignore[attr-defined]

    async def _once(self, name: str, act: Callable[[], None]) -> None:
        self.chain.check()
        self.chain.asked.append(name)
        if name in self.done:
            return
        refusal = next(
            (one for part, one in self.chain.refusals.items() if name.startswith(part)), None
        )
        if refusal is not None:
            raise refusal
        self.begun.setdefault(name, act)
        if self.chain.slow:
            raise ActionPending(once=name, what="sent, not final yet")
        self.finishes()

    def finishes(self) -> None:
        """Let all that was begun become final."""
        for name, act in [*self.begun.items()]:
            del self.begun[name]
            act()
            self.done.add(name)


@dataclass(slots=True, kw_only=True)
class FakeLeaseChain:
    """The port, with money that moves as the contracts' model moves it."""

    now: int
    place: ChainPlace = PLACE
    leases: dict[LeaseId, Lease] = field(default_factory=dict)
    wallets: dict[str, FakeWallet] = field(default_factory=dict)
    balances: dict[Address, Wei] = field(default_factory=dict)
    claimed: dict[Address, int] = field(default_factory=dict)
    paid: dict[LeaseId, int] = field(default_factory=dict)
    report: FinalReport | None = None
    through: int = 0
    down: str = ""
    slow: bool = False
    refusals: dict[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)

    def check(self) -> None:
        """Raise as an adapter does whose RPCs are all gone."""
        if self.down:
            raise ChainUnreachable(self.down)

    def id_of(self, offer: Offer) -> LeaseId:
        return lease_id(offer, domain=self.place.offers)

    def credit(self, account_: Address, amount: Wei) -> None:
        if amount:
            self.balances[account_] = Wei(self.balances.get(account_, 0) + amount)

    async def time(self) -> int:
        self.check()
        return self.now

    async def lease(self, lease: LeaseId) -> Lease | None:
        self.check()
        return self.leases.get(lease)

    async def newest_report(self) -> FinalReport | None:
        self.check()
        return self.report

    async def reported_through(self) -> int:
        self.check()
        return self.through

    def signer_of(self, digest: Digest, signature: bytes) -> Address | None:
        known = (HOST, CUSTOMER, account("stranger"))
        return next((one for one in known if signature_of(one, digest) == signature), None)

    async def wallet(self, secret: str) -> FakeWallet:
        if secret not in ("customer", "another customer"):
            raise Refused("the paying key cannot be read: it must be 64 hex digits")
        made = FakeWallet(chain=self, address=account(secret))
        return self.wallets.setdefault(secret, made)

    @property
    def happened(self) -> int:
        """Count what became final."""
        return sum(len(wallet.done) for wallet in self.wallets.values())


@dataclass(slots=True)
class FakeEvidence:
    """Texts by their hash; what is not here nobody serves."""

    texts: dict[Digest, str] = field(default_factory=dict)
    asked: int = 0

    async def fetch(self, data_hash: Digest) -> str | None:
        self.asked += 1
        return self.texts.get(data_hash)
