"""Which frames may still be reported, and which of them comes first."""

from modelbond.settlement.units import FrameIndex
from modelbond.sla.frames import MAX_LAG_FRAMES

_TURNS_EACH = 2


def open_frames(*, reported: FrameIndex, now: float, frame_seconds: int) -> list[FrameIndex]:
    """Return the frames that ended, are newer than the standing report, and not too old."""
    current = int(now) // frame_seconds
    first = max(reported + 1, current - MAX_LAG_FRAMES)
    return [FrameIndex(frame) for frame in range(first, current)]


def patience_seconds(*, members: int, step: int) -> int:
    """Return how long a frame is tried before a newer one: everybody had two turns then."""
    return _TURNS_EACH * members * step


def passed_over(  # noqa: PLR0913 - everything that decides it
    *,
    empty: bool,
    complete: bool,
    has_vectors: bool,
    is_last: bool,
    tried_seconds: float,
    patience: float,
) -> bool:
    """Tell whether a newer frame may be reported without this one; what it saw is lost then.

    That is nothing where there is nothing to report, and nothing where nobody saw anything, as
    slices of which no frame speaks are unknown as well. Else it is given up only when it was tried
    in vain: so nobody can make others forget a frame, and one in dispute does not stop the tower.
    `is_last` is a frame after which no other can be reported yet; a `complete` one has its quorum,
    and lacks nothing but a block.
    """
    if empty:
        return True
    if is_last or complete:
        return False
    return not has_vectors or tried_seconds >= patience
