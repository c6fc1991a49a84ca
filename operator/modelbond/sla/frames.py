"""The hours of a report: which slices a frame holds, until when what counts, whose turn it is."""

from dataclasses import dataclass

from modelbond.settlement.units import FrameIndex

MAX_LAG_FRAMES = 24
"""How many frames old a report may be when it is posted (Bounds.sol)."""

_STEPS_A_FRAME = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When what happens after a frame, in seconds since 1970. `step` is the unit of waiting."""

    ends_at: int
    step: int

    @classmethod
    def of(cls, frame: FrameIndex, *, frame_seconds: int) -> "Times":
        """Return the times of a frame: a thirtieth of it, at least a second, is one step."""
        ends_at = (frame + 1) * frame_seconds
        return cls(ends_at=ends_at, step=max(1, frame_seconds // _STEPS_A_FRAME))

    @property
    def commit_until(self) -> int:
        """Return until when commitments count."""
        return self.ends_at + self.step

    @property
    def cut_off(self) -> int:
        """Return until when vectors count; the first round begins then."""
        return self.ends_at + 2 * self.step

    def round_begins(self, round_: int) -> int:
        """Return when a round begins, counted from 1."""
        return self.cut_off + (round_ - 1) * self.step

    def round_at(self, time: float) -> int:
        """Return the round of that moment, 0 before the first."""
        return max(0, int(time - self.cut_off) // self.step + 1) if time >= self.cut_off else 0


def frame_of(time: int, *, frame_seconds: int) -> FrameIndex:
    """Return the frame in which that second lies."""
    return FrameIndex(time // frame_seconds)


def frame_slices(frame: FrameIndex, *, frame_seconds: int, slice_seconds: int) -> range:
    """Return the slices of a frame: those that end in it."""
    return range(
        frame * frame_seconds // slice_seconds, (frame + 1) * frame_seconds // slice_seconds
    )


def proposer_place(frame: FrameIndex, *, round_: int, members: int) -> int:
    """Return whose turn it is to propose: places of the table, one after the other."""
    return (frame + round_) % members


def posting_delay(place: int, *, frame: FrameIndex, round_: int, members: int, step: int) -> int:
    """Return how many seconds a member waits before it posts: the proposer posts at once."""
    behind = (place - proposer_place(frame, round_=round_, members=members)) % members
    return behind * step
