"""The board of a frame: what stands, what counts, and what proves a fault."""

import pytest

from fakes.exchanged import TABLE, TIMES, board, commitment, proposal, report, signed, turn, vector
from fakes.frames import WATCHERS
from modelbond.sla.counting import Limits
from modelbond.sla.frame_board import KEPT_ROUNDS
from modelbond.sla.quorum import Signer

LIMITS = Limits.of(TIMES)
IN_TIME = float(TIMES.ends_at)


def test_the_first_commitment_stands_and_a_second_one_shows_a_fork() -> None:
    known = board()
    one, other, third = (vector(0, salt=salt) for salt in range(3))
    assert known.add_commitment(commitment(one), at=1)
    assert not known.add_commitment(commitment(one), at=2)
    assert not known.forked(WATCHERS[0])
    assert known.add_commitment(commitment(other), at=3)
    assert known.forked(WATCHERS[0])
    assert not known.add_commitment(commitment(third), at=4)
    assert known.committed_at(commitment(one)) == 1
    assert known.committed_at(commitment(third)) is None
    assert known.committed_at(commitment(vector(1))) is None


def test_a_vector_brings_its_commitment_and_counts_once() -> None:
    known = board()
    assert known.add_vector(vector(0), at=IN_TIME)
    assert not known.add_vector(vector(0), at=IN_TIME)
    assert known.commitments(WATCHERS[0]) == [commitment(vector(0))]
    assert known.has_vectors


def test_a_vector_of_a_third_commitment_is_not_kept() -> None:
    known = board()
    for salt in range(2):
        known.add_commitment(commitment(vector(0, salt=salt)), at=IN_TIME)
    assert not known.add_vector(vector(0, salt=2), at=IN_TIME)
    assert not known.has_vectors


def test_nobody_shows_a_vector_under_anothers_commitment() -> None:
    known = board()
    known.add_vector(vector(0), at=IN_TIME)
    foreign = commitment(vector(0))
    assert known.shown(foreign) == vector(0)
    assert known.shown(commitment(vector(1))) is None
    stolen = type(foreign)(
        watcher=WATCHERS[1], commitment=foreign.commitment, signature=foreign.signature
    )
    assert known.shown(stolen) is None


@pytest.mark.parametrize(
    ("committed", "shown", "owed", "chosen"),
    [
        (LIMITS.owed_until, LIMITS.cut_off, True, True),
        (LIMITS.owed_until + 1, LIMITS.cut_off, False, True),
        (LIMITS.owed_until, LIMITS.cut_off + 1, False, True),
        (LIMITS.chosen_until + 1, LIMITS.cut_off, False, False),
    ],
)
def test_what_counts_is_what_came_in_time(
    *, committed: float, shown: float, owed: bool, chosen: bool
) -> None:
    known = board()
    known.add_commitment(commitment(vector(1)), at=committed)
    known.add_vector(vector(1), at=shown)
    assert known.owed(LIMITS) == ((vector(1),) if owed else ())
    assert known.chosen(LIMITS) == ((vector(1),) if chosen else ())


def test_vectors_come_in_the_order_of_the_table_without_those_that_are_not_shown_or_forked() -> (
    None
):
    known = board()
    known.add_vector(vector(2), at=IN_TIME)
    known.add_commitment(commitment(vector(1)), at=IN_TIME)
    known.add_vector(vector(0), at=IN_TIME)
    assert known.chosen(LIMITS) == (vector(0), vector(2))
    known.add_commitment(commitment(vector(0, salt=1)), at=IN_TIME)
    assert known.chosen(LIMITS) == known.owed(LIMITS) == (vector(2),)


def test_the_first_proposal_of_a_round_stands_and_brings_what_it_lists() -> None:
    known = board()
    first, second = proposal(vector(0)), proposal(vector(1), made=report(root="another"))
    third = proposal(made=report(root="a third"))
    assert known.proposal(1) is None
    assert known.add_proposal(first, at=5)
    assert not known.add_proposal(first, at=6)
    assert known.add_proposal(second, at=7)
    assert not known.add_proposal(third, at=8)
    assert known.proposal(1) == first
    assert known.committed_at(commitment(vector(0))) == 5
    assert known.signatures_of(WATCHERS[turn(1)]) == [first.signed, second.signed]
    assert known.page.proposals == (first, second)


def test_two_reports_of_one_round_are_a_proof_and_of_two_rounds_are_none() -> None:
    known = board()
    for made in (report(), report(round_=2), report(root="another"), report(root="a third")):
        known.add_signature(signed(0, made), at=1)
    assert known.equivocations() == {WATCHERS[0]: (signed(0), signed(0, report(root="another")))}
    assert known.equivocated(WATCHERS[0], round_=1)
    assert not known.equivocated(WATCHERS[0], round_=2)
    assert not known.equivocated(WATCHERS[1], round_=9)


def test_a_report_is_complete_when_its_signatures_are_a_quorum_and_since_then() -> None:
    known = board()
    known.add_signature(signed(1), at=10)
    known.add_signature(signed(2, report(root="another")), at=11)
    assert known.complete() == []
    known.add_signature(signed(0), at=30)
    known.add_signature(signed(2), at=20)
    (found,) = known.complete()
    assert (found.report, found.at) == (report(), 20)
    assert set(found.signatures) == set(WATCHERS)


def test_weights_make_the_quorum_and_barred_places_do_not_count() -> None:
    heavy = (Signer(signer=WATCHERS[0], weight=2), *TABLE[1:])
    known = board(table=heavy)
    known.add_signature(signed(0), at=1)
    assert known.complete() == []
    known.add_signature(signed(1), at=2)
    assert len(known.complete()) == 1
    assert known.complete(barred=frozenset({0})) == []


def test_few_rounds_are_kept_and_those_with_a_quorum_longest() -> None:
    known = board()
    for place in range(2):
        known.add_signature(signed(place, report(round_=1)), at=1)
    for round_ in range(2, KEPT_ROUNDS + 3):
        known.add_proposal(proposal(made=report(round_=round_)), at=1)
    rounds = sorted({one.report.round for one in known.page.signatures})
    assert rounds == [1, *range(4, KEPT_ROUNDS + 3)]
    assert known.proposal(2) is None
    for round_ in rounds[1:]:
        for place in range(3):
            known.add_signature(signed(place, report(round_=round_)), at=2)
    known.add_signature(signed(0, report(round_=99)), at=3)
    assert [one.report.round for one in known.complete()][-1] == 4


def test_the_revision_grows_with_what_is_new_alone() -> None:
    known = board()
    known.add_vector(vector(0), at=1)
    before = known.revision
    known.add_vector(vector(0), at=2)
    known.add_commitment(commitment(vector(0)), at=2)
    assert known.revision == before
    known.add_proposal(proposal(vector(0)), at=3)
    assert known.revision > before
    after = known.revision
    known.add_proposal(proposal(vector(0)), at=4)
    assert known.revision == after


def test_places_are_those_of_the_table() -> None:
    assert [board().place_of(one) for one in WATCHERS] == [0, 1, 2]
    assert board().place_of(TABLE[0].signer.replace("0x", "0y")) is None  # type: ignore[arg-type]
