"""The second half of the demo: a host breaks its promise, and the customer is paid for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from federation import breaking, joining, seen
from federation.deployments import Deployed, Json
from federation.install import CUSTOMER
from federation.leasing import ALLOWANCE, CREDIT, SLICE_SECONDS, TOKEN, Leased, lease_of
from federation.polling import eventually
from federation.settled import ready

BROKEN, OTHER = "alpha", "beta"
BAD_SLICES = ALLOWANCE + 5
PAID_WITHIN_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What belongs to whom, in the asset's smallest unit."""

    customer: int
    broken: int
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A leased deployment with one placement on each host."""

    leased: Leased
    deployed: Deployed
    slots: dict[str, int]
    leases: dict[str, str]


def play(leased: Leased, deployed: Deployed, *, classify: Callable[[], None]) -> None:
    """Break a host, let it recover, and follow the money. `classify` is the customer meanwhile."""
    act = _opened(leased, deployed)
    before, began = _money(leased), time.time()
    _break(act, classify=classify)
    lease = _paid(act)
    _tell(act, lease, before=before, after=_money(leased), seconds=time.time() - began)


def _opened(leased: Leased, deployed: Deployed) -> Act:
    placements = deployed.read()["status"]["placements"]
    slots = {each["host"]: each["slot"] for each in placements}
    print("\nWaiting until both hosts have put their bonds behind it:", flush=True)
    leases = {host: seen.opened(deployed, slot=slot) for host, slot in slots.items()}
    for lease in leases.values():
        seen.every_watcher_says(leased, lease, "g", reason="answered")
    print(_said(leased, "lease", "ls"))
    return Act(leased=leased, deployed=deployed, slots=slots, leases=leases)


def _break(act: Act, *, classify: Callable[[], None]) -> None:
    """Kill Triton at one host until enough slices are bad, and let it recover."""
    lease, watcher = act.leases[BROKEN], act.leased.world.home
    name, began = act.deployed.name, time.time()
    print(
        f"Now {BROKEN} breaks: its Triton is killed whenever it starts. Nobody tells anyone.\n"
        f"The first {ALLOWANCE} bad slices of a period are free, by the agreement.",
        flush=True,
    )
    with breaking.killed(act.leased.world.host(BROKEN), name):
        eventually(
            lambda: seen.verdicts(watcher, lease, after=began, until=time.time()),
            lambda letters: letters.count("b") >= BAD_SLICES,
            within_seconds=180,
        )
        classify()
    print(f"\nWhat each watcher saw, a letter for each slice of {SLICE_SECONDS} s (good, bad):")
    for host, one in act.leases.items():
        for place, cluster in act.leased.world.clusters.items():
            letters = seen.verdicts(cluster, one, after=began - 20, until=time.time())
            print(f"  {host:6} seen from {place:6} {letters}")


def _paid(act: Act) -> Json:
    """Wait until a final report counts the outage, and its credit is on the chain."""
    ready(act.deployed)
    over = time.time()
    print("\nWaiting for the report: the frame's end, the watchers' vectors, then its window.")
    measured = seen.reported(act.leased, act.leases[BROKEN], since=over)
    credit = str(CREDIT * measured.leaf.breach)
    return eventually(
        lambda: lease_of(act.deployed, slot=act.slots[BROKEN]),
        lambda lease: lease.get("credited") == credit,
        within_seconds=PAID_WITHIN_SECONDS,
    )


def _tell(act: Act, lease: Json, *, before: Money, after: Money, seconds: float) -> None:
    breach, frame = lease["breach"], lease["frame"]
    posted, settled = _posting_block(act.leased, frame), _block_of(act.leased, lease)
    print(f"\n$ modelbond lease show {act.deployed.name} -n {CUSTOMER}")
    print(_said(act.leased, "lease", "show", act.deployed.name))
    print(
        f"Report of frame {frame}, root {lease['root']},\n"
        f"posted in block {posted}; settled in block {settled} by {lease['transaction']}.\n"
        f"{lease['bad']} slices were bad, {ALLOWANCE} are free, {breach} are in breach: "
        f"{breach} x {_amount(CREDIT)} = {_amount(breach * CREDIT)}.\n"
    )
    rows = (
        ("the customer's balance", before.customer, after.customer),
        (f"{BROKEN}'s bond", before.broken, after.broken),
        (f"{OTHER}'s bond", before.other, after.other),
    )
    print(f"{'':24}{'before':>14}{'after':>14}{'change':>10}")
    for title, was, now in rows:
        print(f"{title:24}{_amount(was):>14}{_amount(now):>14}{(now - was) / TOKEN:>+10.2f}")
    print(f"\n$ modelbond verify --frame {frame} --from {act.leased.watchers[OTHER]} --rpc ...")
    print(seen.verified(act.leased, frame))
    print(
        f"What happened, in {seconds:.0f} s: {BROKEN} did not answer as agreed. Three watchers\n"
        "of three owners saw it, two of them signed what they saw, and after a window in which\n"
        f"it could be vetoed the contract paid the customer out of {BROKEN}'s bond.\n"
        "Nobody filed anything, and the last table is anybody's to compute again."
    )


def _money(leased: Leased) -> Money:
    """Return who has what; a credit that waits at the contract is the customer's already."""
    chain = leased.chain
    return Money(
        customer=chain.balance("customer") + seen.claimable(chain),
        broken=seen.bond_of(chain, BROKEN).total,
        other=seen.bond_of(chain, OTHER).total,
    )


def _posting_block(leased: Leased, frame: int) -> int:
    return dict(seen.posted(leased.chain))[frame]


def _block_of(leased: Leased, lease: Json) -> int:
    receipt = leased.chain.ask("eth_getTransactionReceipt", lease["transaction"])
    return int(receipt["blockNumber"], 16)


def _said(leased: Leased, *words: str) -> str:
    return joining.modelbond(leased.world.home, *words, "-n", CUSTOMER)


def _amount(wei: int) -> str:
    return f"{wei / TOKEN:.2f} LUSD"
