"""One action of one key: what is sent, what was signed for it, and how it ended."""

from dataclasses import dataclass
from enum import StrEnum

from modelbond.adapters.chain.fees import Fees


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What shall happen on chain: data and wei to an address."""

    target: str
    data: bytes = b""
    value: int = 0


class State(StrEnum):
    """How far an action is. All but OPEN are final: the block that says so is finalized."""

    OPEN = "open"
    DONE = "done"
    REVERTED = "reverted"
    TAKEN = "taken"  # its nonce went to a transaction that is not ours: it did not happen


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signed transaction; several of one nonce differ in their fees. `head` is when."""

    hash: bytes
    raw: bytes
    fees: Fees
    head: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """The transaction that took effect, and its block."""

    hash: bytes
    block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An action as the ledger has it. `signed` is in the order of signing."""

    once: str
    call: Call
    gas: int
    nonce: int
    state: State = State.OPEN
    signed: tuple[Signed, ...] = ()
    mined: Mined | None = None
