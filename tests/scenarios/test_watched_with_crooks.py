"""One watcher that breaks the rules changes nothing, and no death or reorg does a thing twice.

Last of all: who signs two reports of a round loses its stake, and this chain has a watcher less.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import pytest

from cluster.cluster import Cluster
from federation import breaking, crook, crooked, seen
from federation.chain import FRAME_SECONDS, address_of, spend
from federation.deployments import Json
from federation.leasing import ALLOWANCE, CREDIT, TINY_CANARIES, Leased, leased_spec
from federation.onchain import Happened, happened, undo
from federation.polling import eventually
from federation.settled import ready
from modelbond.adapters.chain.tower_views import Seat
from modelbond.settlement.units import address
from modelbond.sla.evidence import Evidence, Measured
from modelbond.sla.vector import vector_of

pytestmark = pytest.mark.timeout(1800, func_only=True)

NAME, CROOK, HONEST = "among-crooks", "beta", ("home", "alpha")
DIES = dict(zip(crook.DIES, ("home", "alpha", "beta", "home"), strict=True))
SLICES_IN_BREACH = 3
ACTED_WITHIN_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the crook did, by frames that were reported; who died; what vanished from the chain."""

    leased: Leased
    lease: str
    crimes: dict[str, list[Json]] = field(default_factory=dict)
    spans: dict[str, tuple[float, float]] = field(default_factory=dict)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    deaths: dict[str, int] = field(default_factory=dict)
    signatures: dict[int, dict[tuple[str, int], int]] = field(default_factory=dict)
    undone: dict[str, Happened] = field(default_factory=dict)
    measured: dict[str, Measured] = field(default_factory=dict)

    def watcher(self, name: str) -> Cluster:
        """Return the cluster of a watcher."""
        return self.leased.world.clusters[name]

    def reported(self, crime: str) -> dict[int, Evidence]:
        """Return what was counted in the frames of a crime."""
        return {
            one["frame"]: seen.evidence(self.leased, one["frame"]) for one in self.crimes[crime]
        }

    def letters(self, evidence: Evidence) -> dict[str, str]:
        """Return the letters of the lease that each watcher showed."""
        lease = seen.id_of(self.lease)
        shown = {one.watcher: vector_of(one.text) for one in evidence.inputs.vectors}
        return {
            name: shown[signer].leases.get(lease, "")
            for name in self.leased.world.clusters
            if (signer := address(address_of(f"attesting {name}"))) in shown
        }


@pytest.fixture(scope="module")
def story(leased: Leased) -> Iterator[Story]:
    """All of it, one after the other: first what may charge nobody, then an outage."""
    watchers = leased.world.clusters.values()
    spec = leased_spec(TINY_CANARIES)
    with (
        crooked.loaded(watchers),
        leased.world.deployed(NAME, placement={"hosts": ["alpha"]}, **spec) as deployed,
    ):
        opening = undo(leased.chain, "ModelBond", "Opened")
        ready(deployed)
        made = Story(leased=leased, lease=seen.opened(deployed), undone={"Opened": opening})
        seen.every_watcher_says(leased, made.lease, "g", reason="answered")
        for crime in (crook.CALLS_GOOD_BAD, crook.COPIES, crook.LEAVES_OUT):
            commit(made, crime)
        for wrong in (crook.CLOCK_BEHIND, crook.CLOCK_AHEAD):
            run_wrong(made, wrong)
        made.undone["Posted"] = undo(leased.chain, "WatchTower", "Posted")
        for death, who in DIES.items():
            die(made, death, who)
        made.measured["no outage"] = seen.reported(leased, made.lease, since=time.time())
        break_alpha(made)
        ours = seen.id_of(made.lease)
        made.undone["Settled"] = undo(leased.chain, "ModelBond", "Settled", lease=ours)
        ready(deployed)
        made.measured["an outage"] = seen.reported(leased, made.lease, since=time.time())
        settled_to(made, made.measured["an outage"].leaf.breach)
        yield made


