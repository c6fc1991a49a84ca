"""From a broken promise to money on the customer's balance, with nobody filing anything."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from federation import breaking, joining, looking, seen
from federation.deployments import Deployed
from federation.install import CUSTOMER
from federation.leasing import ALLOWANCE, CREDIT, TINY_CANARIES, Leased, lease_of, leased_spec
from federation.polling import eventually
from federation.scraping import scraping
from federation.settled import ready
from modelbond.sla.evidence import Measured
from rules.panels import expanded, targets
from rules.prometheus import Prometheus

pytestmark = pytest.mark.timeout(900, func_only=True)

NAME = "paid"
SLICES_IN_BREACH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What belongs to whom, in the asset's smallest unit."""

    bond: int
    reserved: int
    claimable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """An outage that is over, reported, final and settled; nobody claimed yet."""

    leased: Leased
    deployed: Deployed
    lease: str
    measured: Measured
    before: Money
    after: Money
    scraped: Prometheus

    @property
    def credit(self) -> int:
        """Return what the slices in breach are worth."""
        return self.measured.leaf.breach * CREDIT


@pytest.fixture(scope="module")
def paid(leased: Leased, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    """Kill alpha's Triton until the allowance is used up and more, and wait for the money."""
    spec = leased_spec(TINY_CANARIES)
    no_other_lease(leased)
    with (
        leased.world.deployed(NAME, placement={"hosts": ["alpha"]}, **spec) as deployed,
        scraping(leased, tmp_path_factory.mktemp("prometheus")) as scraped,
    ):
        ready(deployed)
        lease = seen.opened(deployed)
        seen.every_watcher_says(leased, lease, "g", reason="answered")
        before = money(leased)
        break_alpha(leased, lease)
        ready(deployed)
        measured = seen.reported(leased, lease, since=time.time())
        credited(deployed, measured.leaf.breach * CREDIT)
        yield Paid(
            leased=leased,
            deployed=deployed,
            lease=lease,
            measured=measured,
            before=before,
            after=money(leased),
            scraped=scraped,
        )


def no_other_lease(leased: Leased) -> None:
    """Wait until earlier leases are dealt out: their refunds are the same customer's."""
    eventually(
        lambda: looking.listed(leased.world.home, joining.ORDERS),
        lambda orders: orders == [],
        within_seconds=400,
    )


def break_alpha(leased: Leased, lease: str) -> None:
    """Kill Triton again and again until so many slices are bad to the watcher at the home."""
    with breaking.killed(leased.world.host("alpha"), NAME):
        eventually(
            lambda: [row["verdict"] for row in seen.rows(leased.world.home, lease)],
            lambda letters: letters.count("b") >= ALLOWANCE + SLICES_IN_BREACH,
            within_seconds=180,
        )


def credited(deployed: Deployed, amount: int) -> None:
    """Wait until the status says that so much was credited, by the chain."""
    eventually(
        lambda: lease_of(deployed).get("credited"),
        lambda said: said == str(amount),
        within_seconds=120,
    )


def money(leased: Leased) -> Money:
    """Return what the chain says is whose."""
    bond = seen.bond_of(leased.chain, "alpha")
    waiting = seen.claimable(leased.chain)
    return Money(bond=bond.total, reserved=bond.reserved, claimable=waiting)


def test_the_free_slices_are_free_and_every_other_bad_one_is_in_breach(paid: Paid) -> None:
    breach = paid.measured.leaf.breach
    assert breach >= SLICES_IN_BREACH
    assert paid.measured.bad == breach + ALLOWANCE
    assert seen.settled(paid.leased.chain, paid.lease).breach == breach


def test_the_customer_is_credited_exactly_the_slices_in_breach(paid: Paid) -> None:
    assert paid.after.claimable - paid.before.claimable == paid.credit


def test_the_hosts_bond_and_cover_fall_by_the_same(paid: Paid) -> None:
    assert paid.before.bond - paid.after.bond == paid.credit
    assert paid.before.reserved - paid.after.reserved == paid.credit


def test_the_customer_is_told_by_events_with_the_root_and_the_transaction(paid: Paid) -> None:
    told = seen.events(paid.leased.world.home, NAME)
    reasons = {line.partition(":")[0] for line in told}
    assert {"LeaseOpened", "ReportFinal", "BreachCounted", "CreditSettled"} <= reasons
    settled = [line for line in told if line.startswith("CreditSettled")]
    assert all("root 0x" in line and "transaction 0x" in line for line in settled)


def test_anybody_computes_the_same_from_evidence_and_chain_alone(paid: Paid) -> None:
    said = seen.verified(paid.leased, lease_of(paid.deployed)["frame"])
    assert said.splitlines()[-1] == "equal", said


def test_every_query_of_the_dashboard_answers_on_what_prometheus_scraped(paid: Paid) -> None:
    for title, target in targets():
        expr = expanded(target["expr"], rate_interval="10s")
        found = paid.scraped.now(expr) or paid.scraped.over(expr, seconds=300)
        assert found, (title, target["expr"])


def test_the_dashboard_shows_the_chains_credit_beside_the_homes_own(paid: Paid) -> None:
    settled = {
        series["metric"]["source"]: int(series["value"][1])
        for series in paid.scraped.now(f'modelbond_lease_credit_wei{{name="{NAME}"}}')
    }
    assert settled == {"chain": paid.credit, "local": paid.credit}


def test_a_claim_moves_it_to_the_customers_balance(paid: Paid) -> None:
    chain = paid.leased.chain
    balance, waiting = chain.balance("customer"), seen.claimable(chain)
    joining.modelbond(paid.leased.world.home, "lease", "claim", NAME, "-n", CUSTOMER)
    eventually(lambda: seen.claimable(chain), lambda left: left == 0, within_seconds=60)
    assert chain.balance("customer") - balance == waiting
