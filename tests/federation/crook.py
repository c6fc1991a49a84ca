"""A watcher that breaks the rules when it is told to: the sitecustomize of its process.

All else is the real code in the real image, with its own key, ledger, peers and chain. What it is
told lies in a file beside its state, what it did is appended to another: `federation.crooked`
writes the one and reads the other. Where nothing is told, it is honest.
"""

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.pool import RpcPool
from modelbond.runtime.clock import SystemClock
from modelbond.sla.exchanged import Proposal, SignedReport, committed
from modelbond.sla.vector import SALT_BYTES, SignedVector, vector_of
from modelbond.watcher.board import Boards
from modelbond.watcher.pen import Pen
from modelbond.watcher.reporting import Reporter
from modelbond.watcher.reporting_acts import Acts

FOLDER = Path("/var/lib/modelbond-watcher")
TOLD, DONE = FOLDER / "told", FOLDER / "done"

CALLS_GOOD_BAD, CALLS_BAD_GOOD = "calls good bad", "calls bad good"
COPIES, LEAVES_OUT, SIGNS_TWICE = "copies", "leaves out", "signs twice"
CLOCK_BEHIND, CLOCK_AHEAD = "its clock is behind", "its clock is ahead"
OFF_SECONDS = 5
DIES = (
    "dies before the hash is signed",
    "dies before the vector is shown",
    "dies before the report is signed",
    "dies after the report is sent",
)
_LETTERS = {CALLS_GOOD_BAD: ("g", "b"), CALLS_BAD_GOOD: ("b", "g")}
_OFF = {CLOCK_BEHIND: -OFF_SECONDS, CLOCK_AHEAD: OFF_SECONDS}
_DIES_AT_SIGNING = {"Commitment": DIES[0], "Report": DIES[2]}


def told() -> str:
    """Return what it shall do now."""
    try:
        return TOLD.read_text()
    except OSError:
        return ""


def did(what: str, **about: object) -> None:
    """Say what it did."""
    with DONE.open("a") as out:
        out.write(f"{json.dumps({'what': what, **about})}\n")


def die_if_told(what: str) -> None:
    """End as by a power cut, once: nothing is flushed, nothing is said to others."""
    if what and told() == what:
        TOLD.unlink()
        did(what, at=time.time())
        os._exit(137)


def instead_of(owner: type, name: str) -> Callable[[Callable[..., Any]], None]:
    """Let a function stand for a method: it is given the method first."""

    def put(function: Callable[..., Any]) -> None:
        method = getattr(owner, name)

        @functools.wraps(method)
        def standing_for(*args: Any, **kwargs: Any) -> Any:
            return function(method, *args, **kwargs)

        setattr(owner, name, standing_for)

    return put


def lie(commit: Any, pen: Any, frame: int, *, text: str, salt: bytes) -> Any:
    """Commit to other letters than those that were measured."""
    if told() in _LETTERS:
        seen = vector_of(text)
        before, after = _LETTERS[told()]
        leases = {one: letters.replace(before, after) for one, letters in seen.leases.items()}
        if leases != seen.leases:
            did(told(), frame=frame)
        text = replace(seen, leases=leases).text
    return commit(pen, frame, text=text, salt=salt)


async def copy(step: Any, reporter: Any, board: Any, *rest: Any) -> Any:
    """Commit to what another one shows, as soon as it does."""
    acts = reporter._parts.acts
    if told() != COPIES or acts._pen.record.vector(board.frame) is not None:
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


async def leave_out(propose: Any, acts: Any, step: Any, board: Any, inputs: Any) -> None:
    """Propose without the vector of somebody else."""
    whole = len(step.vectors) == len(board.table)
    if told() == LEAVES_OUT and whole:
        unwanted = next(one for one in step.vectors if one.watcher != acts._pen.signer)
        kept = tuple(one for one in step.vectors if one is not unwanted)
        step = replace(step, vectors=kept)
        did(LEAVES_OUT, frame=board.frame, round=step.round)
    await propose(acts, step, board, inputs)


def sign_twice(sign: Any, pen: Any, report: Any) -> Any:
    """Sign another root for the same round, past the record."""
    signed = sign(pen, report)
    if told() == SIGNS_TWICE:
        TOLD.unlink()
        other = replace(report, root=report.data_hash)
        signature = pen._key.sign_typed(other.typed_data(pen._reports))
        Twins.of[signed.signature] = replace(signed, report=other, signature=signature)
    return signed


class Twins:
    """The second report of a round, by the signature of the first."""

    of: dict[bytes, SignedReport] = {}  # noqa: RUF012 - one process, one crook


def show(publish: Any, boards: Any, frame: int, item: Any) -> None:
    """Show both reports where two were signed; or die before a vector is shown."""
    if isinstance(item, SignedVector):
        die_if_told(DIES[1])
    publish(boards, frame, item)
    signed = item.signed if isinstance(item, Proposal) else item
    twin = Twins.of.pop(signed.signature, None) if isinstance(signed, SignedReport) else None
    if twin is not None:
        publish(boards, frame, twin)
        did(SIGNS_TWICE, frame=frame, round=twin.report.round)


def sign_or_die(sign_typed: Any, key: Any, message: Any) -> Any:
    """Die with the record written and nothing signed."""
    die_if_told(_DIES_AT_SIGNING.get(message["primaryType"], ""))
    return sign_typed(key, message)


async def send_and_die(broadcast: Any, pool: Any, raw: bytes) -> None:
    """Die with the transaction out and its receipt unknown."""
    await broadcast(pool, raw)
    die_if_told(DIES[3])


def wrong_time(now: Any, clock: Any) -> datetime:
    """Tell a time that is not."""
    true: datetime = now(clock)
    return true + timedelta(seconds=_OFF.get(told(), 0))


if "watcher" in sys.orig_argv:  # and not in what else runs in its container
    instead_of(Pen, "commit")(lie)
    instead_of(Reporter, "_step")(copy)
    instead_of(Acts, "_propose")(leave_out)
    instead_of(Pen, "sign")(sign_twice)
    instead_of(Boards, "publish")(show)
    instead_of(Key, "sign_typed")(sign_or_die)
    instead_of(RpcPool, "broadcast")(send_and_die)
    instead_of(SystemClock, "now")(wrong_time)
