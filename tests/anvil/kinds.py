"""Every kind of transaction that the adapter sends: what it needs, how it is done, its trace."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from anvil.market import DAY, FRAME, OWNER, STAKE, Market
from anvil.people import key_of
from fakes.offers import leaf
from modelbond.adapters.chain.chain import Acting
from modelbond.adapters.chain.keys import Key, Role
from modelbond.settlement.encoding import keccak
from modelbond.settlement.leaves import Leaf, pay_leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.report import Proof
from modelbond.settlement.units import Address, SliceCount, SliceIndex, Wei, address

BONDED = Wei(5_000_000)
SLICES = SliceCount(200)
PART, WHOLE = leaf(60, 20, 4), leaf(200, 30, 5)

Act = Callable[[Acting], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`prepare` brings the market to where the act can be done by `who`, and returns it."""

    event: str
    contract: str
    who: Callable[[Market], Key]
    prepare: Callable[[Market], Awaitable[Act]]


def host(market: Market) -> Key:
    return market.host


def customer(market: Market) -> Key:
    return market.customer


def watcher(market: Market) -> Key:
    return market.watchers[0]


def staker(_: Market) -> Key:
    return key_of("staker", Role.STAKING)


async def bonded(market: Market) -> None:
    await market.do(market.host.address, "bond", "bond", BONDED)


async def leased(market: Market) -> Offer:
    offer = market.offer(maintenance_notice=SliceCount(5))
    await bonded(market)
    await market.open(offer, slices=SLICES)
    return offer


async def measured(market: Market, counted: Leaf, *, after: int) -> tuple[Offer, Proof]:
    offer = await leased(market)
    await market.chain.pass_by(after)
    return offer, await market.final_proof(market.lease(offer), counted)


async def bond(_: Market) -> Act:
    return lambda acting: acting.bond.bond(BONDED, once="first")


async def withdraw_bond(market: Market) -> Act:
    await bonded(market)
    return lambda acting: acting.bond.withdraw_bond(BONDED, once="first")


async def open_lease(market: Market) -> Act:
    await bonded(market)
    offer = market.offer()
    now = await market.chain.time()
    return lambda acting: acting.bond.open_lease(
        offer, signature=market.signed(offer), slices=SLICES, now=now
    )


async def top_up(market: Market) -> Act:
    offer = await leased(market)
    return lambda acting: acting.bond.top_up(offer, slices=SliceCount(9), once="first")


async def close(market: Market) -> Act:
    offer = await leased(market)
    return lambda acting: acting.bond.close(offer)


