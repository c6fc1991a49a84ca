"""What looks healthy to Kubernetes and is broken for a customer is bad, with its reason."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

import images.models
from federation import breaking, seen
from federation.deployments import Deployed
from federation.leasing import SLICE_SECONDS, TINY_CANARIES, Leased, leased_spec
from federation.polling import always, eventually
from federation.settled import ready

pytestmark = pytest.mark.timeout(900, func_only=True)

HOSTS = {"dead": "alpha", "swapped": "alpha", "slow": "alpha", "refused": "beta"}
SLOW_MILLISECONDS = 1100


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Four leased copies, each broken in its own way, and each Ready to Kubernetes."""

    leased: Leased
    leases: dict[str, str]


@pytest.fixture(scope="module")
def broken(leased: Leased) -> Iterator[Broken]:
    """All four at once: each fault takes a while to be seen, and none is of another's copy."""
    spec = leased_spec(TINY_CANARIES)
    with ExitStack() as stack:
        deployed: dict[str, Deployed] = {
            name: stack.enter_context(
                leased.world.deployed(name, placement={"hosts": [host]}, **spec)
            )
            for name, host in HOSTS.items()
        }
        for one in deployed.values():
            ready(one)
        leases = {name: seen.opened(one) for name, one in deployed.items()}
        for lease in leases.values():
            seen.every_watcher_says(leased, lease, "g", reason="answered")
        alpha, beta = leased.world.host("alpha"), leased.world.host("beta")
        stack.enter_context(breaking.slow(alpha, "slow", milliseconds=SLOW_MILLISECONDS))
        breaking.kill_stubs(alpha, "dead")
        breaking.swap_weights(alpha, "swapped", images.models.other().path / images.models.WEIGHTS)
        stack.enter_context(breaking.probes_refused(beta, "refused"))
        yield Broken(leased=leased, leases=leases)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dead", "http_error"),
        ("swapped", "wrong_answer"),
        ("slow", "too_late"),
        ("refused", "unauthorized"),
    ],
    ids=[
        "the model's process is dead, and Triton says that it is ready",
        "another model of the same shapes answers under the name",
        "the answer is right and comes too late",
        "the watchers' token is refused, the customer's is taken",
    ],
)
def test_it_is_bad_to_every_watcher_though_its_pod_is_ready(
    broken: Broken, name: str, reason: str
) -> None:
    host = broken.leased.world.host(HOSTS[name])
    seen.every_watcher_says(broken.leased, broken.leases[name], "b", reason=reason)
    assert eventually(lambda: breaking.says_ready(host, name), bool, within_seconds=30)


def test_all_the_while_that_they_are_bad_their_pods_are_ready(broken: Broken) -> None:
    begin, home = time.time(), broken.leased.world.home
    hosts = {name: broken.leased.world.host(host) for name, host in HOSTS.items()}
    always(
        lambda: [name for name, host in hosts.items() if not breaking.says_ready(host, name)],
        lambda unready: unready == [],
        for_seconds=3 * SLICE_SECONDS,
    )
    for name, lease in broken.leases.items():
        eventually(
            lambda lease=lease: seen.verdicts(home, lease, after=begin, until=time.time()),
            lambda letters: "b" in letters and "g" not in letters,
            within_seconds=60,
        )
        assert breaking.says_ready(hosts[name], name)
