"""Whether somebody holds a signature that the record does not know."""

from fakes.exchanged import report
from fakes.frames import FRAME
from modelbond.settlement.units import FrameIndex
from modelbond.sla.beyond import Held, beyond_record, held

SIGNED = {FRAME: report(round_=5)}
NO_FLOOR = -1


def shown(*, round_: int = 5, root: str = "root", frame: FrameIndex = FRAME) -> Held:
    return held(report(round_=round_, root=root, frame=frame), where="a board")


def test_what_the_record_has_and_what_came_before_it_are_no_news() -> None:
    known = [shown(), shown(round_=4), shown(round_=4, root="another")]
    assert beyond_record(known, signed=SIGNED, floor=NO_FLOOR) is None


def test_a_higher_round_and_an_unknown_frame_are_beyond_the_record() -> None:
    for one in (shown(round_=6), shown(frame=FrameIndex(FRAME + 1))):
        reason = beyond_record([shown(), one], signed=SIGNED, floor=NO_FLOOR)
        assert reason is not None
        assert reason.startswith(
            f"a board has a signature of this key for frame {one.frame}, round {one.round}"
        )


def test_another_content_of_the_last_round_shows_a_second_user_of_the_key() -> None:
    reason = beyond_record([shown(root="another")], signed=SIGNED, floor=NO_FLOOR)
    assert reason is not None
    assert reason.endswith("the key has two users")


def test_what_is_below_the_floor_is_never_signed_again_so_it_is_no_danger() -> None:
    assert beyond_record([shown(round_=9)], signed={}, floor=FRAME) is None
