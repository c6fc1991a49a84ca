"""Whether others hold signatures of this watcher that its own record does not know."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modelbond.settlement.report import Report
from modelbond.settlement.units import Digest, FrameIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A signature of this watcher's that somebody shows. `where` is for people."""

    frame: FrameIndex
    round: int
    root: Digest
    data_hash: Digest
    where: str


def held(report: Report, *, where: str) -> Held:
    """Return what is held of a signed report."""
    return Held(
        frame=report.frame,
        round=report.round,
        root=report.root,
        data_hash=report.data_hash,
        where=where,
    )


def beyond_record(
    shown: Iterable[Held], *, signed: Mapping[FrameIndex, Report], floor: int
) -> str | None:
    """Return why nothing may be signed: a signature is shown that the record would have kept.

    `signed` is the highest round of each frame above `floor`, up to which nothing is signed anew.
    """
    for one in shown:
        if one.frame <= floor:
            continue
        known = signed.get(one.frame)
        if known is None or one.round > known.round:
            return (
                f"{one.where} has a signature of this key for frame {one.frame}, round {one.round},"
                " that the record does not have: it is not the last one, or the key has two users"
            )
        same = (one.root, one.data_hash) == (known.root, known.data_hash)
        if one.round == known.round and not same:
            return (
                f"{one.where} has another signature of this key for frame {one.frame}, round"
                f" {one.round}, than the record: the key has two users"
            )
    return None
