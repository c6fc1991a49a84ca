"""Nobody is charged for what is not theirs: what a watcher could not see is unknown, never bad."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from cluster import faults
from federation import breaking, joining, looking, seen
from federation.deployments import Deployed
from federation.install import CUSTOMER, SYSTEM
from federation.leasing import SLICE_SECONDS, TINY_CANARIES, WATCHER, Leased, leased_spec
from federation.polling import always, eventually
from federation.settled import ready
from modelbond.sla.evidence import Measured

pytestmark = pytest.mark.timeout(1200, func_only=True)

NAME = "spared"
FAULT_SECONDS = 40
"""A whole frame lies in it, wherever it begins."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survived:
    """A healthy copy on alpha, what happened around it and when, and what it was charged."""

    leased: Leased
    lease: str
    spans: dict[str, Span]
    measured: Measured

    def saw(self, watcher: str, fault: str) -> str:
        """Return a watcher's letters of the slices that lie wholly in a fault's time."""
        begin, end = self.spans[fault]
        cluster = self.leased.world.clusters[watcher]
        return seen.verdicts(cluster, self.lease, after=begin, until=end)


@pytest.fixture(scope="module")
def survived(leased: Leased) -> Iterator[Survived]:
    """All faults, one after the other; between them everybody sees the copy again."""
    spec = leased_spec(TINY_CANARIES)
    with leased.world.deployed(NAME, placement={"hosts": ["alpha"]}, **spec) as deployed:
        ready(deployed)
        lease = seen.opened(deployed)
        copies_on_alpha = partial(looking.pods, leased.world.host("alpha"), NAME)
        spans = {}
        for name, fault in FAULTS.items():
            seen_by_all(leased, lease)
            with fault(leased, deployed):
                begin = time.time()
                always(copies_on_alpha, lambda pods: len(pods) == 1, for_seconds=FAULT_SECONDS)
                spans[name] = begin, time.time()
        seen_by_all(leased, lease)
        measured = seen.reported(leased, lease, since=time.time())
        yield Survived(leased=leased, lease=lease, spans=spans, measured=measured)


def seen_by_all(leased: Leased, lease: str) -> None:
    """Wait until each watcher has found the copy good after this moment."""
    began = time.time()
    for cluster in leased.world.clusters.values():
        eventually(
            lambda at=cluster: seen.verdicts(at, lease, after=began, until=time.time()),
            lambda letters: "g" in letters,
            within_seconds=120,
        )


def one_cut_off(leased: Leased, _: Deployed) -> AbstractContextManager[None]:
    return faults.cut_link(leased.world.host("beta"))


def one_calls_it_bad(leased: Leased, _: Deployed) -> AbstractContextManager[None]:
    return breaking.hidden_from(leased.world.host("beta"), leased.world.host("alpha"), NAME)


def home_dead(leased: Leased, _: Deployed) -> AbstractContextManager[None]:
    return faults.cut_link(leased.world.home)


@contextmanager
def keys_rotate(leased: Leased, deployed: Deployed) -> Iterator[None]:
    """Throw away the client's token and the endpoint's certificate: the home makes new ones."""
    home = leased.world.home
    (order,) = (each["metadata"]["name"] for each in looking.orders(home, NAME))
    host = "modelbond-host-alpha"
    before = looking.secret(home, CUSTOMER, f"{NAME}-client")["token"]
    certificate = looking.secret(home, host, f"{order}-edge")["tls.crt"]
    home.kubectl("delete", "secret", f"{NAME}-client", "-n", CUSTOMER)
    dropped = json.dumps({"data": {"tls.crt": None}})
    home.kubectl("patch", "secret", f"{order}-edge", "-n", host, "--type=merge", "-p", dropped)
    eventually(
        lambda: (
            looking.secret(home, CUSTOMER, f"{NAME}-client")["token"],
            looking.secret(home, host, f"{order}-edge")["tls.crt"],
        ),
        lambda now: now[0] != before and now[1] != certificate,
        within_seconds=60,
    )
    yield
    ready(deployed)