def until_posted(leased: Leased, wanted: Callable[[int], bool]) -> None:
    """Wait until the report of such a frame is posted."""
    eventually(
        lambda: [frame for frame, _ in seen.posted(leased.chain)],
        lambda frames: any(map(wanted, frames)),
        within_seconds=ACTED_WITHIN_SECONDS,
    )


def commit(story: Story, crime: str, during: AbstractContextManager[None] | None = None) -> None:
    """Let the crook do it until a frame in which it did is reported; keep what it did there."""
    watcher, chain = story.watcher(CROOK), story.leased.chain

    def reported() -> list[Json]:
        frames = {frame for frame, _ in seen.posted(chain)}
        return [one for one in crooked.done(watcher, crime) if one["frame"] in frames]

    with during or nullcontext(), crooked.told(watcher, crime):
        story.crimes[crime] = eventually(reported, bool, within_seconds=ACTED_WITHIN_SECONDS)
    story.refusals[crime] = [
        reason
        for one in story.crimes[crime]
        for name in HONEST
        for _, reason in seen.page(story.leased, name, one["frame"]).refusals
    ]


def run_wrong(story: Story, wrong: str) -> None:
    """Let the crook's clock be off until a whole frame that lies in that time is reported."""
    with crooked.told(story.watcher(CROOK), wrong):
        begin = time.time()
        until_posted(story.leased, lambda frame: frame * FRAME_SECONDS >= begin)
        story.spans[wrong] = begin, time.time()


def die(story: Story, death: str, who: str) -> None:
    """Let a watcher die there once; wait until the frame is reported and it is back."""
    watcher = story.watcher(who)
    with crooked.told(watcher, death):
        (died,) = eventually(
            lambda: crooked.done(watcher, death), bool, within_seconds=ACTED_WITHIN_SECONDS
        )
    frame = story.deaths[death] = int(died["at"]) // FRAME_SECONDS - 1
    until_posted(story.leased, lambda posted: posted == frame)
    story.signatures[frame] = seen.contents_signed(story.leased, frame)


def break_alpha(story: Story) -> None:
    """Kill Triton until so many slices are bad, while the crook calls them good."""
    with breaking.killed(story.leased.world.host("alpha"), NAME):
        commit(story, crook.CALLS_BAD_GOOD)
        eventually(
            lambda: [row["verdict"] for row in seen.rows(story.watcher("home"), story.lease)],
            lambda letters: letters.count("b") >= ALLOWANCE + SLICES_IN_BREACH,
            within_seconds=180,
        )


def settled_to(story: Story, breach: int) -> None:
    """Wait until the contract has counted so many slices in breach."""
    eventually(
        lambda: seen.settled(story.leased.chain, story.lease).breach,
        lambda counted: counted == breach,
        within_seconds=120,
    )


def test_one_that_calls_good_slices_bad_is_outvoted(story: Story) -> None:
    for evidence in story.reported(crook.CALLS_GOOD_BAD).values():
        letters = story.letters(evidence)
        assert "b" in letters[CROOK]
        assert all("b" not in letters[name] for name in HONEST)
        assert evidence.result.leases[seen.id_of(story.lease)].bad == 0


def test_what_was_copied_from_another_is_not_counted(story: Story) -> None:
    for evidence in story.reported(crook.COPIES).values():
        assert set(story.letters(evidence)) == set(HONEST)


def test_a_proposal_that_leaves_a_vector_out_is_refused_and_another_round_has_it(
    story: Story,
) -> None:
    posted = {
        one.values["frame"]: one.values["round"]
        for one in happened(story.leased.chain, "WatchTower", "Posted")
    }
    for one in story.crimes[crook.LEAVES_OUT]:
        assert posted[one["frame"]] != one["round"]
    for evidence in story.reported(crook.LEAVES_OUT).values():
        assert set(story.letters(evidence)) == {CROOK, *HONEST}
    assert any("leaves out the vector" in why for why in story.refusals[crook.LEAVES_OUT])


