"""Time in whole slices, aligned to UTC: slice `i` of `s` seconds begins at second `i * s`."""

from modelbond.settlement.units import SliceCount, SliceIndex


def at_rounded_down(time: int, *, slice_seconds: int) -> SliceIndex:
    """Return the slice in which that second since 1970 lies."""
    return SliceIndex(time // slice_seconds)


def at_rounded_up(time: int, *, slice_seconds: int) -> SliceIndex:
    """Return the first slice that begins then or later."""
    return SliceIndex(-(-time // slice_seconds))


def begins_at(index: SliceIndex, *, slice_seconds: int) -> int:
    """Return when the slice begins, in seconds since 1970."""
    return index * slice_seconds


def plus(index: SliceIndex, count: int) -> SliceIndex:
    """Return the slice that many slices later."""
    return SliceIndex(index + count)


def until(index: SliceIndex, end: SliceIndex) -> SliceCount:
    """Return how many slices lie from `index` until `end`, which is not counted."""
    return SliceCount(max(end - index, 0))
