"""What happens next with an action: a decision from the ledger's entry and what a node shows.

An action is followed by its nonce. Whichever of its transactions is in a finalized block decides;
before that a block may vanish, and the same bytes are simply sent again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from modelbond.adapters.chain.actions import Entry, Mined, State
from modelbond.adapters.chain.fees import FeePolicy, Fees, Market, first_fees, raised_fees


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A transaction's place in the chain, and whether it did what it was to do."""

    block: int
    succeeded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One node's view: `included` and `final` count the key's nonces used at head and for good."""

    head: int
    final_head: int
    included: int
    final: int
    balance: int
    market: Market
    receipts: Mapping[bytes, Receipt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Sign with these fees, write it down, send it."""

    fees: Fees


@dataclass(frozen=True, slots=True)
class Send:
    """Send the last signed transaction again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Write down how it ended."""

    state: State
    mined: Mined


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do until the chain moves; `why` is for people."""

    why: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """The nonce is used for good, by none of our transactions."""


Move = Sign | Send | Finish | Wait | Foreign


def next_move(entry: Entry, seen: Seen, *, policy: FeePolicy) -> Move:
    """Return what to do with an open entry; FeeAboveCap where nothing can be signed."""
    if entry.nonce < seen.final:
        return _ended(entry, seen)
    if entry.nonce < seen.included:
        return Wait(why="in a block that is not final yet")
    if not entry.signed:
        return Sign(fees=first_fees(seen.market, policy=policy))
    last = entry.signed[-1]
    is_next = entry.nonce == seen.included  # later ones wait for it, whatever they offer
    if is_next and seen.head - last.head >= policy.patience_blocks:
        fees = raised_fees(last.fees, seen.market, policy=policy)
        return Sign(fees=fees) if fees else Send()
    return Send()


def _ended(entry: Entry, seen: Seen) -> Move:
    for signed in entry.signed:
        receipt = seen.receipts.get(signed.hash)
        if receipt is None:
            continue
        if receipt.block > seen.final_head:
            return Wait(why="the node's answers do not fit together yet")
        state = State.DONE if receipt.succeeded else State.REVERTED
        return Finish(state=state, mined=Mined(hash=signed.hash, block=receipt.block))
    return Foreign()
