"""Boards: on the disk, bounded in frames, and shown under a tag that changes with them."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.clocks import ManualClock
from fakes.exchanged import SEALS, TABLE, TIMES, commitment, proposal, report, signed, turn, vector
from fakes.frames import FRAME, HOUR, WATCHERS
from modelbond.settlement.units import Address, Digest, FrameIndex
from modelbond.sla.beyond import held
from modelbond.sla.exchanged import Page
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.frames import MAX_LAG_FRAMES
from modelbond.sla.page_text import page_of
from modelbond.watcher.board import Boards
from modelbond.watcher.board_store import BoardStore

WHOLE = Page(
    frame=FRAME,
    commitments=(commitment(vector(0)),),
    vectors=(vector(1),),
    proposals=(proposal(vector(1)),),
    signatures=(signed(turn(2)),),
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(float(TIMES.round_begins(2)))


def opened(folder: Path, clock: ManualClock) -> tuple[Boards, BoardStore]:
    store = BoardStore(folder / "board.sqlite")
    return Boards(frame_seconds=HOUR, seals=SEALS, store=store, clock=clock), store


def board(boards: Boards, frame: FrameIndex = FRAME) -> FrameBoard:
    found = boards.get(frame)
    assert found is not None
    return found


def test_what_came_is_known_after_a_restart_with_its_time(
    tmp_path: Path, clock: ManualClock
) -> None:
    boards, store = opened(tmp_path, clock)
    boards.begin(FRAME, TABLE)
    boards.receive(WHOLE)
    clock.time += 1
    boards.publish(FRAME, signed(0))
    before = board(boards)
    store.close()
    clock.time += 500
    again = board(opened(tmp_path, clock)[0])
    assert (again.table, again.page) == (before.table, before.page)
    assert again.committed_at(commitment(vector(0))) == TIMES.round_begins(2)
    assert again.complete() == before.complete()


def test_an_entry_that_another_version_wrote_is_passed_over(
    tmp_path: Path, clock: ManualClock
) -> None:
    boards, store = opened(tmp_path, clock)
    boards.begin(FRAME, TABLE)
    boards.publish(FRAME, vector(0))
    store._rows.execute("UPDATE items SET page = '{}'")
    store.close()
    assert board(opened(tmp_path, clock)[0]).page == Page(frame=FRAME)


def test_frames_that_are_too_old_are_dropped_from_memory_and_disk(
    tmp_path: Path, clock: ManualClock
) -> None:
    boards, store = opened(tmp_path, clock)
    frames = [FrameIndex(FRAME + n) for n in range(3)]
    for frame in frames:
        boards.begin(frame, TABLE)
    boards.publish(FRAME, vector(0))
    boards.forget(current=FrameIndex(FRAME + 1 + MAX_LAG_FRAMES))
    assert boards.frames == frames[1:]
    assert boards.page_text(FRAME) is None
    assert boards.receive(WHOLE) is None
    store.close()
    assert opened(tmp_path, clock)[0].frames == frames[1:]


def test_a_page_has_a_new_tag_when_it_says_something_new(
    tmp_path: Path, clock: ManualClock
) -> None:
    boards, _ = opened(tmp_path, clock)
    boards.begin(FRAME, TABLE)
    shown = [boards.page_text(FRAME)]
    for change in (
        lambda: boards.publish(FRAME, vector(0)),
        lambda: boards.refuse(FRAME, 1, "it is late"),
        lambda: boards.refuse(FRAME, 1, ""),
    ):
        assert boards.page_text(FRAME) == shown[-1]
        change()
        shown.append(boards.page_text(FRAME))
    texts = [one[0] for one in shown if one]
    tags = [one[1] for one in shown if one]
    assert len(set(tags)) == 3
    assert page_of(texts[2]).refusals == ((1, "it is late"),)
    assert (texts[3], tags[3]) == (texts[1], tags[1])


def test_few_reasons_are_kept_of_a_frame(tmp_path: Path, clock: ManualClock) -> None:
    boards, _ = opened(tmp_path, clock)
    boards.begin(FRAME, TABLE)
    for round_ in range(1, 20):
        boards.refuse(FRAME, round_, "it is late")
    assert list(boards.refusals(FRAME)) == list(range(12, 20))


def test_what_others_hold_of_a_watchers_signatures_is_found_on_all_boards(
    tmp_path: Path, clock: ManualClock
) -> None:
    boards, _ = opened(tmp_path, clock)
    later = FrameIndex(FRAME - 1)
    boards.begin(FRAME, TABLE)
    boards.begin(later, TABLE)
    boards.receive(WHOLE)
    boards.publish(later, signed(turn(1), report(frame=later)))
    made = [report(), report(frame=later)]
    assert boards.held(WATCHERS[turn(1)]) == [held(one, where="a watcher's board") for one in made]


def test_proofs_are_found_by_frame(tmp_path: Path, clock: ManualClock) -> None:
    boards, _ = opened(tmp_path, clock)
    boards.begin(FRAME, TABLE)
    one, other = signed(0), signed(0, report(root="another"))
    boards.publish(FRAME, one)
    boards.publish(FRAME, other)
    assert boards.equivocations(FRAME) == {WATCHERS[0]: (one, other)}
    assert boards.equivocations(FrameIndex(FRAME + 1)) == {}


def test_a_signature_that_was_examined_beforehand_is_not_checked_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Each check takes milliseconds, which a thread may spend and the loop must not."""
    checked: list[tuple[Digest, bytes]] = []

    def counting(digest: Digest, signature: bytes) -> Address | None:
        checked.append((digest, signature))
        return SEALS.recover(digest, signature)

    store = BoardStore(tmp_path / "board.sqlite")
    seals = replace(SEALS, recover=counting)
    boards = Boards(frame_seconds=HOUR, seals=seals, store=store, clock=clock)
    boards.begin(FRAME, TABLE)
    boards.examine(WHOLE)
    assert len(checked) == len(set(checked)) == 4
    merged = boards.receive(WHOLE)
    assert merged is not None
    assert len(merged.new) == 4
    assert len(checked) == 4
