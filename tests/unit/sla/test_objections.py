"""Why a proposal is not signed."""

from dataclasses import replace

import pytest

from fakes.exchanged import BLOCK, TIMES, board, commitment, proposal, report, vector
from fakes.frames import WATCHERS
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import NO_ROOT
from modelbond.sla.counting import Limits
from modelbond.sla.exchanged import Proposal
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.objections import difference, objection, vectors_of

LIMITS = Limits.of(TIMES)
IN_TIME = float(TIMES.ends_at)


def known(*places: int) -> FrameBoard:
    made = board()
    for place in places:
        made.add_vector(vector(place), at=IN_TIME)
    return made


def why(proposed: Proposal, *, on: FrameBoard, block: int = BLOCK) -> str | None:
    return objection(proposed, board=on, limits=LIMITS, block=block, previous_root=NO_ROOT)


def test_a_proposal_with_every_vector_that_came_in_time_is_to_be_counted() -> None:
    on = known(0, 1)
    made = proposal(vector(1), vector(0))
    assert why(made, on=on) is None
    assert vectors_of(made, board=on) == (vector(0), vector(1))


def test_the_reference_block_and_the_root_before_must_be_ones_own() -> None:
    assert why(proposal(), on=known(), block=8) == "its reference block is 7, it must be 8"
    other = proposal(made=replace(report(), previous_root=keccak(b"x")))
    assert why(other, on=known()) == f"it follows {keccak(b'x').hex()}, {NO_ROOT.hex()} stands"


def test_a_vector_that_came_in_time_must_not_be_left_out() -> None:
    assert why(proposal(vector(0)), on=known(0, 1)) == (
        f"it leaves out the vector of {WATCHERS[1]}, which came in time"
    )


def test_a_vector_that_came_late_may_be_left_out() -> None:
    on = known(0)
    on.add_commitment(commitment(vector(1)), at=IN_TIME)
    on.add_vector(vector(1), at=LIMITS.cut_off + 1)
    assert why(proposal(vector(0)), on=on) is None
    assert why(proposal(vector(0), vector(1)), on=on) is None


@pytest.mark.parametrize(("late", "refused"), [(0, False), (1, True)])
def test_a_vector_whose_commitment_came_after_vectors_were_shown_must_not_be_taken(
    *, late: float, refused: bool
) -> None:
    on = known(0)
    on.add_vector(vector(1), at=LIMITS.admitted_until + late)
    reason = f"it takes the vector of {WATCHERS[1]}, whose commitment came too late"
    assert why(proposal(vector(0), vector(1)), on=on) == (reason if refused else None)


def test_a_vector_that_is_not_known_must_not_be_taken() -> None:
    unheard = f"it takes the vector of {WATCHERS[1]}, whose commitment came too late"
    assert why(proposal(vector(1)), on=known()) == unheard
    on = known()
    on.add_commitment(commitment(vector(1)), at=IN_TIME)
    assert (
        why(proposal(vector(1)), on=on)
        == f"it takes the vector of {WATCHERS[1]}, which is not shown"
    )
    assert vectors_of(proposal(vector(1)), board=on) == ()


def test_who_committed_to_two_is_neither_taken_nor_owed() -> None:
    on = known(0, 1)
    on.add_commitment(commitment(vector(1, salt=1)), at=LIMITS.cut_off + 99)
    assert why(proposal(vector(0)), on=on) is None
    assert why(proposal(vector(0), vector(1)), on=on) == (
        f"it takes the vector of {WATCHERS[1]}, who committed to two"
    )


def test_the_evidence_has_the_signature_that_the_proposer_has() -> None:
    """A commitment can be signed twice: all who count must hash the same text."""
    on = known(0)
    signature = vector(0).signature[:-1] + b"\1"
    listed = replace(commitment(vector(0)), signature=signature)
    made = replace(proposal(), vectors=(listed,))
    assert why(made, on=on) is None
    assert vectors_of(made, board=on) == (replace(vector(0), signature=signature),)


def test_what_is_counted_again_must_be_the_same() -> None:
    assert difference(report(), report()) is None
    assert difference(report(), None) == "there is nothing to report"
    other = report(root="another")
    assert difference(other, report()) == (
        f"its root is {other.root.hex()}, the tally's is {report().root.hex()}"
    )
    hashed = replace(report(), data_hash=keccak(b"x"))
    assert difference(hashed, report()) == (
        f"its data hash is {hashed.data_hash.hex()}, it is {report().data_hash.hex()}"
    )
