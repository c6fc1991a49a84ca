"""A watcher that breaks the rules when it is told to: loaded into its process by sitecustomize.

All else is the real code in the real image, with its own key, ledger, peers and chain. What it is
told lies in a file beside its state, what it did is appended to another: `federation.crooked`
writes the one and reads the other. Where nothing is told, it is honest.
"""

import functools
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.pool import RpcPool
from modelbond.runtime.clock import SystemClock
from modelbond.settlement.report import Report
from modelbond.settlement.units import FrameIndex
from modelbond.sla.evidence import Inputs
from modelbond.sla.exchanged import Proposal, SignedReport, committed
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.merging import Item
from modelbond.sla.reporting import Propose
from modelbond.sla.vector import SALT_BYTES, SignedVector, vector_of
from modelbond.watcher.board import Boards
from modelbond.watcher.pen import Pen
from modelbond.watcher.reporting import Reporter
from modelbond.watcher.reporting_acts import Acts

FOLDER = Path("/var/lib/modelbond-watcher")
ORDER, DONE = FOLDER / "order", FOLDER / "done"

LOADED = "loaded"
CALLS_GOOD_BAD, CALLS_BAD_GOOD = "calls good bad", "calls bad good"
COPIES, LEAVES_OUT, SIGNS_TWICE = "copies", "leaves out", "signs twice"
CLOCK_BEHIND, CLOCK_AHEAD = "its clock is behind", "its clock is ahead"
DIES = (
    "dies before the hash is signed",
    "dies before the vector is shown",
    "dies before the report is signed",
    "dies after the report is sent",
)
OFF_SECONDS = {CLOCK_BEHIND: -5, CLOCK_AHEAD: 5}
_LETTERS = {CALLS_GOOD_BAD: ("g", "b"), CALLS_BAD_GOOD: ("b", "g")}
_DIES_AT_SIGNING = {"Commitment": DIES[0], "Report": DIES[2]}
_twins: dict[bytes, SignedReport] = {}
"""The second report of a round, by the signature of the first."""


def order() -> str:
    """Return what it shall do now."""
    try:
        return ORDER.read_text()
    except OSError:
        return ""


def did(what: str, **about: object) -> None:
    """Say what it did."""
    with DONE.open("a") as out:
        out.write(f"{json.dumps({'what': what, 'at': time.time(), **about})}\n")


def die_if_told(what: str, **about: object) -> None:
    """End as by a power cut, once: nothing is flushed, nothing is said to others."""
    if what and order() == what:
        ORDER.unlink()
        did(what, **about)
        os._exit(137)


def lie(
    commit: Callable[..., SignedVector], pen: Pen, frame: FrameIndex, *, text: str, salt: bytes
) -> SignedVector:
    """Commit to other letters than those that were measured."""
    told = order()
    if told in _LETTERS:
        seen = vector_of(text)
        before, after = _LETTERS[told]
        leases = {one: letters.replace(before, after) for one, letters in seen.leases.items()}
        text = replace(seen, leases=leases).text
        did(told, frame=frame)
    return commit(pen, frame, text=text, salt=salt)


async def copy(
    step: Callable[..., Awaitable[str]], reporter: Reporter, board: FrameBoard, *rest: Any
) -> str:
    """Commit to what another one shows, as soon as it does."""
    acts = reporter._parts.acts
    if order() != COPIES or acts._pen.record.vector(board.frame) is not None:
        return await step(reporter, board, *rest)
    others = [one for one in board.page.vectors if one.watcher != acts._pen.signer]
    if not others:
        return "waits for somebody to copy from"
    text = replace(vector_of(others[0].text), watcher=acts._pen.signer).text
    mine = acts._pen.commit(board.frame, text=text, salt=os.urandom(SALT_BYTES))
    for item in (committed(mine, frame=board.frame), mine):
        acts._tools.boards.publish(board.frame, item)
    did(COPIES, frame=board.frame)
    return "copied"


async def leave_out(
    propose: Callable[..., Awaitable[None]],
    acts: Acts,
    step: Propose,
    board: FrameBoard,
    inputs: Inputs,
) -> None:
    """Propose without the vector of somebody else."""
    if order() == LEAVES_OUT and len(step.vectors) == len(board.table):
        unwanted = next(one for one in step.vectors if one.watcher != acts._pen.signer)
        step = replace(step, vectors=tuple(one for one in step.vectors if one is not unwanted))
        did(LEAVES_OUT, frame=board.frame, round=step.round)
    await propose(acts, step, board, inputs)


def sign_twice(sign: Callable[..., SignedReport], pen: Pen, report: Report) -> SignedReport:
    """Sign another root for the same round, past the record."""
    signed = sign(pen, report)
    if order() == SIGNS_TWICE:
        ORDER.unlink()
        other = replace(report, root=report.data_hash)
        signature = pen._key.sign_typed(other.typed_data(pen._reports))
        _twins[signed.signature] = replace(signed, report=other, signature=signature)
    return signed


def show(publish: Callable[..., None], boards: Boards, frame: FrameIndex, item: Item) -> None:
    """Show both reports where two were signed; or die before a vector is shown."""
    if isinstance(item, SignedVector):
        die_if_told(DIES[1], frame=frame)
    publish(boards, frame, item)
    signed = item.signed if isinstance(item, Proposal) else item
    twin = _twins.pop(signed.signature, None) if isinstance(signed, SignedReport) else None
    if twin is not None:
        publish(boards, frame, twin)
        did(SIGNS_TWICE, frame=frame, round=twin.report.round)


def sign_or_die(sign_typed: Callable[..., bytes], key: Key, message: Mapping[str, Any]) -> bytes:
    """Die where a signature is to be made; a report is in the record by then."""
    said = message["message"]
    root = {"round": said["round"], "root": bytes(said["root"]).hex()} if "root" in said else {}
    die_if_told(_DIES_AT_SIGNING.get(message["primaryType"], ""), frame=said.get("frame"), **root)
    return sign_typed(key, message)


async def send_and_die(
    broadcast: Callable[..., Awaitable[None]], pool: RpcPool, raw: bytes
) -> None:
    """Die with the transaction out and its receipt unknown."""
    await broadcast(pool, raw)
    die_if_told(DIES[3])


def wrong_time(now: Callable[..., datetime], clock: SystemClock) -> datetime:
    """Tell a time that is not."""
    return now(clock) + timedelta(seconds=OFF_SECONDS.get(order(), 0))


def install() -> None:
    """Put itself in the place of the methods that it does otherwise."""
    _instead_of(Pen, "commit", lie)
    _instead_of(Reporter, "_step", copy)
    _instead_of(Acts, "_propose", leave_out)
    _instead_of(Pen, "sign", sign_twice)
    _instead_of(Boards, "publish", show)
    _instead_of(Key, "sign_typed", sign_or_die)
    _instead_of(RpcPool, "broadcast", send_and_die)
    _instead_of(SystemClock, "now", wrong_time)
    did(LOADED)


def _instead_of(owner: type, name: str, function: Callable[..., Any]) -> None:
    """Let a function stand for a method: it is given the method first."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def standing_for(*args: Any, **kwargs: Any) -> Any:
        return function(method, *args, **kwargs)

    setattr(owner, name, standing_for)
