"""The next step of a watcher: from what is true now, in every phase of a frame."""

from dataclasses import replace
from typing import Any

import pytest

from fakes.exchanged import (
    BLOCK,
    TABLE,
    TIMES,
    board,
    commitment,
    proposal,
    report,
    signed,
    turn,
    vector,
)
from fakes.frames import FRAME, WATCHERS
from fakes.offers import account
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import NO_ROOT
from modelbond.settlement.units import FrameIndex
from modelbond.sla.counting import Limits
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.quorum import Signer
from modelbond.sla.reporting import (
    Commit,
    Ground,
    Post,
    Propose,
    Refuse,
    Show,
    Sign,
    Situation,
    Step,
    Wait,
    next_step,
    signatures_to_post,
)
from modelbond.sla.standing import Standing

LIMITS = Limits.of(TIMES)
ME = 0
STANDING = Standing(seq=0, frame=FrameIndex(FRAME - 1), root=NO_ROOT, data_hash=NO_ROOT)
GROUND = Ground(standing=STANDING, block=BLOCK)
MY_ROUND = next(round_ for round_ in range(1, 4) if turn(round_) == ME)
OTHERS_ROUND = next(round_ for round_ in range(2, 5) if turn(round_) == ME + 1)


def shown(*places: int) -> FrameBoard:
    made = board()
    for place in places:
        made.add_vector(vector(place), at=LIMITS.commit_from)
    return made


def situation(now: float, **changes: Any) -> Situation:
    usual = Situation(
        now=now,
        began_at=float(TIMES.ends_at - 100),
        me=WATCHERS[ME],
        times=TIMES,
        board=shown(0, 1, 2),
        own=vector(ME),
        ground=GROUND,
    )
    return replace(usual, **changes)


def in_round(round_: int, **changes: Any) -> Step:
    return next_step(situation(TIMES.round_begins(round_) + 1, **changes))


def waits(step: Step) -> str:
    assert isinstance(step, Wait)
    return step.reason


def test_who_is_not_in_the_table_does_nothing() -> None:
    step = in_round(MY_ROUND, me=account("stranger"))
    assert waits(step) == "this watcher is not in the frame's table"


@pytest.mark.parametrize(
    ("now", "commits"),
    [
        (LIMITS.commit_from - 1, False),
        (LIMITS.commit_from, True),
        (LIMITS.owed_until - 1, True),
        (LIMITS.owed_until, False),
    ],
)
def test_a_vector_is_committed_to_once_it_is_complete_and_as_long_as_it_counts(
    *, now: float, commits: bool
) -> None:
    step = next_step(situation(now, own=None, board=board()))
    assert (step == Commit()) == commits
    sealed = next_step(situation(now, own=None, board=board(), sealed="no record"))
    assert sealed != Commit()


def test_a_commitment_that_was_written_down_is_shown_whenever_it_is() -> None:
    assert next_step(situation(TIMES.cut_off + 999, board=board())) == Commit()


@pytest.mark.parametrize("written", [None, vector(ME, salt=1)])
def test_no_second_commitment_is_made_where_another_one_is_known(written: Any) -> None:
    on = board()
    on.add_commitment(commitment(vector(ME)), at=LIMITS.commit_from)
    for now in (LIMITS.commit_from, LIMITS.admitted_until + 1):
        assert isinstance(next_step(situation(now, own=written, board=on)), Wait)


@pytest.mark.parametrize(
    ("now", "shows"), [(LIMITS.admitted_until - 1, False), (LIMITS.admitted_until, True)]
)
def test_a_vector_is_shown_when_no_commitment_counts_any_more(*, now: float, shows: bool) -> None:
    on = board()
    on.add_commitment(commitment(vector(ME)), at=LIMITS.commit_from)
    step = next_step(situation(now, board=on))
    assert (step == Show(vector=vector(ME))) == shows


def test_nothing_is_proposed_before_the_cut_off() -> None:
    assert waits(next_step(situation(TIMES.cut_off - 1))) == "vectors are coming in"


def test_a_report_needs_the_chain_and_what_it_is_counted_from() -> None:
    assert waits(in_round(MY_ROUND, ground=None)) == "the chain cannot be read"
    not_yet = replace(GROUND, waits_for="frame 7 comes first")
    assert waits(in_round(MY_ROUND, ground=not_yet)) == "frame 7 comes first"


def test_whose_turn_it_is_proposes_all_vectors_that_count() -> None:
    on = shown(0, 2)
    on.add_vector(vector(1), at=LIMITS.chosen_until + 1)
    assert in_round(MY_ROUND, board=on) == Propose(round=MY_ROUND, vectors=(vector(0), vector(2)))


def test_others_wait_for_the_proposal() -> None:
    step = in_round(OTHERS_ROUND)
    assert waits(step) == f"round {OTHERS_ROUND} waits for the proposal of {WATCHERS[ME + 1]}"


def test_a_frame_that_is_passed_over_is_not_proposed_but_signed() -> None:
    passed = replace(GROUND, passed_over=True)
    assert isinstance(in_round(MY_ROUND, ground=passed), Wait)
    made, on = proposed(OTHERS_ROUND)
    assert isinstance(in_round(OTHERS_ROUND, ground=passed, board=on), Sign), made


def proposed(round_: int, *, leaves_out: bool = False) -> tuple[Any, FrameBoard]:
    on = shown(0, 1, 2)
    vectors = [vector(0), vector(1)] + ([] if leaves_out else [vector(2)])
    made = proposal(*vectors, made=report(round_=round_))
    on.add_proposal(made, at=TIMES.round_begins(round_))
    return made, on


