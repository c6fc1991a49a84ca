"""From the home's papers to a signed offer, and to the record of where the lease is served."""

import hashlib
from dataclasses import replace

import pytest

from fakes.host_chain import FakeHostChain
from fakes.host_world import AT_HOME, CLIENT_TOKEN, ORDER, HostWorld, again, serving
from fakes.leasing import (
    PRICE,
    PROBE_TOKEN,
    SLOT,
    agreement,
    chain_of,
    edge_files,
    leasing,
    looked,
    offered,
    offering,
    pricing,
    propose,
)
from fakes.offers import account
from modelbond.api.kinds import CONFIG_MAP, MODEL_PLACEMENT, SECRET
from modelbond.errors import ActionPending, ApiBroken
from modelbond.reconcile.host_lease_papers import papers_secret
from modelbond.settlement.units import Wei
from modelbond.sla.text import hexed


def message(world: HostWorld, condition: str = "BondActive") -> str:
    found = [each for each in world.order_status()["conditions"] if each["type"] == condition]
    return str(found[0]["message"])


async def test_without_a_wish_nothing_is_said_of_leases() -> None:
    world = await pricing()
    assert world.reason("BondActive") == ""
    assert "offer" not in world.order_status()
    assert PROBE_TOKEN not in edge_files(world)["tokens.conf"]


async def test_an_offer_on_the_hosts_terms_is_signed_once_the_own_answers_agree() -> None:
    world = await offering()
    assert world.reason("BondActive") == "False/Offered"
    offer = offered(world).offer
    assert offer.host == account("host")
    assert offer.customer == account("customer")
    assert offer.agreement == agreement().hash
    assert (offer.rate, offer.cover, offer.epoch) == (1_000, 1_000_000, 1)
    assert offer.expiry == world.clock.now().timestamp() + 3600
    assert len(world.endpoint.asked) == 1
    assert world.endpoint.asked[0].token == PROBE_TOKEN
    assert world.endpoint.asked[0].certificate == "certificate of key-1"


async def test_an_operator_killed_before_the_home_saw_its_offer_signs_no_other() -> None:
    world = await pricing()
    await world.watch_round()
    propose(world)
    world.home.fail(ApiBroken("500"), verb="apply_status", kind=MODEL_PLACEMENT, times=1000)
    with pytest.raises(ApiBroken):
        await again(world)
    world.kubelet()
    with pytest.raises(ApiBroken):
        await again(world)
    kept = world.copy()["status"]["offer"]
    assert "offer" not in world.order_status()
    world.home.faults.clear()
    world.clock.pass_by(60)
    world.restart()
    await again(world)
    await looked(world)
    assert world.order_status()["offer"] == kept


async def test_an_operator_killed_before_it_wrote_its_offer_down_showed_it_to_nobody() -> None:
    world = await pricing()
    await world.watch_round()
    propose(world)
    world.local.fail(ApiBroken("500"), verb="apply_status", kind=MODEL_PLACEMENT, times=1)
    with pytest.raises(ApiBroken):
        await again(world)
    assert "offer" not in world.order_status()
    world.restart()
    await world.watch_round()
    await again(world)
    await again(world)
    assert world.order_status()["offer"] == world.copy()["status"]["offer"]


async def test_two_orders_do_not_get_offers_on_the_same_bond() -> None:
    world = await pricing(chain=FakeHostChain(total=Wei(1_500_000)))
    other = "other-22222222"
    world.order(other, slot=1)
    await again(world)
    world.sign(other)
    await again(world)
    world.kubelet()
    await world.watch_round()
    propose(world)
    key = hashlib.sha256(b"key-2").digest()
    propose(world, agreement(slot=1, endpoint_key=key), name=other, slot=1)
    await again(world)
    await again(world)
    said = [world.reason("BondActive", name) for name in (ORDER, other)]
    assert sorted(said) == ["False/BondTooSmall", "False/Offered"]


