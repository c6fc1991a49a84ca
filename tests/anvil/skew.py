"""A process whose wall clock is off, by Debian's libfaketime; its monotonic clock is right."""

from cluster import debian


def skewed(seconds: int) -> dict[str, str]:
    """Return the environment of a process whose wall clock is ahead by so much, or behind."""
    (library,) = debian.unpacked("libfaketime").glob("usr/lib/*/faketime/libfaketimeMT.so.1")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{seconds:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
