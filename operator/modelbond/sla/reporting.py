"""What a watcher does next for a frame: decided anew at each look, from what is true then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modelbond.settlement.report import Report
from modelbond.settlement.units import Address
from modelbond.sla.counting import Limits
from modelbond.sla.exchanged import Proposal
from modelbond.sla.frame_board import Complete, FrameBoard
from modelbond.sla.frames import Times, posting_delay, proposer_place
from modelbond.sla.objections import objection, vectors_of
from modelbond.sla.quorum import Signer, quorum_of
from modelbond.sla.standing import Standing
from modelbond.sla.vector import SignedVector


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the chain says for a frame's report. `waits_for` says why it cannot be counted yet.

    A frame that is `passed_over` is signed where others propose it, and not proposed.
    """

    standing: Standing
    block: int = 0
    barred: frozenset[int] = frozenset()
    waits_for: str = ""
    passed_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that the next step is decided from.

    `began_at` is when this process began; `signed_round` the highest round that it signed of this
    frame, ever; `sealed` says why it must not sign at all. `recounted` has the rounds whose
    proposal was counted again and found wrong, and why.
    """

    now: float
    began_at: float
    me: Address
    times: Times
    board: FrameBoard
    own: SignedVector | None = None
    ground: Ground | None = None
    signed_round: int = 0
    sealed: str = ""
    recounted: Mapping[int, str] = field(default_factory=dict)
    posting: frozenset[Report] = frozenset()


@dataclass(frozen=True, slots=True)
class Commit:
    """Write the own vector down, and show its commitment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Show the own vector."""

    vector: SignedVector


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """Count these vectors, and propose what comes of it."""

    round: int
    vectors: tuple[SignedVector, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Count again, and sign where it comes out the same."""

    proposal: Proposal
    vectors: tuple[SignedVector, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Do not sign in this round, and say why."""

    round: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Send the report with its signatures."""

    complete: Complete


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do now; the reason is for people."""

    reason: str


Step = Commit | Show | Propose | Sign | Refuse | Post | Wait


def to_post(board: FrameBoard, ground: Ground) -> list[Complete]:
    """Return the reports of a frame that have their quorum, and that the tower would take."""
    standing = ground.standing
    return [
        one
        for one in board.complete(barred=ground.barred)
        if one.report.previous_root == standing.root
        and standing.admits(board.frame, one.report.round)
    ]


def next_step(seen: Situation) -> Step:
    """Return what to do next for a frame."""
    if seen.board.place_of(seen.me) is None:
        return Wait(reason="this watcher is not in the frame's table")
    return _own_vector(seen) or _report(seen)


def _own_vector(seen: Situation) -> Commit | Show | None:
    """Return what is due of the own vector. What comes too late is not begun: it cannot count.

    Where another commitment of this watcher is known than the one that it wrote down, its record
    is not what it was: a second one would show it as forked.
    """
    limits, known = Limits.of(seen.times), seen.board.commitments(seen.me)
    if not known:
        due = limits.commit_from <= seen.now < limits.owed_until
        return Commit() if (due or seen.own) and not seen.sealed else None
    if seen.own is None or seen.own.commitment != known[0].commitment.commitment:
        return None
    due = seen.now >= limits.admitted_until and seen.board.shown(known[0]) is None
    return Show(vector=seen.own) if due else None


def _report(seen: Situation) -> Propose | Sign | Refuse | Post | Wait:
    round_, ground = seen.times.round_at(seen.now), seen.ground
    if not round_:
        return Wait(reason="vectors are coming in")
    if ground is None:
        return Wait(reason="the chain cannot be read")
    if ground.waits_for:
        return Wait(reason=ground.waits_for)
    complete = to_post(seen.board, ground)
    if complete:
        return _post(complete[0], seen)
    if seen.sealed:
        return Wait(reason=seen.sealed)
    return _vote(seen, ground, round_)


def _post(complete: Complete, seen: Situation) -> Post | Wait:
    if complete.report in seen.posting:
        return Wait(reason="the report is being posted")
    place = seen.board.place_of(seen.me)
    delay = posting_delay(
        place or 0,
        frame=seen.board.frame,
        round_=complete.report.round,
        members=len(seen.board.table),
        step=seen.times.step,
    )
    if seen.now < complete.at + delay:
        return Wait(reason="the report has its quorum, and others post before this watcher")
    return Post(complete=complete)


def _vote(seen: Situation, ground: Ground, round_: int) -> Propose | Sign | Refuse | Wait:
    """Return what to do in this round, or in the one before, which a clock may still be in."""
    reasons = []
    for one in (round_, round_ - 1):
        if not _is_open(one, seen, ground):
            continue
        step = _in_round(one, seen, ground, is_now=one == round_)
        if not isinstance(step, Refuse | Wait):
            return step
        reasons.append(step)
    if not reasons:
        return Wait(reason=f"round {round_} is not open to this watcher")
    return next((one for one in reasons if isinstance(one, Refuse)), reasons[0])


def _is_open(round_: int, seen: Situation, ground: Ground) -> bool:
    """Tell whether the round may be signed: never one that began before this process.

    So whatever was signed by a process before this one, and was lost from the record with the
    disk, is of another round; only a clock that was turned back as well could meet it again.
    """
    return (
        round_ > seen.signed_round
        and seen.times.round_begins(round_) >= seen.began_at
        and ground.standing.admits(seen.board.frame, round_)
    )


def _in_round(
    round_: int, seen: Situation, ground: Ground, *, is_now: bool
) -> Propose | Sign | Refuse | Wait:
    board, limits = seen.board, Limits.of(seen.times)
    proposal = board.proposal(round_)
    if proposal is None:
        turn = proposer_place(board.frame, round_=round_, members=len(board.table))
        if is_now and turn == board.place_of(seen.me) and not ground.passed_over:
            return Propose(round=round_, vectors=board.chosen(limits))
        return Wait(reason=f"round {round_} waits for the proposal of {board.table[turn].signer}")
    reason = seen.recounted.get(round_) or objection(
        proposal,
        board=board,
        limits=limits,
        block=ground.block,
        previous_root=ground.standing.root,
    )
    if reason:
        return Refuse(round=round_, reason=reason)
    return Sign(proposal=proposal, vectors=vectors_of(proposal, board=board))


def signatures_to_post(complete: Complete, *, table: Sequence[Signer]) -> dict[int, bytes]:
    """Return as many signatures as make a quorum, by place: each more costs gas."""
    places = [place for place, one in enumerate(table) if one.signer in complete.signatures]
    chosen: dict[int, bytes] = {}
    weight = 0
    for place in sorted(places, key=lambda place: -table[place].weight):
        if weight < quorum_of(table):
            chosen[place] = complete.signatures[table[place].signer]
            weight += table[place].weight
    return chosen
