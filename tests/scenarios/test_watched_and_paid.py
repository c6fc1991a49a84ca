"""From a broken promise to money on the customer's balance, with nobody filing anything."""

import time

import pytest

from federation import breaking, joining, seen
from federation.install import CUSTOMER
from federation.leasing import ALLOWANCE, CREDIT, Leased, lease_of, leased_spec
from federation.polling import eventually
from federation.settled import ready

pytestmark = pytest.mark.timeout(900, func_only=True)

SLICES_IN_BREACH = 3


def test_an_outage_pays_the_customer_and_anybody_can_compute_it_again(leased: Leased) -> None:
    chain, alpha = leased.chain, leased.world.host("alpha")
    spec = leased_spec("tiny-canaries")
    with leased.world.deployed("paid", placement={"hosts": ["alpha"]}, **spec) as deployed:
        ready(deployed)
        lease = seen.opened(deployed)
        seen.every_watcher_says(leased, lease, "g", reason="answered")
        bond, waiting, money = (
            seen.bond_of(chain, "alpha"),
            seen.claimable(chain),
            seen.balance(chain),
        )
        with breaking.killed(alpha, "paid"):
            eventually(
                lambda: seen.rows(leased.world.home, lease),
                lambda rows: (
                    sum(row["verdict"] == "b" for row in rows) >= ALLOWANCE + SLICES_IN_BREACH
                ),
                within_seconds=120,
            )
        ready(deployed)
        measured = seen.reported(leased, lease, since=time.time())
        breach = measured.leaf.breach
        assert breach >= SLICES_IN_BREACH
        assert measured.bad == breach + ALLOWANCE
        eventually(
            lambda: lease_of(deployed).get("credited"),
            lambda credited: credited == str(breach * CREDIT),
            within_seconds=120,
        )
        after = seen.bond_of(chain, "alpha")
        assert seen.settled(chain, lease).breach == breach
        assert seen.claimable(chain) - waiting == breach * CREDIT
        assert bond.total - after.total == breach * CREDIT
        assert bond.reserved - after.reserved == breach * CREDIT

        said = seen.verified(leased, lease_of(deployed)["frame"])
        assert said.splitlines()[-1] == "equal", said
        told = {line.partition(":")[0] for line in seen.events(leased.world.home, "paid")}
        assert {"LeaseOpened", "ReportFinal", "BreachCounted", "CreditSettled"} <= told

        joining.modelbond(leased.world.home, "lease", "claim", "paid", "-n", CUSTOMER)
        eventually(lambda: seen.claimable(chain), lambda left: left == 0, within_seconds=60)
        assert seen.balance(chain) - money == waiting + breach * CREDIT
