"""A lease on chain: paid on, settled without a claim, shown to watchers, and seen to its end."""

import json
from dataclasses import replace

import pytest

from fakes.home import OTHER_DIGEST
from fakes.lease_chain import CUSTOMER
from fakes.leased import LeasedHome, leased_home, measured, secret, text_in
from fakes.offers import account, leaf
from modelbond.api.conditions import ConditionType
from modelbond.api.kinds import MODEL_DEPLOYMENT, MODEL_PLACEMENT, SECRET, Json
from modelbond.errors import Forbidden, Reverted
from modelbond.settlement.leaves import lease_leaf
from modelbond.settlement.tree import proven_root
from modelbond.settlement.units import LeaseId, SliceIndex
from modelbond.sla.text import hexed

BOND, SLA = ConditionType.BOND_ACTIVE, ConditionType.SLA_HEALTHY
WATCH = "modelbond-watch"
HOUR = 3600


def said(home: LeasedHome, about: ConditionType = BOND) -> tuple[str, str]:
    found = home.condition(about)
    return found["status"], found["reason"]


def target(home: LeasedHome, lease: LeaseId) -> Json:
    return home.api.at(SECRET, f"lease-{lease.hex()[:32]}", namespace=WATCH)


async def open_home(**terms: object) -> tuple[LeasedHome, LeaseId]:
    home = await leased_home(terms=dict(terms))
    return home, await home.opens()


