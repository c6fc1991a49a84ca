"""What a decision says about one host: one word each, the same in status and in `explain`."""

from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """Why a host was or was not chosen. Declared in the order in which a host is asked."""

    PLACED = "Placed"
    CHOSEN = "Chosen"
    STILL_WITHDRAWING = "StillWithdrawing"
    NOT_ACCEPTED = "NotAccepted"
    IDENTITY_CHANGED = "IdentityChanged"
    NEVER_HEARD = "NeverHeard"
    NOT_HEARD_YET = "NotHeardYet"
    UNREACHABLE = "HostUnreachable"
    NO_REPORT = "ReportInvalid"
    CORDONED = "HostCordoned"
    DRAINED = "HostDrained"
    NOT_LISTED = "NotListed"
    SELECTOR_MISMATCH = "SelectorMismatch"
    TAINTED = "Tainted"
    RUNTIME_NOT_OFFERED = "RuntimeNotOffered"
    FORMAT_NOT_OFFERED = "FormatNotOffered"
    BARRED = "Declined"
    CLASS_NOT_OFFERED = "ClassNotOffered"
    NOT_ENOUGH_GPUS = "NotEnoughGpus"
    NOT_ENOUGH_ON_ONE_NODE = "NotEnoughGpusOnOneNode"
    NOT_ENOUGH_CPU = "NotEnoughCpu"
    NOT_ENOUGH_MEMORY = "NotEnoughMemory"
    GROUP_UNKNOWN = "GroupUnknown"
    GROUP_FULL = "GroupFull"
    KEPT_FOR_OTHER_OWNER = "KeptForOtherOwner"
    FITS = "Fits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One host's answer. `detail` may hold live numbers, so it never enters a status."""

    host: str
    why: Why
    detail: str


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a host does not fit, and the numbers behind it."""

    why: Why
    detail: str
