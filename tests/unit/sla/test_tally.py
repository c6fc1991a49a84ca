"""What a frame counts: a lease of minutes, an hour, three watchers; allowance 10, rate 1,000."""

from dataclasses import replace

import pytest

from fakes.frames import (
    FIRST,
    FRAME,
    LEASE,
    SLICES,
    WATCHERS,
    carried,
    facts,
    inputs,
)
from fakes.offers import account, leaf
from modelbond.settlement.encoding import keccak
from modelbond.settlement.leaves import Leaf, lease_leaf, pay_leaf
from modelbond.settlement.units import LeaseId, SliceCount, SliceIndex, Wei
from modelbond.sla.evidence import Facts, Inputs, Measured, Result
from modelbond.sla.evidence_text import evidence
from modelbond.sla.tally import leaves_of, report_of, tally, tree_of

GOOD, BAD, UNKNOWN = "g" * SLICES, "b" * SLICES, "u" * SLICES


def counted(given: Inputs) -> Measured:
    return tally(given).leases[LEASE]


def seen_by_all(letters: str, lease: Facts | None = None) -> Inputs:
    return inputs([letters] * 3, lease=lease)


def test_a_good_hour_is_earned_whole() -> None:
    assert counted(seen_by_all(GOOD)) == Measured(leaf=leaf(60))


def test_bad_slices_within_the_allowance_are_unearned_and_no_breach() -> None:
    assert counted(seen_by_all("b" * 10 + "g" * 50)) == Measured(leaf=leaf(60, 10), bad=10)


def test_each_bad_slice_beyond_the_allowance_is_a_breach() -> None:
    assert counted(seen_by_all("b" * 13 + "g" * 47)) == Measured(leaf=leaf(60, 13, 3), bad=13)


def test_the_allowance_goes_on_from_frame_to_frame() -> None:
    before = Measured(leaf=leaf(60, 9), bad=9)
    lease = facts(first=SliceIndex(FIRST - 60))
    given = inputs(["bb" + "g" * 58] * 3, lease=lease, previous=carried(before))
    assert counted(given) == Measured(leaf=leaf(120, 11, 1), bad=11)


def test_a_new_period_begins_with_a_whole_allowance() -> None:
    lease = facts(period=SliceCount(30), allowance=SliceCount(1))
    letters = "bbb" + "g" * 27 + "bb" + "g" * 28
    assert counted(seen_by_all(letters, lease)) == Measured(leaf=leaf(60, 5, 3), period=1, bad=2)


def test_unknown_slices_are_earned_up_to_a_twentieth_of_the_period_and_not_charged_beyond() -> None:
    lease = facts(period=SliceCount(60))
    assert counted(seen_by_all("uuuu" + "g" * 56, lease)) == Measured(leaf=leaf(60, 1), unknown=4)


def test_announced_maintenance_is_unearned_and_nobodys_breach() -> None:
    windows = ((SliceIndex(FIRST), SliceCount(20)), (SliceIndex(FIRST + 40), SliceCount(20)))
    assert counted(seen_by_all(BAD, facts(announced=windows))).leaf == leaf(60, 60, 10)


def test_the_agreed_start_is_unearned_and_nobodys_breach() -> None:
    assert counted(seen_by_all(BAD, facts(grace=SliceCount(50)))).leaf == leaf(60, 60, 0)


def test_nothing_is_counted_beyond_the_end() -> None:
    lease = facts(end=SliceIndex(FIRST + 7))
    assert counted(seen_by_all(GOOD, lease)).leaf == leaf(7)


def test_a_lease_that_begins_later_has_nothing_counted_yet() -> None:
    assert counted(seen_by_all(GOOD, facts(first=SliceIndex(FIRST + 60)))).leaf == leaf(0)


def test_where_the_cover_is_used_up_counting_stops() -> None:
    lease = facts(cover=Wei(7_000), credit_per_slice=Wei(3_000))
    given = seen_by_all(BAD, lease)
    assert counted(given).leaf == leaf(13, 13, 3)
    again = replace(given, previous=carried(counted(given)))
    assert counted(again).leaf == leaf(13, 13, 3)


def test_hours_without_a_report_are_unknown() -> None:
    lease = facts(first=SliceIndex(FIRST - 60))
    assert counted(seen_by_all(GOOD, lease)) == Measured(leaf=leaf(120), unknown=60)


def test_who_is_silent_is_unknown_with_its_weight() -> None:
    assert counted(inputs([BAD, BAD])).leaf == leaf(60, 60, 50)
    assert counted(inputs([BAD])) == Measured(leaf=leaf(60), unknown=60)
    assert counted(inputs()) == Measured(leaf=leaf(60), unknown=60)


@pytest.mark.parametrize(("liar", "truth"), [(BAD, GOOD), (GOOD, BAD)])
def test_one_liar_of_three_changes_nothing(liar: str, truth: str) -> None:
    assert counted(inputs([liar, truth, truth])) == counted(seen_by_all(truth))


def test_two_that_contradict_each_other_know_nothing_together() -> None:
    assert counted(inputs([GOOD, BAD])) == Measured(leaf=leaf(60), unknown=60)