async def test_escrow_is_filled_up_before_it_is_dry_and_each_time_once() -> None:
    home, lease = await open_home()
    await home.passes(8 * HOUR)
    assert home.money.leases[lease].funded == 1000
    await home.passes(HOUR // 2)
    assert home.money.leases[lease].funded == 2000
    home.start()
    await home.passes(HOUR)
    assert home.money.paid[lease] == 2_000_000
    await home.passes(17 * HOUR)
    assert home.money.paid[lease] == 3_000_000
    assert home.status()["spending"] == {
        "total": "3000000",
        "day": "2026-01-02",
        "today": "1000000",
    }


async def test_a_top_up_under_way_is_asked_for_again_by_the_same_name() -> None:
    home, lease = await open_home()
    home.money.slow = True
    await home.passes(10 * HOUR)
    home.start()
    await home.passes(HOUR)
    home.money.slow = False
    home.money.wallets["customer"].finishes()
    await home.settle()
    assert home.money.paid[lease] == 2_000_000
    assert home.status()["spending"]["total"] == "2000000"


async def test_where_a_cap_is_reached_the_lease_runs_dry_and_ends() -> None:
    home, lease = await open_home(totalSpendCap="1500000")
    await home.passes(10 * HOUR)
    assert said(home) == ("True", "SpendingCapped")
    await home.passes(10 * HOUR)
    assert home.money.paid[lease] == 1_000_000
    assert said(home) == ("False", "LeaseEnded")
    assert home.lease()["state"] == "Ended"


async def test_a_breach_is_settled_by_the_final_report_and_claimed_without_a_word() -> None:
    home, lease = await open_home()
    await home.passes(2 * HOUR)
    home.counts(lease, measured(60, 15, 5, bad=15), frame=7)
    await home.passes(60)
    assert home.money.leases[lease].measured.breach == 5
    assert home.money.claimed == {CUSTOMER: 15_000}
    (proof,) = home.money.proofs
    node = lease_leaf(lease, measured(60, 15, 5).leaf)
    assert home.money.report is not None
    assert proven_root(node, proof.path) == home.money.report.root
    state = home.lease()
    assert (state["frame"], state["through"], state["breach"], state["bad"]) == (7, 60, 5, 15)
    assert (state["credited"], state["root"]) == ("15000", hexed(home.money.report.root))
    assert said(home, SLA) == ("False", "InBreach")
    assert home.status()["uptime"] == "75.00%"
    told = {one.reason: one.message for one in home.events.told}
    assert "5 more slices are in breach" in told["BreachCounted"]
    assert "the report of frame 7 is final" in told["ReportFinal"]
    assert told["CreditSettled"].startswith("alpha: 15000 was credited, 15000 in all; root 0x")
    assert f"transaction {state['transaction']}" in told["CreditSettled"]


async def test_a_settlement_is_told_once_and_its_receipt_outlives_a_restart() -> None:
    home, lease = await open_home()
    await home.passes(2 * HOUR)
    home.counts(lease, measured(60, 15, 5), frame=7)
    await home.passes(60)
    before = home.lease()
    home.start()
    await home.passes(60)
    assert home.lease()["transaction"] == before["transaction"]
    assert home.events.reasons().count("CreditSettled") == 1
    assert len(home.money.proofs) == 1


async def test_a_settlement_under_way_is_told_with_its_receipt_once_it_is_final() -> None:
    home, lease = await open_home()
    await home.passes(2 * HOUR)
    home.money.slow = True
    home.counts(lease, measured(60, 15, 5), frame=7)
    await home.passes(60)
    assert home.lease()["credited"] == "0"
    home.money.leases[lease] = replace(home.money.leases[lease], measured=leaf(60, 15, 5))
    await home.passes(60)
    assert home.lease()["credited"] == "0"
    home.money.leases[lease] = replace(home.money.leases[lease], measured=leaf(0))
    home.money.wallets["customer"].finishes()
    home.counts(lease, measured(70, 15, 5), frame=8)
    await home.passes(60)
    assert home.lease()["credited"] == "15000"
    assert {"root", "transaction"} <= home.lease().keys()
    assert home.events.reasons().count("CreditSettled") == 1


async def test_a_report_without_new_credit_moves_nothing_and_is_shown() -> None:
    home, lease = await open_home()
    await home.passes(2 * HOUR)
    home.counts(lease, measured(60, 3, 0, bad=3), frame=7)
    await home.passes(60)
    assert home.money.proofs == []
    assert said(home, SLA) == ("True", "WithinAllowance")
    assert "3 of 10 free bad slices" in home.condition(SLA)["message"]
    assert home.status()["uptime"] == "95.00%"


async def test_credit_stays_at_the_contract_where_the_customer_wants_to_claim() -> None:
    home, lease = await open_home(autoClaim=False)
    await home.passes(2 * HOUR)
    home.counts(lease, measured(60, 15, 5))
    await home.passes(60)
    assert home.money.balances == {CUSTOMER: 15_000}
    assert home.money.claimed == {}


async def test_a_customer_asks_for_a_claim_by_a_mark_that_goes_once_it_is_done() -> None:
    home, lease = await open_home(autoClaim=False)
    await home.passes(2 * HOUR)
    home.counts(lease, measured(60, 15, 5))
    await home.passes(60)

    async def marked(mark: str) -> dict[str, str]:
        held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
        held["metadata"]["annotations"]["modelbond.io/claim"] = mark
        home.api.put(MODEL_DEPLOYMENT, held)
        await home.settle()
        held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
        found: dict[str, str] = held["metadata"]["annotations"]
        return found

    assert "modelbond.io/claim" not in await marked("2026-01-01T03:00:00Z")
    assert home.money.claimed == {CUSTOMER: 15_000}
    assert "modelbond.io/claim" not in await marked("2026-01-01T04:00:00Z")
    home.counts(lease, measured(80, 20, 6), frame=2)
    await home.passes(60)
    assert home.money.balances == {CUSTOMER: 3_000}


async def test_a_report_whose_data_nobody_serves_is_said_and_settles_nothing() -> None:
    home, lease = await open_home()
    await home.passes(2 * HOUR)
    home.counts(lease, measured(60, 15, 5))
    text = dict(home.evidence.texts)
    home.evidence.texts.clear()
    await home.passes(60)
    assert said(home, SLA) == ("Unknown", "ReportMissing")
    assert "no watcher serves the data 0x" in home.condition(SLA)["message"]
    home.evidence.texts = {key: f"{one} " for key, one in text.items()}
    await home.passes(60)
    assert "it has another hash" in home.condition(SLA)["message"]
    assert home.money.proofs == []
    home.evidence.texts = text
    await home.passes(60)
    assert home.money.leases[lease].measured.breach == 5


async def test_when_no_rpc_answers_the_condition_is_unknown_and_nothing_else_changes() -> None:
    home, _ = await open_home()
    before = home.lease()
    order = home.order_at("alpha")["spec"]
    home.money.down = "no RPC of chain 31337 can be used"
    await home.passes(40 * HOUR)
    assert said(home) == ("Unknown", "ChainUnreachable")
    told = home.lease()
    assert (told["id"], told["state"]) == (before["id"], "Open")
    assert home.condition(ConditionType.READY)["status"] == "True"
    home.start()
    await home.passes(HOUR)
    assert said(home) == ("Unknown", "ChainUnreachable")
    assert home.lease() == told
    assert home.order_at("alpha")["spec"] == order
    assert home.events.reasons().count("LeaseOpened") == 1


async def test_a_deleted_deployment_gives_notice_and_its_order_stays_until_all_is_dealt_out() -> (
    None
):
    home, lease = await open_home()
    await home.deletes()
    await home.settle()
    noticed = home.money.leases[lease].noticed
    assert noticed is not None
    assert home.order_at("alpha")["spec"]["state"] == "Withdrawn"
    await home.passes(301)
    assert home.api.names(MODEL_DEPLOYMENT) == []
    home.releases("alpha")
    await home.settle()
    order = home.order_at("alpha")
    assert order["metadata"]["finalizers"] == ["modelbond.io/lease"]
    await home.passes(2 * HOUR)
    length = home.money.leases[lease].length
    home.counts(lease, measured(length, 2, 0), frame=9)
    await home.passes(60)
    assert home.money.leases[lease].released
    assert home.money.claimed == {CUSTOMER: (1000 - length + 2) * 1000}
    assert home.api.names(MODEL_PLACEMENT) == []


async def test_a_lease_that_is_taken_out_of_the_spec_gets_notice() -> None:
    home, lease = await open_home()
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    del held["spec"]["lease"]
    home.applies(held)
    await home.settle()
    assert home.money.leases[lease].noticed is not None
    assert said(home) == ("True", "LeaseEnding")
    assert home.placed() == ["alpha"]


async def test_a_deployment_that_is_not_seen_ends_no_lease() -> None:
    home, lease = await open_home()
    home.deployments.freeze()
    assert home.deployments._frozen is not None
    home.deployments._frozen.clear()
    home.start()
    assert home.lease_controller is not None
    for key in list(home.orders):
        await home.lease_controller.reconcile(key)
    assert home.money.leases[lease].noticed is None
    assert home.money.asked == [f"open/{lease.hex()}"]


async def test_a_tower_that_fell_silent_is_not_waited_for_for_ever() -> None:
    home, lease = await open_home(totalSpendCap="1000000")
    await home.passes(17 * HOUR)
    assert said(home) == ("False", "LeaseEnded")
    await home.passes(8 * 24 * HOUR - HOUR)
    assert not home.money.leases[lease].released
    await home.passes(2 * HOUR)
    assert home.money.leases[lease].released
    assert home.lease()["state"] == "Released"


async def test_cover_that_is_used_up_ends_the_lease_and_pays_all_of_it() -> None:
    home, lease = await open_home()
    await home.passes(7 * HOUR)
    home.counts(lease, measured(400, 400, 334, bad=344))
    await home.passes(60)
    await home.passes(60)
    assert home.money.leases[lease].released
    assert home.money.claimed == {CUSTOMER: 1_000_000 + 1_000_000}
    assert home.lease()["credited"] == "1000000"
    assert said(home) == ("False", "LeaseEnded")


async def test_a_claim_that_another_lease_took_along_is_no_failure() -> None:
    home, lease = await open_home()
    home.money.refusals["claim"] = Reverted("ModelBondNothing()", error="ModelBondNothing")
    await home.passes(2 * HOUR)
    home.counts(lease, measured(60, 15, 5))
    await home.passes(60)
    assert said(home) == ("True", "LeaseOpen")


async def test_what_the_contract_refuses_later_is_said_beside_the_open_lease() -> None:
    home, _ = await open_home()
    home.money.refusals["top up"] = Reverted("ERC20InsufficientBalance()", error="")
    await home.passes(10 * HOUR)
    assert said(home) == ("True", "ChainRefused")


@pytest.mark.parametrize("text", ["nothing", "another customer"])
async def test_without_its_wallet_a_lease_is_shown_and_not_acted_on(text: str) -> None:
    home, lease = await open_home()
    home.api.put(SECRET, secret("wallet", key=text))
    await home.passes(10 * HOUR)
    assert said(home) == ("True", "WalletUnusable")
    assert home.lease()["state"] == "Open"
    assert home.money.leases[lease].funded == 1000
    home.api.put(SECRET, secret("wallet", key="customer"))
    await home.settle()
    assert home.money.leases[lease].funded == 2000


async def test_another_model_goes_to_another_host_by_a_new_epoch_and_leaves_the_lease_alone() -> (
    None
):
    home, lease = await open_home()
    before = home.order_at("alpha")["spec"]
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    held["spec"]["model"]["digest"] = OTHER_DIGEST
    home.applies(held)
    await home.settle()
    assert home.order_at("alpha")["spec"]["model"] == before["model"]
    assert home.placed() == ["alpha"]
    assert said(home, ConditionType.SCHEDULED) == ("False", "NoHostFits")
    assert (
        "its lease is for the model that it has"
        in home.condition(ConditionType.SCHEDULED)["message"]
    )
    assert said(home, ConditionType.READY)[0] == "False"
    await home.joins("beta")
    assert home.placed() == ["beta"]
    new = home.order_at("beta")["spec"]
    assert (new["model"]["digest"], new["epoch"]) == (OTHER_DIGEST, before["epoch"] + 1)
    assert home.money.leases[lease].noticed is not None


async def test_without_a_lease_another_model_is_a_change_of_the_order() -> None:
    home = await leased_home()
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    held["spec"]["model"]["digest"] = OTHER_DIGEST
    home.applies(held)
    before = home.wish()["agreement"]
    await home.settle()
    assert home.order_at("alpha")["spec"]["model"]["digest"] == OTHER_DIGEST
    assert home.wish()["agreement"] != before


# What watchers get.


async def test_watchers_get_a_lease_once_its_host_signed_where_it_serves() -> None:
    home, lease = await open_home()
    assert home.api.objects(SECRET).keys() & {f"{WATCH}/lease-{lease.hex()[:32]}"} == set()
    assert "has signed no endpoint record" in home.condition(SLA)["message"]
    home.records(lease)
    await home.settle()
    found = target(home, lease)
    said_ = json.loads(text_in(found, "target.json"))
    order = home.order_at("alpha")
    papers = home.api.at(
        SECRET, f"{order['metadata']['name']}-agreement", namespace="modelbond-host-alpha"
    )
    assert home.signed is not None
    assert found["metadata"]["labels"]["modelbond.io/target"] == "true"
    assert said_ == {
        "version": 1,
        "offer": home.signed["terms"],
        "signature": home.signed["signature"],
        "agreement": text_in(papers, "agreement.json"),
        "canaries": text_in(papers, "canaries.json"),
        "endpoint": home.record,
    }
    assert text_in(found, "probe-token") == text_in(papers, "probe-token")


async def test_the_record_of_the_highest_sequence_is_the_one_that_watchers_have() -> None:
    home, lease = await open_home()

    async def address(sequence: int, where: str) -> str:
        home.records(lease, sequence=sequence, address=where, from_slice=SliceIndex(sequence))
        await home.settle()
        said_ = json.loads(text_in(target(home, lease), "target.json"))
        return str(said_["endpoint"]["address"])

    assert await address(2, "10.1.1.2:30443") == "10.1.1.2:30443"
    assert await address(1, "10.1.1.1:30443") == "10.1.1.2:30443"
    assert await address(3, "[10.1.1.3]:30443") == "[10.1.1.3]:30443"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "192.0.2.1:443"}, "lies outside the host's endpointCIDRs"),
        ({"address": "127.0.0.1:443"}, "lies outside the host's endpointCIDRs"),
        ({"signer": account("stranger")}, "endpointRecord.signature"),
        ({"lease": LeaseId(bytes(32))}, "endpointRecord.lease"),
    ],
    ids=["elsewhere", "loopback", "signer", "lease"],
)
async def test_a_record_that_is_not_the_hosts_own_is_not_passed_on(
    change: dict[str, object], words: str
) -> None:
    home, lease = await open_home()
    home.records(**{"lease": lease, **change})  # type: ignore[arg-type] # whatever a test sends
    await home.settle()
    assert words in home.condition(SLA)["message"]
    assert not [key for key in home.api.objects(SECRET) if key.startswith(WATCH)]


