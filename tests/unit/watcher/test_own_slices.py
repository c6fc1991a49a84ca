"""A frame's letters are those of the slices that end in it, and unknown where there is no row."""

from dataclasses import dataclass

from fakes.frames import LEASE
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import FrameIndex, LeaseId
from modelbond.sla.frames import frame_slices
from modelbond.watcher.own_slices import OwnSlices

OTHER = LeaseId(keccak(b"other"))


@dataclass(frozen=True, slots=True)
class Row:
    lease: LeaseId
    slice_seconds: int
    index: int
    verdict: str

    @property
    def ends(self) -> int:
        return (self.index + 1) * self.slice_seconds


class Rows:
    """Slices of 25 s of one lease, good but for number 5, and one of a minute of another."""

    rows = (
        *(Row(LEASE, 25, index, "b" if index == 5 else "g") for index in range(12) if index != 3),
        Row(OTHER, 60, 1, "u"),
    )

    def between(self, after: int, until: int) -> list[Row]:
        return [row for row in self.rows if after < row.ends <= until]


def letters(frame: int) -> dict[LeaseId, str]:
    own = OwnSlices(Rows(), frame_seconds=60)
    return {
        lease: own.verdicts(
            lease, frame_slices(FrameIndex(frame), frame_seconds=60, slice_seconds=seconds)
        )
        for lease, seconds in own.leases(FrameIndex(frame)).items()
    }


def test_every_slice_is_in_the_frame_in_which_it_ends() -> None:
    assert [letters(frame) for frame in range(6)] == [
        {LEASE: "gg"},
        {LEASE: "gu", OTHER: "u"},
        {LEASE: "gbg"},
        {LEASE: "gg"},
        {LEASE: "ggg"},
        {},
    ]
