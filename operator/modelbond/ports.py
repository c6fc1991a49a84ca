"""What controllers need from the outside world, as protocols: adapters and runtime carry them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from modelbond.api.kinds import Json, Kind
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One change seen by a watch; `obj` is the last state.

    `type` is ADDED, MODIFIED, DELETED or BOOKMARK; a bookmark carries a resourceVersion alone.
    """

    type: str
    obj: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A whole list and the resourceVersion from which to watch on."""

    items: list[Json]
    resource_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token and when it ends, by the issuer's clock."""

    value: str
    expires: datetime


class KubeApi(Protocol):
    """One API server. Objects are JSON; every failure is one of modelbond.errors."""

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Json | None:
        """Return the object, or None where there is none (404)."""

    async def list(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Listed:
        """Return all objects that match, paged behind the scenes."""

    def watch(
        self,
        kind: Kind,
        *,
        since: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> AsyncIterator[Changed]:
        """Yield changes after `since` until the server closes; ApiUnreachable when it is silent.

        Expired says that `since` is too old.
        """

    async def create(self, kind: Kind, body: Json) -> Json:
        """POST a new object; AlreadyExists when the name is taken."""

    async def apply(self, kind: Kind, body: Json, *, manager: str) -> Json:
        """Server-side apply with force. `metadata.uid` is required: Conflicted if it is gone."""

    async def apply_status(self, kind: Kind, body: Json, *, manager: str) -> Json:
        """Server-side apply of the status subresource; `metadata.uid` is required."""

    async def merge(
        self, kind: Kind, name: str, patch: Json, *, namespace: str | None = None
    ) -> Json | None:
        """JSON merge patch; carry metadata.resourceVersion for compare-and-swap. None on 404."""

    async def delete(
        self, kind: Kind, name: str, *, namespace: str | None = None, uid: str
    ) -> None:
        """Delete that very object (precondition UID); absent already is success."""

    async def request_token(self, account: str, *, namespace: str, seconds: int) -> Token:
        """Ask for a token of a ServiceAccount (its `token` subresource)."""

    async def log_tail(self, pod: str, *, namespace: str, container: str, lines: int) -> str:
        """Return the last lines of a container's log; empty when there is none yet."""

    async def close(self) -> None:
        """Release connections."""


class Connect(Protocol):
    """Opens the API server of another owner from exactly these three facts."""

    def __call__(self, *, server: str, ca_pem: str, token: str) -> KubeApi:
        """Return a client that never reads a kubeconfig, proxy or file of a stranger."""


class Clock(Protocol):
    """Time. Silence is measured on `monotonic`, never on what others wrote."""

    def monotonic(self) -> float:
        """Seconds that only grow."""

    def now(self) -> datetime:
        """Return the wall clock, UTC, for what people read."""


Wait = Callable[[int], float]
"""Tells how many seconds to wait after that many failures in a row, counted from 1."""


class Queue(Protocol):
    """A keyed work queue: a key waits once and is never worked on twice at a time."""

    def add(self, key: str) -> None:
        """Ask for the key to be reconciled soon."""

    def add_after(self, key: str, seconds: float) -> None:
        """Ask for the key to be reconciled once that time passed."""


class Informer(Protocol):
    """A supervised list and watch of one kind: a local copy that calls back on change."""

    @property
    def synced(self) -> bool:
        """True once a whole list was taken. Stays True while the other side is silent."""

    @property
    def failure(self) -> Exception | None:
        """Why list or watch fails at present, or None."""

    def objects(self) -> Mapping[str, Json]:
        """Return the local copy, by `namespace/name`."""

    async def run(self) -> None:
        """List and watch for ever: meant for a Supervisor."""


class MakeInformer(Protocol):
    """Makes informers; `on_change(object, deleted)` is called for each change, synchronously.

    `reduce` says what is kept of an object; `metadata` must keep namespace, name and UID.
    """

    def __call__(  # noqa: PLR0913 - as the watch
        self,
        api: KubeApi,
        kind: Kind,
        *,
        on_change: Callable[[Json, bool], None],
        on_synced: Callable[[], None] | None = None,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
        reduce: Callable[[Json], Json] | None = None,
    ) -> Informer:
        """Return an informer that does nothing until its `run` is supervised."""


class Supervisor(Protocol):
    """Keeps named tasks alive: one that ends or raises is logged, counted and started again."""

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Start the task; a name that runs already is stopped first."""

    def stop(self, name: str) -> None:
        """Cancel the task; unknown names are fine."""


class Events(Protocol):
    """Kubernetes Events on users' objects: what happened and what to do next."""

    async def normal(self, about: Json, *, reason: str, message: str) -> None:
        """Record a normal event; never raises."""

    async def warning(self, about: Json, *, reason: str, message: str) -> None:
        """Record a warning; never raises; repeats of one text are counted, not spammed."""


class HomeMeter(Protocol):
    """What a home counts as it happens."""

    def declined(self, reason: str) -> None:
        """Count an order that was not taken."""

    def ready_after(self, seconds: float) -> None:
        """Take note of a placement that became ready for the first time."""


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


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to do until something changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Reconcile once more after that many seconds."""

    seconds: float


Outcome = Done | Again


class Controller(Protocol):
    """One idea that is reconciled by key."""

    async def reconcile(self, key: str) -> Outcome:
        """Observe, plan, act, write status. Raises typed errors; the worker classifies them."""