async def test_an_offer_is_the_same_after_any_time_change_of_price_and_restart() -> None:
    world = await offering()
    first = world.order_status()["offer"]
    world.clock.pass_by(1800)
    world.change_home(lease={**PRICE, "rate": "9000"})
    world.restart()
    await looked(world)
    await again(world)
    assert world.order_status()["offer"] == first
    assert len(chain_of(world).signed) == 1


async def test_another_agreement_does_not_get_a_second_offer_while_the_first_can_be_taken() -> None:
    world = await offering()
    first = world.order_status()["offer"]
    propose(world, agreement(latency_bound_ms=2000))
    await again(world)
    await looked(world)
    assert world.order_status()["offer"] == first
    assert "stands until then" in message(world)


async def test_an_offer_that_expired_unopened_is_followed_by_another() -> None:
    world = await offering()
    first = offered(world).offer
    world.clock.pass_by(3700)
    await looked(world)
    assert offered(world).offer == first, "the chain is not final beyond the expiry yet"
    chain_of(world).time_is(first.expiry + 1)
    await looked(world)
    second = offered(world).offer
    assert second.expiry == first.expiry + 3700
    assert replace(second, expiry=first.expiry) == first


async def test_one_node_alone_does_not_make_an_offer_lapse() -> None:
    world = await offering()
    first = offered(world).offer
    world.clock.pass_by(3700)
    chain_of(world).nodes = [first.expiry + 1]
    await looked(world)
    assert offered(world).offer == first


async def test_the_edge_honours_the_probe_token_and_the_agreed_rate_beside_the_clients() -> None:
    world = await offering()
    files = edge_files(world)
    assert PROBE_TOKEN in files["tokens.conf"]
    assert CLIENT_TOKEN in files["tokens.conf"]
    assert "rate=600r/m" in files["rates.conf"]


async def test_a_wish_restarts_no_pod() -> None:
    world = await pricing()
    before = [pod["metadata"]["uid"] for pod in world.pods()]
    configuration = world.local.objects(CONFIG_MAP)
    await world.watch_round()
    propose(world)
    await again(world)
    world.kubelet()
    await again(world)
    assert [pod["metadata"]["uid"] for pod in world.pods()] == before
    assert world.local.objects(CONFIG_MAP) == configuration


async def test_papers_hold_although_the_home_takes_them_away() -> None:
    world = await leasing()
    world.home.stored.pop((SECRET.plural, f"{AT_HOME}/{papers_secret(ORDER)}"))
    world.home.stored.pop((SECRET.plural, f"{AT_HOME}/{ORDER}-edge"))
    world.restart()
    await looked(world)
    assert PROBE_TOKEN in edge_files(world)["tokens.conf"]
    assert "rate=600r/m" in edge_files(world)["rates.conf"]


async def test_a_client_token_that_is_the_probes_takes_no_budget_away() -> None:
    world = await leasing()
    world.sign(token=PROBE_TOKEN)
    await again(world)
    tokens = edge_files(world)["tokens.conf"].splitlines()
    assert [line.rpartition(" ")[2] for line in tokens] == ["client-1;", "probe;"]
    assert CLIENT_TOKEN in tokens[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"home": "another"}, "agreement.home"),
        ({"slot": 1}, "agreement.slot"),
        ({"epoch": 2}, "agreement.epoch"),
        ({"model": "sha256:" + "00" * 32}, "agreement.model:"),
        ({"model_name": "other"}, "agreement.modelName"),
        ({"canaries": agreement().hash}, "agreement.canaries"),
        ({"endpoint_key": bytes(32)}, "agreement.endpointKey"),
        ({"probe_token": bytes(32)}, "agreement.probeToken"),
        ({"requests_per_minute": 601}, "agreement.requestsPerMinute: 601, at most 600 here"),
        ({"latency_bound_ms": 99}, "agreement.latencyBoundMs: 99, at least 100 here"),
    ],
)
async def test_a_refusal_names_the_field(change: dict[str, object], field: str) -> None:
    world = await pricing()
    await world.watch_round()
    propose(world, agreement(**change))
    await again(world)
    await again(world)
    assert world.reason("BondActive") == "False/AgreementRefused"
    assert field in message(world)
    assert chain_of(world).signed == []
    assert world.reason("Ready") == "True/Ready", "it serves without a lease"