@pytest.mark.parametrize("wrong", [crook.CLOCK_BEHIND, crook.CLOCK_AHEAD])
def test_a_watcher_whose_clock_is_off_calls_nothing_bad(story: Story, wrong: str) -> None:
    begin, end = story.spans[wrong]
    rows = seen.rows(story.watcher(CROOK), story.lease, after=begin + crook.OFF_SECONDS)
    found = [row for row in rows if row["slice"] * row["sliceSeconds"] < end - crook.OFF_SECONDS]
    assert found
    assert {row["verdict"] for row in found} <= {"g", "u"}
    if wrong == crook.CLOCK_BEHIND:
        assert "clock_off" in {row["reason"] for row in found}


def test_nobody_is_charged_for_crooks_deaths_and_reorgs(story: Story) -> None:
    measured = story.measured["no outage"]
    assert (measured.bad, measured.leaf.breach) == (0, 0)


@pytest.mark.parametrize("death", DIES)
def test_a_frame_in_which_a_watcher_died_is_reported_once_and_nobody_signed_a_round_twice(
    story: Story, death: str
) -> None:
    frame = story.deaths[death]
    assert [one for one, _ in seen.posted(story.leased.chain)].count(frame) == 1
    contents = story.signatures[frame]
    assert contents
    assert set(contents.values()) == {1}


def test_one_that_calls_bad_slices_good_does_not_save_the_host(story: Story) -> None:
    for evidence in story.reported(crook.CALLS_BAD_GOOD).values():
        letters = story.letters(evidence)
        assert "b" not in letters[CROOK]
        assert all("b" in letters[name] for name in HONEST)
    measured = story.measured["an outage"]
    assert measured.leaf.breach >= SLICES_IN_BREACH
    assert measured.bad == measured.leaf.breach + ALLOWANCE


def test_the_customer_is_credited_each_slice_in_breach_once(story: Story) -> None:
    credited = [
        one.values["amount"]
        for one in happened(story.leased.chain, "ModelBond", "Credited")
        if one.values["lease"] == seen.id_of(story.lease)
    ]
    assert sum(credited) == story.measured["an outage"].leaf.breach * CREDIT


@pytest.mark.parametrize(
    ("contract", "event", "same"),
    [
        ("ModelBond", "Opened", ("lease",)),
        ("WatchTower", "Posted", ("frame",)),
        ("ModelBond", "Settled", ("lease", "through")),
    ],
)
def test_what_a_reorg_took_away_happens_again_exactly_once(
    story: Story, contract: str, event: str, same: tuple[str, ...]
) -> None:
    undone = story.undone[event]
    again = [
        one
        for one in happened(story.leased.chain, contract, event)
        if all(one.values[name] == undone.values[name] for name in same)
    ]
    assert len(again) == 1


def test_who_signs_two_reports_of_a_round_loses_its_stake_by_the_others_proof(
    story: Story,
) -> None:
    leased = story.leased
    spend(leased.chain)
    with crooked.told(story.watcher(CROOK), crook.SIGNS_TWICE):
        slashed = eventually(
            lambda: seat_of(leased, CROOK),
            lambda seat: seat is not None and seat.slashed,
            within_seconds=ACTED_WITHIN_SECONDS,
        )
    assert slashed is not None
    assert slashed.stake == 0
    assert len(happened(leased.chain, "WatchTower", "Equivocated")) == 1
    (twice,) = crooked.done(story.watcher(CROOK), crook.SIGNS_TWICE)
    until_posted(leased, lambda frame: frame > twice["frame"])


def seat_of(leased: Leased, name: str) -> Seat | None:
    signer = address(address_of(f"attesting {name}"))
    return leased.chain.read(lambda view: view.tower.seat(signer))