async def test_without_the_watchers_namespace_the_lease_runs_and_says_what_is_missing() -> None:
    home, lease = await open_home()
    home.api.fail(Forbidden("secrets is forbidden"), verb="create", kind=SECRET, times=1000)
    home.records(lease)
    await home.round()
    assert said(home) == ("True", "LeaseOpen")
    assert "modelbond invite --watcher NAME" in home.condition(SLA)["message"]


async def test_a_foreign_secret_of_a_targets_name_is_left_alone() -> None:
    home, lease = await open_home()
    foreign = secret(f"lease-{lease.hex()[:32]}", namespace=WATCH, mine="yes")
    home.api.put(SECRET, foreign)
    home.records(lease)
    await home.settle()
    assert "belongs to somebody else" in home.condition(SLA)["message"]
    await home.deletes()
    await home.passes(20 * HOUR)
    home.counts(lease, measured(home.money.leases[lease].length))
    await home.passes(60)
    assert home.money.leases[lease].released
    assert text_in(target(home, lease), "mine") == "yes"


async def test_a_released_lease_is_taken_from_watchers() -> None:
    home, lease = await open_home(totalSpendCap="1000000")
    home.records(lease)
    await home.settle()
    assert target(home, lease)
    await home.passes(20 * HOUR)
    assert target(home, lease)
    home.counts(lease, measured(1000, 20, 0))
    await home.passes(60)
    assert not [key for key in home.api.objects(SECRET) if key.startswith(WATCH)]