def test_letters_of_another_length_or_alphabet_say_nothing() -> None:
    assert counted(inputs([BAD + "b", BAD, BAD[1:]])) == Measured(leaf=leaf(60), unknown=60)
    assert counted(inputs(["?" * 60, BAD, "x" * 60])) == Measured(leaf=leaf(60), unknown=60)


def test_a_lease_of_other_rules_is_unknown() -> None:
    lease = facts(rules=keccak(b"other rules"))
    assert counted(seen_by_all(BAD, lease)) == Measured(leaf=leaf(60), unknown=60)


def test_what_was_settled_ahead_of_the_report_before_is_not_taken_back() -> None:
    lease = facts(first=SliceIndex(FIRST - 60), settled=leaf(60, 30, 20))
    given = inputs([GOOD] * 3, lease=lease, previous=carried(Measured(leaf=leaf(60, 5), bad=5)))
    # earned 55, other 10, breach 20: together they are as far as 85 slices
    assert counted(given) == Measured(leaf=leaf(120, 30, 20))


def test_what_was_settled_behind_the_report_before_changes_nothing() -> None:
    lease = facts(first=SliceIndex(FIRST - 60), settled=leaf(30))
    given = inputs([GOOD] * 3, lease=lease, previous=carried(Measured(leaf=leaf(60, 5), bad=5)))
    assert counted(given) == Measured(leaf=leaf(120, 5), bad=5)


def test_slices_of_ten_minutes_belong_to_the_frame_in_which_they_end() -> None:
    first = SliceIndex(FRAME * 6)
    lease = facts(slice_seconds=600, first=first, end=SliceIndex(first + 100))
    assert counted(seen_by_all("gggggg", lease)).leaf == leaf(6)


def test_released_leases_leave_the_report_and_all_others_stay_in_it() -> None:
    other = LeaseId(keccak(b"other"))
    given = inputs(
        [{other: GOOD}] * 3,
        leases={other: facts()},
        previous=carried(Measured(leaf=leaf(60))),
    )
    assert set(tally(given).leases) == {other}


def test_watchers_share_the_fee_of_earned_slices_by_what_they_knew() -> None:
    half = "g" * 30 + "u" * 30
    awarded = tally(inputs([GOOD, GOOD, half])).awarded
    assert awarded == {WATCHERS[0]: 1_200, WATCHERS[1]: 1_200, WATCHERS[2]: 600}


def test_shares_are_rounded_down_and_add_to_those_before() -> None:
    given = inputs(["g" + UNKNOWN[1:], "g" + UNKNOWN[1:], "g" + UNKNOWN[1:]])
    lease = facts(end=SliceIndex(FIRST + 1))
    once = tally(replace(given, leases={LEASE: lease}))
    assert once.awarded == dict.fromkeys(WATCHERS, 16)
    previous = replace(carried(Measured(leaf=leaf(0))), result=Result(awarded=once.awarded))
    twice = tally(replace(given, leases={LEASE: lease}, previous=previous))
    assert twice.awarded == dict.fromkeys(WATCHERS, 32)


def test_nothing_is_awarded_for_breaches_or_to_who_knew_nothing() -> None:
    assert tally(seen_by_all(BAD)).awarded == {}
    assert set(tally(inputs([GOOD, GOOD, UNKNOWN])).awarded) == set(WATCHERS[:2])


def test_slices_outside_the_lease_are_no_ones_merit() -> None:
    lease = facts(end=SliceIndex(FIRST + 30))
    awarded = tally(inputs([GOOD, GOOD, "g" * 30 + "u" * 30], lease=lease)).awarded
    assert awarded == dict.fromkeys(WATCHERS, 500)


def test_a_reports_root_stands_for_every_lease_and_every_award() -> None:
    bond = account("bond")
    result = tally(seen_by_all(GOOD))
    tree = tree_of(result, bond=bond)
    assert tree is not None
    pays = [pay_leaf(bond=bond, watcher=one, awarded=Wei(1_000)) for one in WATCHERS]
    assert set(tree.leaves) == {lease_leaf(LEASE, leaf(60)), *pays}
    assert set(leaves_of(result, bond=bond)) == set(tree.leaves)


def test_a_report_names_its_evidence_and_what_it_follows() -> None:
    given = replace(seen_by_all(GOOD), previous=carried(Measured(leaf=leaf(0))))
    made = evidence(given, tally(given))
    report = report_of(made, round_=3)
    assert report is not None
    assert (report.frame, report.round, report.reference_block) == (FRAME, 3, 7)
    assert (report.previous_root, report.data_hash) == (given.previous.root, made.hash)


def test_without_leases_and_awards_there_is_nothing_to_report() -> None:
    given = inputs(leases={})
    assert report_of(evidence(given, tally(given)), round_=1) is None


def test_a_leaf_of_the_tally_is_always_one_that_a_contract_takes_after_the_one_before() -> None:
    before = Measured(leaf=leaf(60, 5), bad=5)
    lease = facts(first=SliceIndex(FIRST - 60), settled=leaf(40, 20, 10))
    after = counted(inputs([BAD] * 3, lease=lease, previous=carried(before)))
    assert isinstance(after.leaf, Leaf)
    assert after.leaf.follows(before.leaf)
    assert after.leaf.follows(lease.settled)
