"""Which step brings a copy nearer to an offer."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from fakes.host_chain import PLACE
from fakes.host_world import HOME_UID, order_spec
from fakes.leasing import CANARIES, PRICE, PROBE_TOKEN, agreement, wish
from fakes.offers import account
from modelbond.api.conditions import Reason
from modelbond.api.v1alpha1 import LeasePrice, LeaseWish, ModelPlacementSpec
from modelbond.api.wire import read
from modelbond.errors import Refused
from modelbond.reconcile.host_lease_offer import (
    Ask,
    Facts,
    Look,
    NotYet,
    Purse,
    Raise,
    Sign,
    Step,
    next_step,
)
from modelbond.reconcile.host_lease_papers import Papers, Parties, honoured, papers_of
from modelbond.settlement.accounts import Bond
from modelbond.settlement.bounds import objections
from modelbond.settlement.units import Wei

NOW = 1_800_000_000
TEXTS = {
    "agreement.json": agreement().text,
    "canaries.json": CANARIES,
    "probe-token": PROBE_TOKEN,
}


def papers(**changes: str) -> Papers:
    found = papers_of({**TEXTS, **changes})
    assert found is not None
    return found


def purse(*, free: int, promised: int = 0, target: int = 0) -> Purse:
    bond = Bond(total=Wei(free), reserved=Wei(0))
    return Purse(bond=bond, promised=Wei(promised), target=Wei(target))


def facts(**changes: Any) -> Facts:
    """Return facts by which the offer is signed."""
    known = Facts(
        spec=read(ModelPlacementSpec, order_spec()),
        wish=read(LeaseWish, wish(agreement())),
        price=read(LeasePrice, PRICE),
        parties=Parties(home_uid=HOME_UID, key_hash=agreement().endpoint_key, place=PLACE),
        host=account("host"),
        papers=papers(),
        now=NOW,
        edge_honours=True,
        ready=True,
        answered="",
        purse=purse(free=1_000_000),
        newest_epoch=0,
    )
    return replace(known, **changes)


def reason(step: Step) -> Reason:
    assert isinstance(step, NotYet)
    assert step.condition.reason is step.reason
    return step.reason


def test_an_offer_that_is_signed_can_be_opened() -> None:
    step = next_step(facts())
    assert isinstance(step, Sign)
    assert objections(step.offer) == ()
    assert step.offer.expiry == NOW + 3600


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"price": None}, Reason.LEASES_CLOSED),
        ({"taking_offers": False}, Reason.LEASES_CLOSED),
        ({"refusal": "agreement: it is not JSON"}, Reason.AGREEMENT_REFUSED),
        ({"papers": None}, Reason.WAITING_FOR_AGREEMENT),
        ({"edge_takes_rates": False}, Reason.AGREEMENT_REFUSED),
        ({"ready": False}, Reason.PROGRESSING),
        ({"edge_honours": False}, Reason.PROGRESSING),
        ({"answered": "first: y: is missing"}, Reason.CANARIES_FAILED),
        ({"newest_epoch": 1}, Reason.AGREEMENT_REFUSED),
        ({"purse": purse(free=999_999)}, Reason.BOND_TOO_SMALL),
        ({"purse": purse(free=1_000_000, promised=1)}, Reason.BOND_TOO_SMALL),
    ],
)
def test_what_is_in_the_way_is_said(changes: dict[str, Any], wanted: Reason) -> None:
    assert reason(next_step(facts(**changes))) is wanted


def test_the_own_endpoint_is_asked_before_the_chain_and_the_chain_before_the_signature() -> None:
    assert next_step(facts(answered=None, purse=None)) == Ask()
    assert next_step(facts(purse=None)) == Look()
    assert next_step(facts(newest_epoch=None)) == Look()


def test_the_bond_grows_by_what_is_lacking_and_never_beyond_the_target() -> None:
    lacking = purse(free=400_000, promised=100_000, target=1_100_000)
    assert next_step(facts(purse=lacking)) == Raise(amount=Wei(700_000))
    short = purse(free=400_000, promised=100_000, target=1_099_999)
    assert reason(next_step(facts(purse=short))) is Reason.BOND_TOO_SMALL


def test_a_price_that_no_contract_takes_is_named_as_the_hosts_own() -> None:
    price = msgspec.structs.replace(read(LeasePrice, PRICE), fee="1000")
    step = next_step(facts(price=price))
    assert isinstance(step, NotYet)
    assert step.message.startswith("the host's own price, fee: 1000")


def test_every_field_that_is_wrong_is_named_at_once() -> None:
    other = agreement(model_name="other", slot=3, requests_per_minute=0)
    step = next_step(facts(papers=papers(**{"agreement.json": other.text})))
    assert isinstance(step, NotYet)
    for field in ("spec.lease.agreement", "modelName", "agreement.slot", "requestsPerMinute"):
        assert field in step.message


@pytest.mark.parametrize("missing", [*TEXTS])
def test_papers_are_waited_for_until_all_are_there(missing: str) -> None:
    assert papers_of({**TEXTS, missing: ""}) is None
    assert papers_of({name: text for name, text in TEXTS.items() if name != missing}) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"agreement.json": "{"}, "agreement"),
        ({"canaries.json": "[]"}, "canaries"),
        ({"probe-token": "odd token"}, "probe-token"),
    ],
)
def test_papers_that_cannot_be_read_are_refused_by_name(change: dict[str, str], field: str) -> None:
    with pytest.raises(Refused, match=field):
        papers_of({**TEXTS, **change})


def test_papers_travel_as_they_came() -> None:
    assert papers().texts == TEXTS


def test_the_edge_honours_only_what_is_signed_or_could_be() -> None:
    price = read(LeasePrice, PRICE)
    much = papers(**{"agreement.json": agreement(requests_per_minute=601).text})
    assert honoured(None, price=price, held=True) is None
    assert honoured(papers(), price=None, held=False) is None
    assert honoured(papers(), price=price, held=False) == papers().agreed
    assert honoured(much, price=price, held=False) is None
    assert honoured(much, price=None, held=True) == much.agreed
