"""What a home writes is what a host reads, and the other way round."""

import hashlib

from fakes.host_chain import PLACE
from fakes.host_world import HOME_UID, HostWorld, again, order_spec
from fakes.leasing import (
    CANARIES,
    PROBE_TOKEN,
    SLOT,
    agreement,
    chain_of,
    looked,
    offered,
    pricing,
    propose,
)
from fakes.offers import account
from modelbond.api.v1alpha1 import (
    CanarySource,
    LeaseTerms,
    ModelPlacementSpec,
    SignedEndpoint,
    SignedOffer,
    Sla,
)
from modelbond.api.wire import read
from modelbond.reconcile.home_lease_papers import Papers, agreement_for, wish_of
from modelbond.reconcile.home_lease_target import record_objection, record_of
from modelbond.reconcile.home_lease_terms import Wished, objections, signed_of
from modelbond.settlement.offer import lease_id

SLA = Sla(canaries=CanarySource(config_map="canaries"))
TERMS = LeaseTerms(
    wallet_secret="wallet",  # noqa: S106 - the name of a Secret
    max_rate_per_slice="1000",
    daily_spend_cap="1000000000",
    total_spend_cap="1000000000",
    prepay_slices=200,
)


def papers() -> Papers:
    """Return what the home makes of the usual order, whose host made key-1."""
    made = agreement_for(
        read(ModelPlacementSpec, order_spec()),
        sla=SLA,
        home_uid=HOME_UID,
        endpoint_key=hashlib.sha256(b"key-1").digest(),
        canaries=CANARIES,
        token_hash=hashlib.sha256(PROBE_TOKEN.encode()).digest(),
    )
    return Papers(agreement=made, canaries=CANARIES, token=PROBE_TOKEN)


async def taken() -> HostWorld:
    """Return a host with an offer on what a home proposed."""
    world = await pricing()
    await world.watch_round()
    wish = wish_of(papers(), customer=account("customer"), slot=SLOT, tower=PLACE.tower)
    propose(world, papers().agreement, wished=wish)
    await again(world)
    await again(world)
    return world


def test_the_home_proposes_what_hosts_are_tested_with() -> None:
    assert papers().agreement == agreement()


async def test_a_home_takes_the_offer_that_a_host_makes_on_its_papers() -> None:
    world = await taken()
    signed = signed_of(read(SignedOffer, world.order_status()["offer"]))
    wished = Wished(
        customer=account("customer"), slot=SLOT, epoch=1, agreement=papers().agreement.hash
    )
    wrong = objections(
        signed,
        wished=wished,
        sla=SLA,
        terms=TERMS,
        place=PLACE,
        signer=signed.offer.host,
        now=int(world.clock.now().timestamp()),
    )
    assert wrong == ()


async def test_a_home_passes_the_record_on_that_a_host_signs() -> None:
    world = await taken()
    given = offered(world)
    chain_of(world).open(given.offer)
    await looked(world)
    signed = record_of(read(SignedEndpoint, world.order_status()["endpointRecord"]))
    assert (
        record_objection(
            signed,
            lease=lease_id(given.offer, domain=PLACE.offers),
            offer=given.offer,
            signer=given.offer.host,
            cidrs=["10.1.0.0/16"],
        )
        == ""
    )
