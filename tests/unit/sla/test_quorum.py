"""What watchers see together, whose turn it is, and which leases a chain's events leave open."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from fakes.frames import FRAME, HOUR, WATCHERS
from fakes.offers import leaf, offer
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import LeaseId, SliceCount, SliceIndex
from modelbond.sla import leases
from modelbond.sla.evidence import facts_of
from modelbond.sla.frames import (
    Times,
    frame_of,
    frame_slices,
    posting_delay,
    proposer_place,
)
from modelbond.sla.leases import OpenLease, leases_after
from modelbond.sla.quorum import Signer, joint_verdict, quorum_of
from modelbond.sla.verdict import Verdict

ONE, OTHER = LeaseId(keccak(b"one")), LeaseId(keccak(b"other"))

letters = st.lists(st.tuples(st.integers(1, 9), st.sampled_from("gbux?")), max_size=31)


def of(*weights: int) -> list[Signer]:
    return [Signer(signer=WATCHERS[0], weight=weight) for weight in weights]


def test_a_quorum_is_two_thirds_rounded_up() -> None:
    assert [quorum_of(of(*[1] * count)) for count in (1, 2, 3, 4, 7, 31)] == [1, 2, 2, 3, 5, 21]


@given(letters, st.integers(0, 40))
def test_unknown_is_never_bad(seen: list[tuple[int, str]], quorum: int) -> None:
    known = sum(weight for weight, letter in seen if letter in "gb")
    if known < quorum or not known:
        assert joint_verdict(seen, quorum=quorum) is Verdict.UNKNOWN


@given(letters, st.integers(1, 40))
def test_whoever_turns_from_good_to_bad_makes_a_slice_no_better(
    seen: list[tuple[int, str]], quorum: int
) -> None:
    order = [Verdict.BAD, Verdict.UNKNOWN, Verdict.GOOD]
    worse = [(weight, "b" if letter == "g" else letter) for weight, letter in seen]
    before, after = (joint_verdict(each, quorum=quorum) for each in (seen, worse))
    assert order.index(after) <= order.index(before)


@given(letters, st.integers(1, 40))
def test_less_than_a_third_that_lies_makes_nothing_bad(
    seen: list[tuple[int, str]], quorum: int
) -> None:
    known = sum(weight for weight, letter in seen if letter in "gb")
    bad = sum(weight for weight, letter in seen if letter == "b")
    if 3 * bad < known:
        assert joint_verdict(seen, quorum=quorum) is not Verdict.BAD


def test_of_three_equal_watchers_no_single_one_makes_a_slice_bad() -> None:
    quorum = quorum_of(of(1, 1, 1))
    for seen in product("gbux?", repeat=3):
        if joint_verdict([(1, letter) for letter in seen], quorum=quorum) is Verdict.BAD:
            assert seen.count("b") >= 2


def test_a_frame_has_its_commitments_then_its_vectors_then_its_rounds() -> None:
    times = Times.of(FRAME, frame_seconds=HOUR)
    end = (FRAME + 1) * HOUR
    assert (times.ends_at, times.step) == (end, 120)
    assert (times.commit_until, times.cut_off) == (end + 120, end + 240)
    assert [times.round_begins(each) for each in (1, 2)] == [end + 240, end + 360]
    seen = [times.round_at(end + after) for after in (0, 239.9, 240, 359.9, 360)]
    assert seen == [0, 0, 1, 1, 2]


def test_a_short_frame_still_has_steps_of_a_second() -> None:
    assert Times.of(FRAME, frame_seconds=12).step == 1


@given(st.integers(1, 10_000), st.integers(1, 3_600), st.integers(0, 10**6))
def test_every_slice_belongs_to_exactly_one_frame_and_ends_in_it(
    frame_seconds: int, slice_seconds: int, frame: int
) -> None:
    here = frame_slices(
        frame_of(frame * frame_seconds, frame_seconds=frame_seconds),
        frame_seconds=frame_seconds,
        slice_seconds=slice_seconds,
    )
    after = frame_slices(
        frame_of((frame + 1) * frame_seconds, frame_seconds=frame_seconds),
        frame_seconds=frame_seconds,
        slice_seconds=slice_seconds,
    )
    assert here.stop == after.start
    for index in (*here[:1], *here[-1:]):
        ends = (index + 1) * slice_seconds
        assert frame * frame_seconds < ends <= (frame + 1) * frame_seconds


def test_members_take_turns_to_propose_and_stand_in_to_post_one_after_the_other() -> None:
    turns = [proposer_place(FRAME, round_=each, members=3) for each in (1, 2, 3, 4)]
    assert sorted(turns[:3]) == [0, 1, 2]
    assert turns[0] == turns[3]
    places = [(turns[0] + behind) % 3 for behind in range(3)]
    waits = [posting_delay(place, frame=FRAME, round_=1, members=3, step=5) for place in places]
    assert waits == [0, 5, 10]


def opened(lease: LeaseId = ONE) -> leases.Opened:
    return leases.Opened(
        lease=lease, offer=offer(), first=SliceIndex(100), slices=SliceCount(1_000)
    )


def test_a_lease_is_open_from_its_opening_until_its_release() -> None:
    assert leases_after({}, [opened(), opened(OTHER)]).keys() == {ONE, OTHER}
    assert leases_after({}, [opened(), opened(OTHER), leases.Released(lease=ONE)]).keys() == {OTHER}


def test_a_lease_ends_by_its_escrow_or_by_its_notice_whichever_is_sooner() -> None:
    def end(*happenings: leases.Happening) -> int:
        return leases_after({}, [opened(), *happenings])[ONE].end

    assert end() == 1_100
    assert end(leases.ToppedUp(lease=ONE, slices=SliceCount(50))) == 1_150
    assert end(leases.Ending(lease=ONE, end=SliceIndex(400))) == 400
    noticed = leases.Ending(lease=ONE, end=SliceIndex(1_300))
    assert end(noticed) == 1_100
    assert end(noticed, leases.ToppedUp(lease=ONE, slices=SliceCount(500))) == 1_300


def test_a_lease_remembers_what_was_announced_and_the_last_leaf_that_was_settled() -> None:
    window = (SliceIndex(200), SliceCount(10))
    after = leases_after(
        {},
        [
            opened(),
            leases.Announced(lease=ONE, window=window),
            leases.Settled(lease=ONE, leaf=leaf(10)),
            leases.Settled(lease=ONE, leaf=leaf(20, 2)),
        ],
    )[ONE]
    assert (after.announced, after.settled) == ((window,), leaf(20, 2))
    assert facts_of(after).end == after.end


def test_happenings_of_a_lease_that_is_not_open_change_nothing() -> None:
    before: dict[LeaseId, OpenLease] = leases_after({}, [opened()])
    assert leases_after(before, [leases.Settled(lease=OTHER, leaf=leaf(1))]) == before
    assert leases_after(before, [leases.Released(lease=OTHER)]) == before
