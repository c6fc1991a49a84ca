"""What leases need of chain, disk, watchers and the own endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from modelbond.settlement.accounts import Bond
from modelbond.settlement.lease import Lease
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.place import ChainPlace
from modelbond.settlement.report import FinalReport, Progress, Proof
from modelbond.settlement.units import (
    Address,
    Digest,
    LeaseId,
    SliceCount,
    SliceIndex,
    SlotId,
    Wei,
)
from modelbond.sla.canary import Canary


class Wallet(Protocol):
    """What one customer's key does on chain. Each action happens once, by its lease and name.

    An action returns once it is final. ActionPending says that it is on its way: ask again, also
    after a restart. Reverted says that the contract refused, and asking again tries again.
    """

    @property
    def address(self) -> Address:
        """Return whose wallet it is."""

    async def is_opening(self, offer: Offer) -> bool:
        """Tell whether the lease of that offer was begun to be opened, final or not."""

    async def open_lease(self, offer: Offer, *, signature: bytes, slices: SliceCount) -> None:
        """Open the lease of a signed offer and pay for its first slices."""

    async def top_up(self, offer: Offer, *, slices: SliceCount, once: str) -> None:
        """Pay for more slices."""

    async def close(self, offer: Offer) -> None:
        """Give notice."""

    async def settle(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Be credited for what a final report says."""

    async def release(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Deal out the money of a lease that is measured through its end."""

    async def receipt(self, offer: Offer, leaf: Leaf) -> bytes | None:
        """Return the hash of the transaction by which this key settled that leaf, if it did."""

    async def release_abandoned(self, offer: Offer) -> None:
        """Deal it out where the tower fell silent."""

    async def claimable(self) -> Wei:
        """Return what was credited or refunded and not taken yet."""

    async def claim(self, *, once: str) -> None:
        """Take all of that."""


class LeaseChain(Protocol):
    """The chain's contracts as a home uses them. What is read is final, and stays so.

    ChainUnreachable says that no RPC can be used: then nothing is known, and nothing is wrong.
    """

    @property
    def place(self) -> ChainPlace:
        """Return which contracts these are."""

    async def time(self) -> int:
        """Return the finalized block's time, in seconds since 1970."""

    async def lease(self, lease: LeaseId) -> Lease | None:
        """Return a lease, or None where none of that id was opened."""

    async def newest_report(self) -> FinalReport | None:
        """Return the tower's newest final report, or None before the first."""

    async def reported_through(self) -> int:
        """Return through when the tower's newest report speaks, final or not."""

    def signer_of(self, digest: Digest, signature: bytes) -> Address | None:
        """Return who signed that digest, or None where it is nobody's signature."""

    async def wallet(self, secret: str) -> Wallet:
        """Return what a private key can do; Refused where the text is none."""


class Evidence(Protocol):
    """Where the data behind reports can be had: any watcher may serve it, none is trusted."""

    async def fetch(self, data_hash: Digest) -> str | None:
        """Return the text of that hash, or None where nobody serves it at present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one RPC shows at its finalized block; a lease is None while it is not opened."""

    time: int
    leases: Mapping[LeaseId, Lease | None]


class HostChain(Protocol):
    """The chain's contracts as one host uses them, with its one key. What is read is final.

    Actions happen once, by their names. ActionPending says that one is on its way: ask again, also
    after a restart. ChainUnreachable says that nothing is known, and nothing is wrong.
    """

    @property
    def place(self) -> ChainPlace:
        """Return which contracts these are."""

    @property
    def address(self) -> Address:
        """Return the host's account: it signs offers, and its bond covers them."""

    @property
    def witnesses(self) -> int:
        """Return how many RPCs must show an end: two, or one where only one is configured."""

    def sign(self, message: Mapping[str, Any]) -> bytes:
        """Return the host's signature over EIP-712 typed data."""

    async def look(self, leases: Sequence[LeaseId]) -> Sequence[Look]:
        """Return what each RPC that answers shows of these leases."""

    async def bond(self) -> Bond:
        """Return the host's bond."""

    async def newest_epoch(self, slot: SlotId, *, customer: Address) -> int:
        """Return the epoch of a slot's newest lease, 0 where it never had one."""

    async def newest_report(self) -> FinalReport | None:
        """Return the tower's newest final report, or None before the first."""

    async def add_to_bond(self, amount: Wei, *, once: str) -> None:
        """Bond so much more."""

    async def withdraw_bond(self, amount: Wei, *, once: str) -> None:
        """Take so much of what is free back to the host's account."""

    async def close(self, offer: Offer) -> None:
        """Give notice to a lease."""

    async def announce(self, offer: Offer, *, start: SliceIndex, slices: SliceCount) -> None:
        """Announce maintenance."""

    async def withdraw_stream(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Take what was earned, and let the customer be credited by the same leaf."""

    async def release(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Deal out the money of a lease that is measured through its end."""

    async def progress(self) -> Progress:
        """Return how far the tower speaks."""

    async def settle(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Let the lease know what a final report says."""

    async def stall(self, *, once: str) -> None:
        """Let the tower, silent for a day, free the streams until now."""

    async def withdraw_stalled(self, offer: Offer, *, once: str) -> None:
        """Take what a stall freed."""

    async def release_abandoned(self, offer: Offer) -> None:
        """Deal out the money of an ended lease whose tower fell silent."""

    async def claimable(self) -> Wei:
        """Return what releases left for the host and was not taken yet."""

    async def claim(self, *, once: str) -> None:
        """Take all of that."""


class Reports(Protocol):
    """Where reports are found: a chain, as homes and hosts see it."""

    @property
    def place(self) -> ChainPlace:
        """Return which contracts these are."""

    async def newest_report(self) -> FinalReport | None:
        """Return the tower's newest final report, or None before the first."""


class OfferBook(Protocol):
    """What this host signed, kept until it is settled: a copy may be gone long before."""

    async def keep(self, lease: LeaseId, offer: Offer) -> None:
        """Write an offer down; it is on the disk when this returns."""

    async def kept(self) -> Mapping[LeaseId, Offer]:
        """Return all offers."""

    async def drop(self, lease: LeaseId) -> None:
        """Forget an offer of which nothing can come any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEdge:
    """One's own endpoint as watchers will meet it. `certificate` (PEM) is the one it must show."""

    host: str
    port: int
    model: str
    certificate: str
    token: str


class OwnEndpoint(Protocol):
    """Asks this host's own endpoint what watchers will ask."""

    async def answers(
        self, canaries: Sequence[Canary], *, edge: OwnEdge, within_ms: int
    ) -> str | None:
        """Return why the answers are not the agreed ones, or None where they are."""