@pytest.mark.parametrize("later", [0, 1])
def test_a_proposal_without_fault_is_counted_again_in_its_round_and_the_next(later: int) -> None:
    made, on = proposed(OTHERS_ROUND)
    step = in_round(OTHERS_ROUND + later, board=on, signed_round=0)
    if turn(OTHERS_ROUND + later) == ME:
        assert isinstance(step, Propose)
    else:
        vectors = vector(0), vector(1), vector(2)
        assert step == Sign(proposal=made, vectors=vectors)


def test_a_proposal_two_rounds_ago_is_over() -> None:
    _, on = proposed(OTHERS_ROUND)
    assert not isinstance(in_round(OTHERS_ROUND + 2, board=on), Sign)


def test_a_wrong_proposal_is_refused_with_its_reason() -> None:
    _, on = proposed(OTHERS_ROUND, leaves_out=True)
    step = in_round(OTHERS_ROUND, board=on)
    assert isinstance(step, Refuse)
    assert (step.round, "leaves out" in step.reason) == (OTHERS_ROUND, True)


def test_a_proposal_that_came_out_otherwise_is_not_counted_a_third_time() -> None:
    _, on = proposed(OTHERS_ROUND)
    step = in_round(OTHERS_ROUND, board=on, recounted={OTHERS_ROUND: "another root"})
    assert step == Refuse(round=OTHERS_ROUND, reason="another root")


def test_the_reason_of_a_refusal_stays_while_the_next_round_waits() -> None:
    _, on = proposed(OTHERS_ROUND, leaves_out=True)
    step = in_round(OTHERS_ROUND + 1, board=on)
    assert isinstance(step, Refuse)
    assert step.round == OTHERS_ROUND


@pytest.mark.parametrize("round_", [MY_ROUND, OTHERS_ROUND])
def test_only_a_round_above_the_signed_one_is_open(round_: int) -> None:
    _, on = proposed(round_)
    assert waits(in_round(round_, board=on, signed_round=round_)) == (
        f"round {round_} is not open to this watcher"
    )


def test_a_round_that_began_before_this_process_is_not_open() -> None:
    _, on = proposed(OTHERS_ROUND)
    began = TIMES.round_begins(OTHERS_ROUND) + 0.5
    assert isinstance(in_round(OTHERS_ROUND, board=on, began_at=began), Wait)


@pytest.mark.parametrize(("mark", "is_open"), [(FRAME - 1, True), (FRAME, False)])
def test_a_round_that_was_vetoed_is_not_open(*, mark: int, is_open: bool) -> None:
    _, on = proposed(OTHERS_ROUND)
    vetoed = replace(STANDING, veto_mark=mark, veto_round=OTHERS_ROUND)
    step = in_round(OTHERS_ROUND, board=on, ground=replace(GROUND, standing=vetoed))
    assert isinstance(step, Sign) == is_open


def test_a_sealed_record_signs_nothing_and_says_why() -> None:
    _, on = proposed(OTHERS_ROUND)
    assert waits(in_round(OTHERS_ROUND, board=on, sealed="from a backup")) == "from a backup"


def complete(round_: int, *places: int) -> FrameBoard:
    _, on = proposed(round_)
    for place in places:
        on.add_signature(signed(place, report(round_=round_)), at=TIMES.round_begins(round_) + 1)
    return on


@pytest.mark.parametrize("sealed", ["", "from a backup"])
def test_a_report_with_a_quorum_is_posted_by_its_proposer_at_once(sealed: str) -> None:
    on = complete(MY_ROUND, 0, 1)
    step = in_round(MY_ROUND, board=on, sealed=sealed)
    assert isinstance(step, Post)
    assert set(step.complete.signatures) == {WATCHERS[0], WATCHERS[1]}


def test_others_post_in_their_turn_if_nobody_does() -> None:
    round_ = next(one for one in range(1, 4) if turn(one) == ME + 2)  # one place before this one
    on = complete(round_, 1, 2)
    soon = situation(TIMES.round_begins(round_) + 2, board=on)
    assert (
        waits(next_step(soon)) == "the report has its quorum, and others post before this watcher"
    )
    late = replace(soon, now=soon.now + TIMES.step)
    assert isinstance(next_step(late), Post)
    under_way = replace(late, posting=frozenset({report(round_=round_)}))
    assert waits(next_step(under_way)) == "the report is being posted"


@pytest.mark.parametrize(
    "standing",
    [
        replace(STANDING, root=keccak(b"another")),
        replace(STANDING, veto_mark=FRAME, veto_round=MY_ROUND),
    ],
)
def test_a_report_that_cannot_stand_any_more_is_not_posted(standing: Standing) -> None:
    on = complete(MY_ROUND, 0, 1)
    step = in_round(MY_ROUND, board=on, ground=replace(GROUND, standing=standing))
    assert not isinstance(step, Post)


def test_barred_signers_make_no_quorum() -> None:
    on = complete(MY_ROUND, 0, 1)
    barred = replace(GROUND, barred=frozenset({1}))
    assert not isinstance(in_round(MY_ROUND, board=on, ground=barred), Post)


def test_as_many_signatures_are_posted_as_make_a_quorum_the_heaviest_first() -> None:
    weights = (1, 1, 3)
    table = tuple(
        Signer(signer=one.signer, weight=weight) for one, weight in zip(TABLE, weights, strict=True)
    )
    on = board(table=table)
    for place in range(3):
        on.add_signature(signed(place), at=1)
    (found,) = on.complete()
    assert list(signatures_to_post(found, table=table)) == [2, 0]
    alike = board()
    for place in (2, 1):
        alike.add_signature(signed(place), at=1)
    (found,) = alike.complete()
    assert signatures_to_post(found, table=TABLE) == {
        place: signed(place).signature for place in (1, 2)
    }
