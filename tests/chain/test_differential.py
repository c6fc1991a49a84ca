"""Python and the deployed contracts come to the same: hashes, bounds, and whole lives of leases."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3 import Web3

from anvil.lives import Life, steps
from anvil.market import Market
from fakes.offers import account
from modelbond.adapters.chain.abi import explained
from modelbond.errors import Reverted
from modelbond.settlement.bounds import objections
from modelbond.settlement.encoding import keccak
from modelbond.settlement.offer import OFFER, Offer
from modelbond.settlement.report import REPORT, Report
from modelbond.settlement.units import FrameIndex

# Each example begins at a snapshot of the chain, so a chain may serve many.
on_one_chain = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
some_lives = settings(on_one_chain, max_examples=25)

words = st.binary(min_size=1, max_size=4).map(keccak)
people = st.sampled_from(["a", "b", "c"]).map(account)
BOUND_ERRORS = {
    "ModelBondSliceOutOfBounds": "slice",
    "ModelBondPeriodOutOfBounds": "period",
    "ModelBondNoticeOutOfBounds": "notice",
    "ModelBondAllowanceOutOfBounds": ("allowance", "maintenance budget"),
    "ModelBondFeeOutOfBounds": "fee",
    "ModelBondCreditOutOfBounds": "credit",
    "ModelBondCoverFactorOutOfBounds": "cover factor",
    "ModelBondCoverOutOfBounds": "cover",
}


def value_of(kind: str) -> st.SearchStrategy[Any]:
    """Draw any value of a Solidity type, its ends included."""
    match kind:
        case "address":
            return people
        case "bytes32":
            return words
        case _:
            return st.integers(0, 2 ** int(kind.removeprefix("uint")) - 1)


@st.composite
def any_offers(draw: st.DrawFn, market_offer: Offer) -> Offer:
    ours = dict(zip(market_offer.values(), market_offer.__dataclass_fields__, strict=True))
    drawn = {ours[name]: draw(value_of(kind)) for name, kind in OFFER.fields}
    return replace(market_offer, **drawn)


@on_one_chain
@given(st.data())
async def test_any_offer_has_the_lease_id_that_the_contract_gives_it(
    market: Market, data: st.DataObject
) -> None:
    offer = data.draw(any_offers(market.offer()))
    said = await market.view._model_bond.read("leaseIdOf", offer.values(), at="latest")
    assert said == market.lease(offer)


@on_one_chain
@given(st.data())
async def test_any_report_has_the_digest_that_the_tower_gives_it(
    market: Market, data: st.DataObject
) -> None:
    drawn = {name: data.draw(value_of(kind)) for name, kind in REPORT.fields}
    report = Report(
        frame=FrameIndex(drawn["frame"]),
        round=drawn["round"],
        reference_block=drawn["referenceBlock"],
        previous_root=drawn["previousRoot"],
        root=drawn["root"],
        data_hash=drawn["dataHash"],
    )
    said = await market.view._watch_tower.read("digestOf", report.values(), at="latest")
    assert said == report.digest(market.tower_domain)


near_bounds = st.fixed_dictionaries(
    {},
    optional={
        "slice_seconds": st.sampled_from([0, 1, 59, 60, 3600, 3601]),
        "period": st.sampled_from([0, 1, 744, 745, 44_640, 44_641, 2_678_400]),
        "notice": st.sampled_from([0, 1, 720, 721, 43_200, 43_201]),
        "allowance": st.sampled_from([0, 1, 744, 10_080, 10_081]),
        "maintenance_budget": st.sampled_from([0, 1, 10_080, 10_081]),
        "fee": st.sampled_from([0, 999, 1_000, 1_001]),
        "credit_per_slice": st.sampled_from([0, 1, 1_000_000, 1_000_001]),
        "cover": st.sampled_from([0, 1, 20_160_000, 20_160_001, 2**128 - 1]),
        "cover_factor": st.sampled_from([0, 1, 10, 11, 2**32 - 1]),
    },
)


@on_one_chain
@given(changes=near_bounds)
async def test_an_offer_is_objected_to_where_the_contract_refuses_it_and_nowhere_else(
    market: Market, changes: dict[str, int]
) -> None:
    offer = market.offer(**changes, prepayment=0)
    refused = await refusal_of_opening(market, offer)
    found = [objection.partition(":")[0] for objection in objections(offer)]
    if refused in BOUND_ERRORS:
        assert found[0] in BOUND_ERRORS[refused]
    else:
        assert found == []


async def refusal_of_opening(market: Market, offer: Offer) -> str:
    """Return by which error opening that offer would be refused now; the bond is empty."""
    call = market.view._model_bond.call("open", offer.values(), market.signed(offer), 2**32 - 1)
    to = Web3.to_checksum_address(call.target)
    question = {"from": market.customer.address, "to": to, "data": call.data}
    try:
        with explained():
            await market.pool.read(lambda web3: web3.eth.call(question, "latest"))  # type: ignore[arg-type]
    except Reverted as failure:
        return failure.error
    return ""


@some_lives
@given(path=steps)
async def test_a_lease_lives_on_chain_as_it_does_in_python(
    market: Market, path: list[tuple[Any, ...]]
) -> None:
    start = await market.chain.snapshot()
    kept = market.seq, market.root
    try:
        life = await Life.begun(market)
        for step in path:
            await life.take(*step)
            await life.compare()
    finally:
        await market.chain.back_to(start)
        market.seq, market.root = kept
