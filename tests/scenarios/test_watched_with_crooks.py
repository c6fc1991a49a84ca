"""One watcher that breaks the rules changes nothing, and no death or reorg does a thing twice.

Last of all: who signs two reports of a round loses its stake, and this chain has a watcher less.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from cluster.cluster import Cluster
from federation import breaking, crook, crooked, seen
from federation.chain import FRAME_SECONDS, address_of, spend
from federation.deployments import Deployed, Json
from federation.leasing import ALLOWANCE, CREDIT, TINY_CANARIES, Leased, leased_spec
from federation.onchain import Happened, happened, undo
from federation.polling import eventually
from federation.settled import ready
from modelbond.adapters.chain.tower_views import Seat
from modelbond.settlement.units import Address, address
from modelbond.sla.evidence import Evidence, Measured
from modelbond.sla.exchanged import Page
from modelbond.sla.vector import SignedVector, vector_of

pytestmark = pytest.mark.timeout(1200, func_only=True)

NAME, CROOK, HONEST = "among-crooks", "beta", ("home", "alpha")
EVERYBODY = {CROOK, *HONEST}
DIES = dict(zip(crook.DIES, ("home", "alpha", "beta", "home"), strict=True))
SLICES_IN_BREACH = 3
ACTED_WITHIN_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A leased copy on alpha, and the watchers around it, which take orders."""

    leased: Leased
    deployed: Deployed
    lease: str
    opening: Happened

    def watcher(self, name: str) -> Cluster:
        """Return the cluster of a watcher."""
        return self.leased.world.clusters[name]

    def letters(self, vectors: tuple[SignedVector, ...]) -> dict[str, str]:
        """Return what each watcher says of the copy in these vectors."""
        shown = {one.watcher: vector_of(one.text) for one in vectors}
        lease = seen.id_of(self.lease)
        signers = {name: signer_of(name) for name in EVERYBODY}
        return {
            name: shown[signer].leases.get(lease, "")
            for name, signer in signers.items()
            if signer in shown
        }

    def until_posted(self, wanted: Callable[[int], bool]) -> None:
        """Wait until the report of such a frame is posted."""
        eventually(
            lambda: [frame for frame, _ in seen.posted(self.leased.chain)],
            lambda frames: any(map(wanted, frames)),
            within_seconds=ACTED_WITHIN_SECONDS,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Crime:
    """What the crook did in a frame, what was counted there, and what the honest ones show."""

    act: Json
    evidence: Evidence
    letters: dict[str, str]
    pages: dict[str, Page]


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """What a watcher was about to do when it died, and what all show of that frame afterwards."""

    act: Json
    frame: int
    signer: Address
    pages: list[Page]


def signer_of(name: str) -> Address:
    return address(address_of(f"attesting {name}"))


@pytest.fixture(scope="module")
def place(leased: Leased) -> Iterator[Place]:
    spec = leased_spec(TINY_CANARIES)
    with (
        crooked.loaded(leased.world.clusters.values()),
        leased.world.deployed(NAME, placement={"hosts": ["alpha"]}, **spec) as deployed,
    ):
        opening = undo(leased.chain, "ModelBond", "Opened")
        ready(deployed)
        lease = seen.opened(deployed)
        seen.every_watcher_says(leased, lease, "g", reason="answered")
        yield Place(leased=leased, deployed=deployed, lease=lease, opening=opening)


@pytest.fixture(scope="module")
def crimes(place: Place) -> dict[str, Crime]:
    return {
        crook.CALLS_GOOD_BAD: crime_of(place, crook.CALLS_GOOD_BAD, all_are_counted),
        crook.COPIES: crime_of(place, crook.COPIES, the_copy_is_seen),
        crook.LEAVES_OUT: crime_of(place, crook.LEAVES_OUT, both_refused),
    }


def crime_of(place: Place, what: str, is_clear: Callable[[Crime], bool]) -> Crime:
    """Let the crook do it until there is a reported frame that shows what came of it."""
    watcher, chain = place.watcher(CROOK), place.leased.chain

    def newest() -> Crime | None:
        frames = {frame for frame, _ in seen.posted(chain)}
        acts = [one for one in crooked.done(watcher, what) if one["frame"] in frames]
        return shown(place, acts[-1]) if acts else None

    with crooked.telling(watcher, what):
        found = eventually(
            newest,
            lambda crime: crime is not None and is_clear(crime),
            within_seconds=ACTED_WITHIN_SECONDS,
        )
    assert found is not None
    return found


def shown(place: Place, act: Json) -> Crime:
    evidence = seen.evidence(place.leased, act["frame"])
    return Crime(
        act=act,
        evidence=evidence,
        letters=place.letters(evidence.inputs.vectors),
        pages={name: seen.page(place.leased, name, act["frame"]) for name in HONEST},
    )


def all_are_counted(crime: Crime) -> bool:
    """Not so where a busy machine was late with a vector: then the next frame tells."""
    return set(crime.letters) == EVERYBODY


def the_copy_is_seen(crime: Crime) -> bool:
    watchers = {one.watcher for page in crime.pages.values() for one in page.vectors}
    return signer_of(CROOK) in watchers and set(crime.letters) >= set(HONEST)


def both_refused(crime: Crime) -> bool:
    """Who got the vector late may sign without it, and rightly."""
    return all("leaves out the vector" in refusal(page, crime) for page in crime.pages.values())


def refusal(page: Page, crime: Crime) -> str:
    return dict(page.refusals).get(crime.act["round"], "")


@pytest.fixture(scope="module", params=[crook.CLOCK_BEHIND, crook.CLOCK_AHEAD])
def clock_off(request: pytest.FixtureRequest, place: Place) -> tuple[str, list[Json]]:
    """Let the crook's clock be off until a frame of that time is reported; return its rows."""
    wrong, watcher = request.param, place.watcher(CROOK)
    off = crook.OFF_SECONDS[wrong]
    with crooked.telling(watcher, wrong):
        eventually(
            lambda: seen.live(place.leased, CROOK)["time"] - time.time(),
            lambda ahead: abs(ahead - off) < 3,
            within_seconds=60,
        )
        begin = time.time() + abs(off)
        place.until_posted(lambda frame: frame * FRAME_SECONDS >= begin)
        end = time.time() - abs(off)
    rows = seen.rows(watcher, place.lease, after=begin)
    return wrong, [row for row in rows if row["slice"] * row["sliceSeconds"] < end]


@pytest.fixture(scope="module")
def posting(place: Place) -> Happened:
    """Take a report's block away."""
    return undo(place.leased.chain, "WatchTower", "Posted")


@pytest.fixture(scope="module")
def deaths(place: Place, posting: Happened) -> dict[str, Death]:
    place.until_posted(lambda frame: frame == posting.values["frame"])
    return {death: death_of(place, death, who) for death, who in DIES.items()}


def death_of(place: Place, death: str, who: str) -> Death:
    """Let a watcher die there once; wait until the frame is reported and it is back."""
    watcher = place.watcher(who)
    with crooked.telling(watcher, death):
        (act,) = eventually(
            lambda: crooked.done(watcher, death), bool, within_seconds=ACTED_WITHIN_SECONDS
        )
    frame = act.get("frame", int(act["at"]) // FRAME_SECONDS - 1)
    place.until_posted(lambda posted: posted == frame)
    pages = [seen.page(place.leased, name, frame) for name in EVERYBODY]
    return Death(act=act, frame=frame, signer=signer_of(who), pages=pages)


@pytest.fixture(scope="module")
def calm(
    place: Place, crimes: dict[str, Crime], posting: Happened, deaths: dict[str, Death]
) -> Measured:
    """What is counted of the copy once all that is over."""
    assert crimes
    assert posting
    assert deaths
    return seen.reported(place.leased, place.lease, since=time.time())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A real outage that the crook denies, whose first credit vanished once."""

    denial: Crime
    crediting: Happened
    measured: Measured


@pytest.fixture(scope="module")
def outage(place: Place, calm: Measured) -> Outage:
    assert calm
    with breaking.killed(place.leased.world.host("alpha"), NAME):
        denial = crime_of(place, crook.CALLS_BAD_GOOD, both_call_it_bad)
        eventually(
            lambda: [row["verdict"] for row in seen.rows(place.watcher("home"), place.lease)],
            lambda letters: letters.count("b") >= ALLOWANCE + SLICES_IN_BREACH,
            within_seconds=180,
        )
    ours = seen.id_of(place.lease)
    crediting = undo(place.leased.chain, "ModelBond", "Credited", lease=ours)
    ready(place.deployed)
    measured = seen.reported(place.leased, place.lease, since=time.time())
    eventually(
        lambda: seen.settled(place.leased.chain, place.lease).breach,
        lambda counted: counted == measured.leaf.breach,
        within_seconds=120,
    )
    return Outage(denial=denial, crediting=crediting, measured=measured)


def both_call_it_bad(crime: Crime) -> bool:
    return all("b" in crime.letters.get(name, "") for name in HONEST) and CROOK in crime.letters


def test_one_that_calls_good_slices_bad_is_outvoted(place: Place, crimes: dict[str, Crime]) -> None:
    crime = crimes[crook.CALLS_GOOD_BAD]
    assert "b" in crime.letters[CROOK]
    assert all("b" not in crime.letters[name] for name in HONEST)
    assert crime.evidence.result.leases[seen.id_of(place.lease)].bad == 0


def test_what_was_copied_from_another_is_seen_and_not_counted(
    place: Place, crimes: dict[str, Crime]
) -> None:
    crime = crimes[crook.COPIES]
    (copied,) = {place.letters(page.vectors)[CROOK] for page in crime.pages.values()}
    assert copied in [crime.letters[name] for name in HONEST]
    assert set(crime.letters) == set(HONEST)


def test_a_proposal_that_leaves_a_vector_out_is_refused_and_another_round_has_it(
    place: Place, crimes: dict[str, Crime]
) -> None:
    crime = crimes[crook.LEAVES_OUT]
    assert set(crime.letters) == EVERYBODY
    rounds = [
        one.values["round"]
        for one in happened(place.leased.chain, "WatchTower", "Posted")
        if one.values["frame"] == crime.act["frame"]
    ]
    assert len(rounds) == 1
    assert rounds[0] > crime.act["round"]


def test_a_watcher_whose_clock_is_off_calls_nothing_bad(
    clock_off: tuple[str, list[Json]],
) -> None:
    wrong, rows = clock_off
    assert rows
    assert {row["verdict"] for row in rows} <= {"g", "u"}
    if wrong == crook.CLOCK_BEHIND:
        assert "clock_off" in {row["reason"] for row in rows}


@pytest.mark.parametrize("death", DIES)
def test_a_frame_in_which_a_watcher_died_is_reported_once_and_nobody_signed_a_round_twice(
    place: Place, deaths: dict[str, Death], death: str
) -> None:
    died = deaths[death]
    assert [frame for frame, _ in seen.posted(place.leased.chain)].count(died.frame) == 1
    contents = seen.contents_signed(died.pages)
    assert contents
    assert all(len(roots) == 1 for roots in contents.values())
    if "root" in died.act:
        again = contents.get((died.signer, died.act["round"]), set())
        assert again <= {bytes.fromhex(died.act["root"])}


def test_nobody_is_charged_for_crooks_deaths_or_reorgs(calm: Measured) -> None:
    assert (calm.bad, calm.leaf.breach) == (0, 0)


def test_one_that_calls_bad_slices_good_does_not_save_the_host(outage: Outage) -> None:
    letters = outage.denial.letters
    assert "b" not in letters[CROOK]
    assert "g" in letters[CROOK]
    assert outage.measured.leaf.breach >= SLICES_IN_BREACH
    assert outage.measured.bad == outage.measured.leaf.breach + ALLOWANCE


def test_the_customer_is_credited_each_slice_in_breach_once_though_a_credit_vanished(
    place: Place, outage: Outage
) -> None:
    credits_ = [
        one
        for one in happened(place.leased.chain, "ModelBond", "Credited")
        if one.values["lease"] == seen.id_of(place.lease)
    ]
    assert all(one.block > outage.crediting.block for one in credits_)
    assert sum(one.values["amount"] for one in credits_) == outage.measured.leaf.breach * CREDIT


def test_an_opening_that_vanished_happens_again_exactly_once(place: Place) -> None:
    openings = happened(place.leased.chain, "ModelBond", "Opened")
    again = [one for one in openings if one.values["lease"] == place.opening.values["lease"]]
    assert [one.block > place.opening.block for one in again] == [True]


def test_a_posted_report_that_vanished_happens_again_exactly_once(
    place: Place, posting: Happened
) -> None:
    reports = happened(place.leased.chain, "WatchTower", "Posted")
    again = [one for one in reports if one.values["frame"] == posting.values["frame"]]
    assert [one.block > posting.block for one in again] == [True]


def test_who_signs_two_reports_of_a_round_loses_its_stake_by_the_others_proof(
    place: Place, outage: Outage
) -> None:
    assert outage, "all else is proven before this chain loses a watcher"
    leased = place.leased
    spend(leased.chain)
    with crooked.telling(place.watcher(CROOK), crook.SIGNS_TWICE):
        slashed = eventually(
            lambda: seat_of(leased, CROOK),
            lambda seat: seat is not None and seat.slashed,
            within_seconds=ACTED_WITHIN_SECONDS,
        )
    assert slashed is not None
    assert slashed.stake == 0
    (proof,) = happened(leased.chain, "WatchTower", "Equivocated")
    assert address(proof.values["signer"]) == signer_of(CROOK)
    provers = {address(address_of(f"paying {name}")) for name in HONEST}
    assert address(proof.values["prover"]) in provers
    place.until_posted(lambda frame: frame > proof.values["frame"])


def seat_of(leased: Leased, name: str) -> Seat | None:
    return leased.chain.read(lambda view: view.tower.seat(signer_of(name)))
