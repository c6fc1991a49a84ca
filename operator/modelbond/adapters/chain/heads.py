"""Which nodes may be asked: the right chain, and a head that is near the others' and the clock."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLimits:
    """How far a node may be behind the best of its kind, and behind the clock."""

    lag_blocks: int = 3
    age_seconds: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a node says of itself."""

    rpc: str
    chain_id: int
    head: int
    head_time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A node that said nothing that can be used."""

    rpc: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a node may be asked; `objection` says why not, and is empty where it may."""

    rpc: str
    objection: str = ""


def judge(
    seen: Iterable[Sighting | Silence], *, chain_id: int, limits: HeadLimits, now: int
) -> tuple[Verdict, ...]:
    """Return a verdict for each node, in the order given."""
    everyone = tuple(seen)
    heads = [one.head for one in everyone if isinstance(one, Sighting) and one.chain_id == chain_id]
    best = max(heads, default=0)
    return tuple(
        Verdict(
            rpc=one.rpc,
            objection=_objection(one, chain_id=chain_id, best=best, limits=limits, now=now),
        )
        for one in everyone
    )


def _objection(
    one: Sighting | Silence, *, chain_id: int, best: int, limits: HeadLimits, now: int
) -> str:
    if isinstance(one, Silence):
        return one.reason
    if one.chain_id != chain_id:
        return f"speaks for chain {one.chain_id}, not {chain_id}"
    if best - one.head > limits.lag_blocks:
        return f"is {best - one.head} blocks behind"
    if now - one.head_time > limits.age_seconds:
        return f"its last block is {now - one.head_time} s old"
    return ""