async def announce(market: Market) -> Act:
    offer = await leased(market)
    start = SliceIndex(await market.chain.time() // 60 + 20)
    return lambda acting: acting.bond.announce(offer, start=start, slices=SliceCount(30))


async def settle(market: Market) -> Act:
    offer, proof = await measured(market, PART, after=2 * FRAME)
    return lambda acting: acting.bond.settle(offer, PART, proof)


async def withdraw_stream(market: Market) -> Act:
    offer, proof = await measured(market, PART, after=2 * FRAME)
    return lambda acting: acting.bond.withdraw_stream(offer, PART, proof)


async def withdraw_stalled(market: Market) -> Act:
    offer = await leased(market)
    await market.chain.pass_by(2 * DAY)
    await market.do(OWNER, "tower", "stall")
    return lambda acting: acting.bond.withdraw_stalled(offer, once="first")


async def release(market: Market) -> Act:
    offer, proof = await measured(market, WHOLE, after=DAY)
    return lambda acting: acting.bond.release(offer, WHOLE, proof)


async def release_abandoned(market: Market) -> Act:
    offer = await leased(market)
    await market.chain.pass_by(10 * DAY)
    return lambda acting: acting.bond.release_abandoned(offer)


async def claim(market: Market) -> Act:
    offer, proof = await measured(market, PART, after=2 * FRAME)
    settled = offer.values(), counts(PART), proof_values(proof)
    await market.do(OWNER, "bond", "settle", *settled)
    return lambda acting: acting.bond.claim(once="first")


async def claim_pay(market: Market) -> Act:
    offer, proof = await measured(market, PART, after=2 * FRAME)
    streamed = offer.values(), counts(PART), proof_values(proof)
    await market.do(market.host.address, "bond", "withdrawStream", *streamed)
    at = address(watcher(market).address)
    contract = market.deployment.model_bond.address
    await market.chain.pass_by(FRAME)
    paid = await market.final_proof_of(pay_leaf(bond=contract, watcher=at, awarded=Wei(777)))
    return lambda acting: acting.bond.claim_pay(offer.tower, Wei(777), paid)


async def post(market: Market) -> Act:
    await market.chain.pass_by(2 * FRAME)
    report = await market.report(keccak(b"root"))
    signatures = {place: market.sign(report, place) for place in range(3)}
    return lambda acting: acting.tower.post(report, signatures)


async def stall(market: Market) -> Act:
    await market.chain.pass_by(2 * DAY)
    return lambda acting: acting.tower.stall(once="first")


async def prove_equivocation(market: Market) -> Act:
    one = await market.report(keccak(b"one"))
    other = replace(one, root=keccak(b"other"))
    signatures = market.sign(one, 3), market.sign(other, 3)
    return lambda acting: acting.tower.prove_equivocation(
        one, other, signature=signatures[0], other_signature=signatures[1]
    )


async def stake(market: Market) -> Act:
    signer = address(market.watchers[0].address)
    return lambda acting: acting.tower.stake(signer, Wei(STAKE), once="more")


async def leave_seat(market: Market) -> Act:
    signer = await _seated(market)
    return lambda acting: acting.tower.leave_seat(signer, once="first")


async def unstake(market: Market) -> Act:
    signer = await _seated(market)
    await market.do(staker(market).address, "tower", "leaveSeat", signer)
    await market.chain.pass_by(40 * DAY)
    return lambda acting: acting.tower.unstake(signer, once="first")


async def _seated(market: Market) -> Address:
    signer, pays = address(key_of("newcomer").address), staker(market).address
    await market.do(OWNER, "tower", "grantSeat", signer, pays)
    await market.do(pays, "tower", "stake", signer, STAKE)
    return signer


def counts(one: Leaf) -> dict[str, int]:
    return {"through": one.through, "unearned": one.unearned, "breach": one.breach}


def proof_values(proof: Proof) -> dict[str, object]:
    return {"report": proof.report.values(), "path": list(proof.path)}


KINDS = {
    "bond": Kind(event="Bonded", contract="bond", who=host, prepare=bond),
    "withdraw bond": Kind(event="BondWithdrawn", contract="bond", who=host, prepare=withdraw_bond),
    "open": Kind(event="Opened", contract="bond", who=customer, prepare=open_lease),
    "top up": Kind(event="ToppedUp", contract="bond", who=customer, prepare=top_up),
    "close": Kind(event="Noticed", contract="bond", who=customer, prepare=close),
    "announce": Kind(event="MaintenanceAnnounced", contract="bond", who=host, prepare=announce),
    "settle": Kind(event="Credited", contract="bond", who=customer, prepare=settle),
    "withdraw stream": Kind(event="StreamPaid", contract="bond", who=host, prepare=withdraw_stream),
    "withdraw stalled": Kind(
        event="StreamPaid", contract="bond", who=host, prepare=withdraw_stalled
    ),
    "release": Kind(event="Released", contract="bond", who=customer, prepare=release),
    "release abandoned": Kind(
        event="Released", contract="bond", who=host, prepare=release_abandoned
    ),
    "claim": Kind(event="Claimed", contract="bond", who=customer, prepare=claim),
    "claim pay": Kind(event="WatcherPaid", contract="bond", who=watcher, prepare=claim_pay),
    "post": Kind(event="Posted", contract="tower", who=watcher, prepare=post),
    "stall": Kind(event="Stalled", contract="tower", who=watcher, prepare=stall),
    "equivocation": Kind(
        event="Equivocated", contract="tower", who=watcher, prepare=prove_equivocation
    ),
    "stake": Kind(event="Staked", contract="tower", who=staker, prepare=stake),
    "leave seat": Kind(event="SeatLeft", contract="tower", who=staker, prepare=leave_seat),
    "unstake": Kind(event="Unstaked", contract="tower", who=staker, prepare=unstake),
}