async def test_papers_that_cannot_be_read_are_refused_by_their_name() -> None:
    world = await pricing()
    propose(world, token="short")  # noqa: S106 - no token at all
    await again(world)
    assert world.reason("BondActive") == "False/AgreementRefused"
    assert message(world).startswith("probe-token: ")


async def test_papers_that_nobody_would_sign_raise_no_rate() -> None:
    world = await pricing()
    propose(world, agreement(requests_per_minute=1_000_000))
    await again(world)
    assert "rate=12000r/m" in edge_files(world)["rates.conf"]


async def test_wrong_own_answers_keep_the_host_from_signing_and_are_tried_again() -> None:
    world = await pricing()
    await world.watch_round()
    world.endpoint.said = "first: y: holds other bytes"
    propose(world)
    await again(world)
    await again(world)
    assert world.reason("BondActive") == "False/CanariesFailed"
    assert message(world) == "first: y: holds other bytes"
    asked = len(world.endpoint.asked)
    await again(world)
    assert len(world.endpoint.asked) == asked
    world.endpoint.said = None
    world.clock.pass_by(31)
    await again(world)
    assert world.reason("BondActive") == "False/Offered"


async def test_a_model_that_does_not_serve_yet_gets_no_offer() -> None:
    world = await pricing()
    await world.watch_round()
    world.kubelet(ready=False)
    propose(world)
    await again(world)
    assert world.reason("BondActive") == "False/Progressing"
    assert world.endpoint.asked == []
    world.kubelet()
    await again(world)
    assert world.reason("BondActive") == "False/Offered"


async def test_an_edge_that_knows_no_agreed_rates_gets_no_offer() -> None:
    world = await pricing()
    await world.watch_round()
    (key,) = world.local.names(CONFIG_MAP)
    config = world.local.objects(CONFIG_MAP)[key]
    config["data"]["nginx.conf"] = "include /etc/edge/tls/tokens.conf;"
    world.local.put(CONFIG_MAP, config)
    propose(world)
    await again(world)
    await again(world)
    assert world.reason("BondActive") == "False/AgreementRefused"
    assert "older version" in message(world)


async def test_a_host_without_a_price_makes_no_offers_and_serves() -> None:
    world = await pricing(lease=None)
    propose(world)
    await again(world)
    assert world.reason("BondActive") == "False/LeasesClosed"
    assert world.reason("Ready") == "True/Ready"


async def test_a_host_without_a_chain_says_so_and_serves() -> None:
    world = await serving()
    propose(world)
    await again(world)
    assert world.reason("BondActive") == "False/NoChain"
    assert world.reason("Ready") == "True/Ready"


async def test_the_agreement_is_waited_for() -> None:
    world = await pricing()
    propose(world)
    world.home.stored.pop((SECRET.plural, f"{AT_HOME}/{papers_secret(ORDER)}"))
    await again(world)
    assert world.reason("BondActive") == "False/WaitingForAgreement"


async def test_without_a_look_at_the_chain_no_offer_is_made_and_all_goes_on() -> None:
    world = await pricing()
    chain_of(world).goes_away()
    await world.watch_round()
    propose(world)
    await again(world)
    await again(world)
    assert world.reason("BondActive") == "False/ChainUnreachable"
    assert world.reason("Ready") == "True/Ready"
    chain_of(world).comes_back()
    await looked(world)
    assert world.reason("BondActive") == "False/Offered"