def chain_silent(leased: Leased, _: Deployed) -> AbstractContextManager[None]:
    return leased.chain.stopped()


@contextmanager
def watchers_down(leased: Leased, _: Deployed) -> Iterator[None]:
    for cluster in leased.world.clusters.values():
        cluster.kubectl("scale", WATCHER, "-n", SYSTEM, "--replicas=0")
        selected = ("-l", "app.kubernetes.io/component=watcher")
        cluster.kubectl("wait", "--for=delete", "pod", *selected, "-n", SYSTEM, "--timeout=60s")
    try:
        yield
    finally:
        for cluster in leased.world.clusters.values():
            cluster.kubectl("scale", WATCHER, "-n", SYSTEM, "--replicas=1")


Fault = Callable[[Leased, Deployed], AbstractContextManager[None]]
FAULTS: dict[str, Fault] = {
    "one watcher is cut off": one_cut_off,
    "one watcher calls it bad": one_calls_it_bad,
    "the home is dead": home_dead,
    "tokens and certificates rotate": keys_rotate,
    "the chain is silent for a frame": chain_silent,
    "all watchers are down": watchers_down,
}


@pytest.mark.parametrize("fault", [each for each in FAULTS if "bad" not in each])
def test_no_watcher_calls_a_healthy_copy_bad(survived: Survived, fault: str) -> None:
    letters = {watcher: survived.saw(watcher, fault) for watcher in survived.leased.world.clusters}
    assert not any("b" in one for one in letters.values()), letters


def measured_on(letters: str) -> bool:
    """Tell whether a watcher went on; a busy machine may make it doubt itself in some slices."""
    return letters.count("g") > len(letters) / 2


def test_whoever_is_cut_off_knows_that_it_knows_nothing(survived: Survived) -> None:
    assert set(survived.saw("beta", "one watcher is cut off")) == {"u"}
    for watcher in ("home", "alpha"):
        assert measured_on(survived.saw(watcher, "one watcher is cut off"))


def test_one_watcher_that_calls_it_bad_is_outvoted(survived: Survived) -> None:
    assert "b" in survived.saw("beta", "one watcher calls it bad")
    for watcher in ("home", "alpha"):
        assert measured_on(survived.saw(watcher, "one watcher calls it bad"))
    assert survived.measured.leaf.breach == 0


def test_watchers_measure_on_from_their_last_copy_while_the_home_is_dead(
    survived: Survived,
) -> None:
    for watcher in ("alpha", "beta"):
        assert measured_on(survived.saw(watcher, "the home is dead"))


def test_a_new_token_and_certificate_are_no_outage(survived: Survived) -> None:
    for watcher in survived.leased.world.clusters:
        assert measured_on(survived.saw(watcher, "tokens and certificates rotate"))


def test_watchers_measure_on_while_the_chain_is_silent(survived: Survived) -> None:
    for watcher in survived.leased.world.clusters:
        assert measured_on(survived.saw(watcher, "the chain is silent for a frame"))


def test_nobody_was_charged_and_what_nobody_saw_is_counted_as_unknown(survived: Survived) -> None:
    measured = survived.measured
    assert (measured.leaf.breach, measured.bad) == (0, 0)
    unseen = FAULT_SECONDS // SLICE_SECONDS - 1
    assert measured.unknown >= unseen
    assert survived.saw("home", "all watchers are down") == ""


def test_coverage_shows_what_was_not_seen(survived: Survived) -> None:
    said = joining.modelbond(survived.leased.world.home, "top", "-n", CUSTOMER)
    (line,) = (each for each in said.splitlines() if NAME in each)
    heading = said.splitlines()[0].index("COVERAGE")
    coverage = float(line[heading:].split()[0].rstrip("%"))
    assert 0 < coverage < 100, said
