"""The way to a lease: proposed, offered, checked term by term, taken once and paid for once."""

import hashlib
import json
from typing import Any

import pytest

from fakes.home import placed
from fakes.lease_chain import CUSTOMER, PLACE
from fakes.leased import (
    LeasedHome,
    canaries_map,
    leased_home,
    secret,
    signing_request,
    text_in,
)
from fakes.offers import account
from modelbond.api.conditions import ConditionType
from modelbond.api.kinds import CONFIG_MAP, MODEL_DEPLOYMENT, NAMESPACE, SECRET
from modelbond.errors import Forbidden, OutOfFunds, Reverted
from modelbond.settlement.encoding import keccak
from modelbond.settlement.offer import slot_id
from modelbond.settlement.units import SliceCount, Wei
from modelbond.sla.agreement import agreement_of
from modelbond.sla.text import hexed, text_hash

BOND, SLA = ConditionType.BOND_ACTIVE, ConditionType.SLA_HEALTHY


def papers(home: LeasedHome) -> Any:
    order = home.order_at("alpha")
    name = f"{order['metadata']['name']}-agreement"
    return home.api.at(SECRET, name, namespace="modelbond-host-alpha")


def bond(home: LeasedHome) -> tuple[str, str]:
    said = home.condition(BOND)
    return said["status"], said["reason"]


async def test_an_agreement_lies_beside_the_order_and_the_order_asks_for_an_offer_on_it() -> None:
    home = await leased_home()
    order, secret_ = home.order_at("alpha"), papers(home)
    agreement = agreement_of(text_in(secret_, "agreement.json"))
    token = text_in(secret_, "probe-token")
    kube_system = home.api.at(NAMESPACE, "kube-system")["metadata"]["uid"]
    assert agreement.deployment.name == "llama"
    assert (agreement.slot, agreement.epoch) == (0, order["spec"]["epoch"])
    assert (agreement.latency_bound_ms, agreement.requests_per_minute) == (1000, 600)
    assert agreement.canaries == text_hash(text_in(secret_, "canaries.json"))
    assert agreement.probe_token == hashlib.sha256(token.encode()).digest()
    assert agreement.endpoint_key == home.authority.endpoint_key(home.request)
    assert agreement.home == kube_system
    uid = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")["metadata"]["uid"]
    assert home.wish() == {
        "customer": CUSTOMER,
        "slot": hexed(slot_id(home_uid=kube_system, deployment_uid=uid, ordinal=0)),
        "tower": PLACE.tower,
        "agreement": hexed(agreement.hash),
    }
    assert secret_["metadata"]["ownerReferences"][0]["uid"] == order["metadata"]["uid"]
    assert bond(home) == ("False", "WaitingForOffer")
    assert home.condition(SLA)["status"] == "Unknown"


async def test_a_good_offer_is_taken_once_and_paid_for_once() -> None:
    home = await leased_home()
    lease = await home.opens()
    assert home.money.leases[lease].funded == 1000
    assert home.money.paid == {lease: 1_000_000}
    assert bond(home) == ("True", "LeaseOpen")
    assert home.lease()["state"] == "Open"
    assert home.lease()["id"] == hexed(lease)
    assert home.status()["spending"]["total"] == "1000000"
    await home.passes(120)
    home.start()
    await home.passes(120)
    assert home.money.paid == {lease: 1_000_000}
    assert [one.reason for one in home.events.told].count("LeaseOpened") == 1