async def test_an_epoch_that_was_opened_already_gets_no_offer() -> None:
    chain = FakeHostChain()
    world = await pricing(chain=chain)
    chain.epochs = {SLOT: 1}
    await world.watch_round()
    propose(world)
    await again(world)
    await again(world)
    assert world.reason("BondActive") == "False/AgreementRefused"
    assert message(world).startswith("agreement.epoch: 1 of this slot was opened already")


async def test_a_bond_that_is_too_small_is_said_and_not_exceeded() -> None:
    chain = FakeHostChain(total=Wei(999_999))
    world = await pricing(chain=chain)
    await world.watch_round()
    propose(world)
    await again(world)
    await again(world)
    assert world.reason("BondActive") == "False/BondTooSmall"
    assert chain.signed == []


async def test_a_host_bonds_what_its_offers_need_within_its_owners_target() -> None:
    chain = FakeHostChain(total=Wei(400_000))
    world = await pricing(chain=chain)
    world.target = Wei(1_000_000)
    world.restart()
    await world.watch_round()
    propose(world)
    await again(world)
    await again(world)
    assert [amount for amount, _ in chain.done("add_to_bond")] == [600_000]
    assert world.reason("BondActive") == "False/Offered"


async def test_a_bond_that_is_on_its_way_is_waited_for() -> None:
    chain = FakeHostChain(total=Wei(400_000))
    chain.refusals["add_to_bond"] = ActionPending(once="bond", what="sent, not final yet")
    world = await pricing(chain=chain)
    world.target = Wei(1_000_000)
    world.restart()
    await world.watch_round()
    propose(world)
    await again(world)
    await again(world)
    assert world.reason("BondActive") == "False/BondTooSmall"
    assert "being raised" in message(world)


async def test_an_open_lease_gets_a_record_of_where_it_is_served() -> None:
    world = await leasing()
    assert world.reason("BondActive") == "True/LeaseOpen"
    record = world.order_status()["endpointRecord"]
    (lease,) = chain_of(world).leases
    assert record["lease"] == hexed(lease)
    assert (record["sequence"], record["address"]) == (1, "10.1.0.1:30000")
    assert record["fromSlice"] == chain_of(world).leases[lease].first
    assert world.copy()["status"]["endpointRecord"] == record


async def test_the_record_stays_until_the_address_changes() -> None:
    world = await leasing()
    first = world.order_status()["endpointRecord"]
    world.restart()
    await looked(world)
    assert world.order_status()["endpointRecord"] == first
    world.change_home(endpoint={"addresses": ["10.1.0.1", "192.0.2.7"]})
    await again(world)
    assert world.order_status()["endpointRecord"] == first
    world.clock.pass_by(3600)
    world.change_home(endpoint={"addresses": ["192.0.2.7"]})
    await again(world)
    second = world.order_status()["endpointRecord"]
    assert (second["sequence"], second["address"]) == (2, "192.0.2.7:30000")
    assert second["fromSlice"] > first["fromSlice"]
    world.change_home(endpoint={"addresses": ["2001:db8::1"]})
    await again(world)
    assert world.order_status()["endpointRecord"]["address"] == "[2001:db8::1]:30000"


async def test_before_the_lease_is_open_there_is_no_record() -> None:
    world = await offering()
    await looked(world)
    assert "endpointRecord" not in world.order_status()


async def test_a_lease_with_notice_is_said_to_end() -> None:
    world = await leasing()
    (lease,) = chain_of(world).leases
    chain_of(world).give_notice(lease)
    await looked(world)
    assert world.reason("BondActive") == "True/LeaseEnding"


async def test_a_chain_that_goes_away_changes_nothing_of_an_open_lease() -> None:
    world = await leasing()
    before = world.order_status()
    chain_of(world).goes_away()
    await looked(world)
    assert world.order_status() == before
    world.restart()
    await looked(world)
    assert world.reason("BondActive") == "False/ChainUnreachable"
    assert world.order_status()["offer"] == before["offer"]
    assert world.order_status()["endpointRecord"] == before["endpointRecord"]
    assert world.reason("Ready") == "True/Ready"
