"""Whole numbers and names of the money's world; none of them is ever divided."""

import re
from typing import NewType

from modelbond.errors import Refused

Wei = NewType("Wei", int)
"""The smallest unit of the asset."""

NO_WEI = Wei(0)

SliceIndex = NewType("SliceIndex", int)
"""The number of a slice since 1970, for slices of the lease's length."""

SliceCount = NewType("SliceCount", int)
"""How many slices."""

NO_SLICES = SliceCount(0)

FrameIndex = NewType("FrameIndex", int)
"""The number of a frame since 1970, for frames of the tower's length."""

Address = NewType("Address", str)
"""An account or a contract: 0x and 40 lower-case hex digits."""

LeaseId = NewType("LeaseId", bytes)
"""32 bytes: the EIP-712 digest of the lease's offer."""

SlotId = NewType("SlotId", bytes)
"""32 bytes: one place of a deployment."""

Digest = NewType("Digest", bytes)
"""32 bytes of Keccak-256."""

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


def address(text: str) -> Address:
    """Return the address in the one spelling that is compared; Refused where it is none."""
    lower = text.lower()
    if not _ADDRESS.fullmatch(lower):
        raise Refused(f"address: {text[:64]!r} must be 0x and 40 hex digits")
    return Address(lower)