async def test_a_restart_while_it_is_opened_pays_no_second_time() -> None:
    home = await leased_home()
    home.money.slow = True
    lease = await home.opens()
    assert bond(home) == ("False", "LeaseOpening")
    assert home.money.leases == {}
    home.start()
    home.offers(rate=Wei(999))
    await home.settle()
    home.money.slow = False
    home.money.wallets["customer"].finishes()
    await home.settle()
    assert list(home.money.leases) == [lease]
    assert home.money.paid == {lease: 1_000_000}
    assert home.status()["spending"]["total"] == "1000000"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate": Wei(1001)}, "rate: 1001 is more than maxRatePerSlice, 1000"),
        ({"credit_per_slice": Wei(2999)}, "creditPerSlice: 2999 is less"),
        ({"cover": Wei(299_999)}, "cover: 299999 does not last for minCoverSlices"),
        ({"slice_seconds": 120}, "slice: 120 s is more than maxSliceSeconds"),
        ({"slice_seconds": 3}, "slice: 3 s is too short for latencyBoundMs"),
        ({"allowance": SliceCount(101)}, "allowance: 101 of 10080 slices"),
        ({"maintenance_budget": SliceCount(120)}, "maintenanceBudget: 120 of 10080"),
        ({"grace": SliceCount(61)}, "grace: 61 is more than maxGraceSlices"),
        ({"prepayment": SliceCount(1001)}, "prepayment: 1001 is more than prepaySlices"),
        ({"notice": SliceCount(1001)}, "notice: 1001 is more than prepaySlices"),
        ({"fee": Wei(1000)}, "fee: 1000 must be less than the rate"),
        ({"customer": account("stranger")}, "customer: it is 0x"),
        ({"asset": account("stranger")}, "asset: it is 0x"),
        ({"tower": account("stranger")}, "tower: it is 0x"),
        ({"slot": slot_id(home_uid="a", deployment_uid="b", ordinal=0)}, "slot: it is 0x"),
        ({"epoch": 2}, "epoch: it is 2, asked for was 1"),
        ({"agreement": keccak(b"another")}, "agreement: it is 0x"),
        ({"rules": keccak(b"others")}, "rules: it is 0x"),
        ({"host": account("stranger")}, "signature: it is not that of host"),
        ({"expiry": 1_767_225_640}, "expiry: it ended at 1767225640, or is about to"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_an_offer_beyond_what_is_allowed_is_refused_by_its_field(
    change: dict[str, Any], said: str
) -> None:
    home = await leased_home()
    home.offers(**change)
    await home.settle()
    assert bond(home) == ("False", "OfferRefused")
    assert said in home.condition(BOND)["message"]
    assert home.money.asked == []
    assert home.lease()["state"] == "Refused"
    assert home.events.reasons().count("LeaseRefused") == 1


async def test_another_offer_or_wider_terms_mend_it() -> None:
    home = await leased_home()
    home.offers(rate=Wei(1001))
    await home.settle()
    home.changes(maxRatePerSlice="1001")
    await home.settle()
    assert bond(home) == ("True", "LeaseOpen")


async def test_a_payment_beyond_a_cap_is_not_made() -> None:
    home = await leased_home(terms={"dailySpendCap": "999999"})
    home.offers()
    await home.settle()
    assert bond(home) == ("False", "SpendingCapped")
    assert "dailySpendCap: 1000000 more would make 1000000" in home.condition(BOND)["message"]
    assert home.money.asked == []
    home.changes(dailySpendCap="1000000", totalSpendCap="999999")
    await home.settle()
    assert "totalSpendCap" in home.condition(BOND)["message"]
    home.changes(dailySpendCap="1000000", totalSpendCap="1000000")
    await home.settle()
    assert bond(home) == ("True", "LeaseOpen")


async def test_what_the_contract_refuses_is_said_and_tried_again_at_no_cost() -> None:
    home = await leased_home()
    home.money.refusals["open"] = Reverted(
        "ModelBondBondTooSmall(free=0)", error="ModelBondBondTooSmall"
    )
    lease = await home.opens()
    assert bond(home) == ("False", "ChainRefused")
    assert "BondTooSmall" in home.condition(BOND)["message"]
    home.money.refusals.clear()
    await home.settle()
    assert home.money.paid == {lease: 1_000_000}
    assert home.status()["spending"]["total"] == "1000000"


async def test_an_offer_that_could_not_be_opened_counts_nothing_once_another_is() -> None:
    home = await leased_home()
    home.money.refusals["open"] = Reverted("ModelBondOfferExpired()", error="ModelBondOfferExpired")
    await home.opens()
    home.money.refusals.clear()
    lease = await home.opens(rate=Wei(900), fee=Wei(1))
    assert home.money.paid == {lease: 900_000}
    assert home.status()["spending"]["total"] == "900000"


@pytest.mark.parametrize(
    "failure",
    [
        OutOfFunds("0xabc cannot pay for its transaction"),
        Reverted("ERC20InsufficientBalance(0xabc)", error="ERC20InsufficientBalance"),
    ],
)
async def test_an_empty_wallet_is_told_from_a_refusal(failure: Exception) -> None:
    home = await leased_home()
    home.money.refusals["open"] = failure
    await home.opens()
    assert bond(home) == ("False", "OutOfFunds")
    assert "0xabc" in home.condition(BOND)["message"]


async def test_a_wallet_without_a_key_is_named() -> None:
    home = await leased_home()
    home.api.put(SECRET, secret("wallet", key="no key at all"))
    await home.settle()
    assert bond(home) == ("False", "WalletUnusable")
    home.api.put(SECRET, secret("wallet", other="customer"))
    await home.settle()
    assert "Secret wallet in namespace models has no entry key" in home.condition(BOND)["message"]


async def test_canaries_that_break_a_rule_are_named_and_mended() -> None:
    home = await leased_home()
    home.api.put(CONFIG_MAP, canaries_map('{"version":1}'))
    await home.settle()
    assert bond(home) == ("False", "CanariesInvalid")
    assert home.condition(SLA)["reason"] == "CanariesInvalid"
    assert "ConfigMap llama-canaries: canaries" in home.condition(BOND)["message"]
    home.api.put(CONFIG_MAP, canaries_map(""))
    await home.settle()
    assert "has no entry canaries.json" in home.condition(BOND)["message"]
    home.api.put(CONFIG_MAP, canaries_map())
    await home.settle()
    assert bond(home) == ("False", "WaitingForOffer")


async def test_another_key_of_the_endpoint_is_another_agreement_with_the_same_token() -> None:
    home = await leased_home()
    before, token = home.wish()["agreement"], text_in(papers(home), "probe-token")
    home.offers()
    home.request = signing_request()
    home.says_so()
    await home.settle()
    assert home.wish()["agreement"] != before
    assert text_in(papers(home), "probe-token") == token
    assert bond(home) == ("False", "OfferRefused")
    assert "agreement: it is" in home.condition(BOND)["message"]


async def test_without_a_lease_nothing_is_asked_or_written() -> None:
    home = LeasedHome()
    await home.joins("alpha")
    await placed(home)
    assert "lease" not in home.order_at("alpha")["spec"]
    types = [one["type"] for one in home.status()["conditions"]]
    assert BOND not in types
    assert SLA not in types


async def test_a_wish_that_is_taken_back_before_anything_was_paid_is_asked_for_no_more() -> None:
    home = await leased_home()
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    del held["spec"]["lease"]
    home.applies(held)
    await home.settle()
    assert "lease" not in home.order_at("alpha")["spec"]
    assert BOND not in [one["type"] for one in home.status()["conditions"]]
    assert "lease" not in home.status()["placements"][0]


async def test_a_foreign_secret_of_the_papers_name_is_left_alone_and_named() -> None:
    home = await leased_home()
    name = papers(home)["metadata"]["name"]
    home.api.put(SECRET, secret(name, namespace="modelbond-host-alpha", mine="yes"))
    home.offers()
    await home.settle()
    assert bond(home) == ("False", "NameTaken")
    assert home.money.leases == {}
    assert text_in(papers(home), "mine") == "yes"


async def test_what_this_api_server_refuses_is_said_with_what_to_do() -> None:
    home = await leased_home()
    home.api.fail(Forbidden("configmaps is forbidden"), verb="get", kind=CONFIG_MAP, times=1000)
    await home.round()
    assert home.condition(BOND)["reason"] == "RouteRefused"
    assert "configmaps is forbidden" in home.condition(BOND)["message"]


async def test_a_home_that_knows_no_chain_says_so_and_serves() -> None:
    home = await leased_home()
    home.chain = None
    home.start()
    await home.settle()
    assert bond(home) == ("False", "NoChain")
    assert home.condition(ConditionType.ENDPOINT_READY)["status"] == "True"


async def test_a_stranger_under_the_hosts_name_is_offered_nothing() -> None:
    home = await leased_home()
    home.offers()
    home.reports("alpha", clusterUID="cluster-other")
    await home.settle()
    assert home.money.leases == {}
    assert home.condition(BOND)["reason"] == "IdentityChanged"


async def test_a_lost_annotation_does_not_open_the_purse_again() -> None:
    home = await leased_home(terms={"dailySpendCap": "1500000"})
    await home.opens()
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    assert json.loads(held["metadata"]["annotations"].pop("modelbond.io/spent"))["total"]
    home.api.put(MODEL_DEPLOYMENT, held)
    await home.settle()
    assert home.status()["spending"]["total"] == "1000000"
