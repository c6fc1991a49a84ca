"""Merging a page: what of it is new, and why the rest is left out."""

from collections import Counter
from dataclasses import replace

import pytest

from fakes.exchanged import (
    SEALS,
    board,
    commitment,
    of_text,
    proposal,
    report,
    signed,
    turn,
    vector,
)
from fakes.frames import FRAME
from fakes.offers import account
from modelbond.settlement.units import FrameIndex
from modelbond.sla import merging
from modelbond.sla.exchanged import Page
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.merging import LONGEST_VECTOR_BYTES, MOST_CHECKS, Drop, Merged, merge

PAGE = Page(frame=FRAME)
STRANGER = account("stranger")


def merged(page: Page, *, into: FrameBoard | None = None, last_round: int = 3) -> Merged:
    known = into if into is not None else board()
    return merge(known, page, at=5, last_round=last_round, seals=SEALS)


def dropped(page: Page, *, into: FrameBoard | None = None) -> Counter[Drop]:
    done = merged(page, into=into)
    assert done.new == ()
    return done.dropped


def test_all_that_members_signed_is_taken_and_known_the_next_time() -> None:
    page = Page(
        frame=FRAME,
        commitments=(commitment(vector(0)),),
        vectors=(vector(1),),
        proposals=(proposal(vector(1)),),
        signatures=(signed(turn(2)),),
    )
    known = board()
    first = merged(page, into=known)
    assert first.new == (*page.commitments, *page.vectors, *page.proposals, *page.signatures)
    assert first.is_honest
    assert first.is_whole
    again = merged(page, into=known)
    assert (again.new, again.dropped) == ((), Counter())
    assert known.committed_at(commitment(vector(0))) == 5


def test_what_was_merged_can_be_put_on_an_empty_board_again() -> None:
    known, later = board(), board()
    page = Page(
        frame=FRAME,
        commitments=(commitment(vector(0)),),
        vectors=(vector(1),),
        proposals=(proposal(vector(1)),),
        signatures=(signed(0),),
    )
    for item in merged(page, into=known).new:
        assert merging.restore(later, item, at=5)
    assert later.page == known.page


def test_strangers_are_not_heard() -> None:
    page = Page(
        frame=FRAME,
        commitments=(replace(commitment(vector(0)), watcher=STRANGER),),
        vectors=(replace(vector(0), watcher=STRANGER),),
        proposals=(replace(proposal(), signed=replace(signed(0), signer=STRANGER)),),
        signatures=(replace(signed(0), signer=STRANGER),),
    )
    assert dropped(page) == {Drop.STRANGER: 4}


def test_what_somebody_else_signed_is_forged() -> None:
    page = Page(
        frame=FRAME,
        commitments=(replace(commitment(vector(0)), signature=vector(1).signature),),
        vectors=(replace(vector(0), salt=b"\7" * 32),),
        proposals=(replace(proposal(), signed=replace(signed(turn(1)), report=report(root="x"))),),
        signatures=(replace(signed(0), report=report(root="x")),),
    )
    done = merged(page)
    assert (done.new, done.dropped) == ((), {Drop.FORGED: 4})
    assert not done.is_honest


@pytest.mark.parametrize(
    "wrong",
    [
        vector(0, frame=FrameIndex(FRAME + 1)),
        vector(0, watcher=vector(1).watcher),
        vector(0, tower=STRANGER),
        vector(0, chain_id=1),
        of_text(0, "{}"),
        of_text(0, "no JSON"),
    ],
)
def test_a_vector_of_another_frame_watcher_tower_or_chain_or_none_is_malformed(
    wrong: merging.SignedVector,
) -> None:
    assert dropped(replace(PAGE, vectors=(wrong,))) == {Drop.MALFORMED: 1}


def test_a_vector_that_is_too_long_is_not_even_read() -> None:
    long = of_text(0, "x" * (LONGEST_VECTOR_BYTES + 1))
    assert dropped(replace(PAGE, vectors=(long,))) == {Drop.OVERSIZE: 1}


def test_who_proposes_out_of_turn_is_not_heard() -> None:
    wrong = replace(proposal(), signed=signed(turn(2)))
    done = merged(replace(PAGE, proposals=(wrong,)))
    assert done.dropped == {Drop.OTHER_TURN: 1}
    assert done.is_honest


def test_a_proposal_that_lists_a_watcher_twice_is_malformed() -> None:
    twice = proposal(vector(0), vector(0, salt=1))
    assert dropped(replace(PAGE, proposals=(twice,))) == {Drop.MALFORMED: 1}


def test_a_proposal_that_lists_a_forged_commitment_is_dropped_whole() -> None:
    forged = replace(commitment(vector(0)), signature=bytes(65))
    wrong = replace(proposal(), vectors=(forged,))
    assert dropped(replace(PAGE, proposals=(wrong,))) == {Drop.FORGED: 1}


def test_rounds_that_have_not_begun_are_looked_at_when_they_are_shown_again() -> None:
    known = board()
    page = replace(PAGE, signatures=(signed(0, report(round_=4)),))
    early = merged(page, into=known)
    assert early.dropped == {Drop.EARLY: 1}
    assert early.is_honest
    assert not early.is_whole
    assert merged(page, into=known, last_round=4).new == page.signatures


def test_a_third_commitment_and_a_third_report_of_a_round_prove_nothing_more() -> None:
    known = board()
    first = Page(
        frame=FRAME,
        commitments=tuple(commitment(vector(0, salt=salt)) for salt in range(2)),
        signatures=tuple(signed(0, report(root=root)) for root in "ab"),
    )
    assert len(merged(first, into=known).new) == 4
    more = Page(
        frame=FRAME,
        commitments=(commitment(vector(0, salt=2)),),
        signatures=(signed(0, report(root="c")),),
    )
    assert dropped(more, into=known) == {Drop.SURPLUS: 2}


def test_a_commitment_that_was_signed_twice_is_one() -> None:
    known = board()
    one = commitment(vector(0))
    merged(replace(PAGE, commitments=(one,)), into=known)
    again = replace(one, signature=one.signature[:-1] + b"\1")
    done = merged(replace(PAGE, commitments=(again,)), into=known)
    assert (done.new, done.dropped) == ((), Counter())


def test_a_proposals_own_signature_is_not_checked_twice() -> None:
    known = board()
    made = proposal(vector(0))
    merged(replace(PAGE, signatures=(made.signed,)), into=known)
    assert merged(replace(PAGE, proposals=(made,)), into=known).new == (made,)


def test_too_much_at_once_is_looked_at_later() -> None:
    many = tuple(
        replace(signed(0, report(root=str(n))), signature=bytes(65)) for n in range(MOST_CHECKS + 2)
    )
    done = merged(replace(PAGE, signatures=many))
    assert done.dropped == {Drop.FORGED: MOST_CHECKS, Drop.LATER: 2}
    assert not done.is_whole


def test_entries_that_could_not_be_read_count_as_malformed() -> None:
    done = merged(replace(PAGE, malformed=3))
    assert done.dropped == {Drop.MALFORMED: 3}
    assert not done.is_honest
