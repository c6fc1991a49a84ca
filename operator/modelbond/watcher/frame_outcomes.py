"""What became of each frame: reported, nothing to report, or missed for ever."""

from modelbond.settlement.units import FrameIndex
from modelbond.sla.standing import Standing
from modelbond.watcher.reporting_ports import FrameOutcome, ReportMeter

_KEPT = 1_000


class FrameOutcomes:
    """Counts a frame once a report of it, or of a newer one, stands."""

    def __init__(self, meter: ReportMeter) -> None:
        self._meter = meter
        self._reported: FrameIndex | None = None
        self._empty: set[FrameIndex] = set()

    def is_empty(self, frame: FrameIndex) -> None:
        """Remember that there is nothing to report of a frame."""
        self._empty.add(frame)
        if len(self._empty) > _KEPT:
            self._empty.remove(min(self._empty))

    def stands(self, standing: Standing) -> None:
        """Count what came to stand since the last look. A veto takes nothing back."""
        if self._reported is None:
            self._reported = standing.frame
        for frame in range(self._reported + 1, standing.frame):
            empty = FrameIndex(frame) in self._empty
            self._meter.frame(FrameOutcome.EMPTY if empty else FrameOutcome.MISSED)
        if standing.frame > self._reported:
            self._meter.frame(FrameOutcome.REPORTED)
            self._reported = standing.frame

    def lags(self, frames: list[FrameIndex]) -> int:
        """Show how many of these frames wait for their report, and return it."""
        lag = sum(frame not in self._empty for frame in frames)
        self._meter.report_lag(lag)
        return lag
