"""Asking other watchers: what a peer can do to the one that asks is bounded, and nothing breaks."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.clocks import ManualClock
from fakes.exchanged import SEALS, TABLE, TIMES, commitment, report, signed, vector
from fakes.frames import FRAME, HOUR
from fakes.peers import FakePeer, serving
from modelbond.settlement.units import FrameIndex
from modelbond.sla.exchanged import Page
from modelbond.sla.page_text import page_text
from modelbond.sla.text import text_hash
from modelbond.watcher.board import Boards
from modelbond.watcher.board_store import BoardStore
from modelbond.watcher.exchange import Exchange, Peer, poll_seconds

PAGE = Page(frame=FRAME, commitments=(commitment(vector(0)),))
NEXT = FrameIndex(FRAME + 1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(float(TIMES.ends_at))


@pytest.fixture
def boards(tmp_path: Path, clock: ManualClock) -> Boards:
    store = BoardStore(tmp_path / "board.sqlite")
    made = Boards(frame_seconds=HOUR, seals=SEALS, store=store, clock=clock)
    made.begin(FRAME, TABLE)
    return made


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    async with serving() as made:
        made.body = page_text(PAGE).encode()
        yield made


@pytest.fixture
async def exchange(peer: FakePeer, boards: Boards, clock: ManualClock) -> AsyncIterator[Exchange]:
    made = exchange_with(peer.peer, boards=boards, clock=clock)
    yield made
    await made.close()


def exchange_with(*peers: Peer, boards: Boards, clock: ManualClock) -> Exchange:
    return Exchange(
        peers,
        boards=boards,
        frames=lambda: [FRAME],
        clock=clock,
        deadline_seconds=0.3,
        longest_page_bytes=50_000,
        longest_evidence_bytes=100,
        random=lambda: 1.0,
    )


def trouble(exchange: Exchange) -> str:
    return str(exchange.states()["peer"]["trouble"])


async def test_what_a_peer_shows_is_taken_over(
    exchange: Exchange, boards: Boards, clock: ManualClock
) -> None:
    assert not exchange.asked
    await exchange.poll()
    board = boards.get(FRAME)
    assert board is not None
    assert board.committed_at(commitment(vector(0))) == clock.time
    assert exchange.asked
    assert exchange.states()["peer"] == {"trouble": "", "heardAt": clock.time}


async def test_a_page_that_did_not_change_is_not_sent_again(
    exchange: Exchange, peer: FakePeer
) -> None:
    peer.tag = '"first"'
    await exchange.poll()
    await exchange.poll()
    assert peer.tags == ["", '"first"']
    assert trouble(exchange) == ""


async def test_a_page_of_which_something_was_early_is_sent_again(
    exchange: Exchange, peer: FakePeer, boards: Boards, clock: ManualClock
) -> None:
    peer.tag = '"first"'
    early = replace(PAGE, signatures=(signed(0, report(round_=2)),))
    peer.body = page_text(early).encode()
    await exchange.poll()
    clock.time = float(TIMES.round_begins(1))
    await exchange.poll()
    assert peer.tags == ["", ""]
    board = boards.get(FRAME)
    assert board is not None
    assert board.page.signatures == early.signatures


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"silent": True}, "TimeoutError"),
        ({"status": 500}, "HTTP 500"),
        ({"status": 302, "location": "http://127.0.0.1:1/"}, "HTTP 302"),
        ({"body": b"x" * 60_000}, "its answer is longer than 50000 bytes"),
        ({"body": b"\xff"}, "UnicodeDecodeError"),
        ({"body": b"no JSON"}, "page: it is not JSON"),
        ({"body": page_text(replace(PAGE, frame=NEXT)).encode()}, "it answered with frame"),
        (
            {
                "body": page_text(
                    replace(
                        PAGE,
                        commitments=(replace(commitment(vector(0)), signature=bytes(65)),),
                    )
                ).encode()
            },
            "its page has entries that are none",
        ),
    ],
)
async def test_a_peer_that_cannot_be_used_is_left_alone_for_a_growing_while(
    exchange: Exchange,
    peer: FakePeer,
    clock: ManualClock,
    changes: dict[str, object],
    reason: str,
) -> None:
    for name, value in changes.items():
        setattr(peer, name, value)
    await exchange.poll()
    assert reason in trouble(exchange)
    assert exchange.asked
    await exchange.poll()
    assert len(peer.asked) == 1
    clock.time += 0.5
    await exchange.poll()
    assert len(peer.asked) == 2
    clock.time += 0.5
    await exchange.poll()
    assert len(peer.asked) == 2
    peer.silent, peer.status, peer.location = False, 200, ""
    peer.body = page_text(PAGE).encode()
    clock.time += 0.5
    await exchange.poll()
    assert trouble(exchange) == ""


async def test_a_peer_that_is_not_there_does_not_hold_up_the_others(
    peer: FakePeer, boards: Boards, clock: ManualClock
) -> None:
    nobody = Peer(name="nobody", url="http://127.0.0.1:9")
    exchange = exchange_with(nobody, peer.peer, boards=boards, clock=clock)
    await exchange.poll()
    assert exchange.states()["nobody"]["trouble"] == "ClientConnectorError"
    assert trouble(exchange) == ""
    assert exchange.asked
    await exchange.close()


async def test_a_peer_that_knows_nothing_of_a_frame_is_no_trouble(
    exchange: Exchange, peer: FakePeer
) -> None:
    peer.status = 404
    await exchange.poll()
    assert trouble(exchange) == ""


async def test_at_first_a_peer_is_asked_for_every_frame_that_is_kept(
    exchange: Exchange, peer: FakePeer, boards: Boards
) -> None:
    """What it holds of this watcher's signatures may be of a frame that is reported already."""
    boards.begin(FrameIndex(FRAME - 1), TABLE)
    peer.status = 404
    await exchange.poll()
    await exchange.poll()
    assert peer.asked == [f"/v1/frames/{frame}" for frame in (FRAME - 1, FRAME, FRAME)]


async def test_nobody_counts_as_asked_before_there_is_a_frame_to_ask_for(
    peer: FakePeer, tmp_path: Path, clock: ManualClock
) -> None:
    store = BoardStore(tmp_path / "empty.sqlite")
    empty = Boards(frame_seconds=HOUR, seals=SEALS, store=store, clock=clock)
    exchange = exchange_with(peer.peer, boards=empty, clock=clock)
    await exchange.poll()
    assert not exchange.asked
    assert peer.asked == []


async def test_evidence_is_believed_by_its_hash_alone(exchange: Exchange, peer: FakePeer) -> None:
    peer.body = b"evidence"
    wanted = text_hash("evidence")
    assert await exchange.evidence(wanted) == "evidence"
    assert peer.asked == [f"/v1/evidence/0x{wanted.hex()}"]
    assert await exchange.evidence(text_hash("other")) is None
    peer.body = b"x" * 101
    assert await exchange.evidence(text_hash("x" * 101)) is None
    peer.status = 404
    assert await exchange.evidence(wanted) is None


async def test_a_peer_in_a_pause_is_not_asked_for_evidence(
    exchange: Exchange, peer: FakePeer
) -> None:
    peer.status = 500
    await exchange.poll()
    assert await exchange.evidence(text_hash("evidence")) is None
    assert len(peer.asked) == 1


@pytest.mark.parametrize(("step", "seconds"), [(1, 0.25), (2, 0.25), (8, 1.0), (120, 2.0)])
def test_peers_are_asked_often_enough_for_handing_on_within_a_quarter_of_a_step(
    step: int, seconds: float
) -> None:
    assert poll_seconds(step) == seconds <= step / 4
