"""The verdict of one watcher on one slice, from the probes that it made in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# With a single lost packet nobody is called broken.
PROBES_FOR_BAD = 2


class Verdict(StrEnum):
    """What is known of a slice; the letters stand in ledgers and vectors. `x` is the tally's."""

    GOOD = "g"
    BAD = "b"
    UNKNOWN = "u"
    EXCLUDED = "x"


class ProbeReason(StrEnum):
    """How one probe ended."""

    ANSWERED = "answered"
    # The endpoint's failures: each is seen from outside and is its own.
    WRONG_ANSWER = "wrong_answer"
    TOO_LATE = "too_late"
    UNAUTHORIZED = "unauthorized"
    LIMITED = "limited"
    HTTP_ERROR = "http_error"
    UNREACHABLE = "unreachable"
    WRONG_KEY = "wrong_key"
    MALFORMED = "malformed"
    FORBIDDEN_ADDRESS = "forbidden_address"
    # Not made: nothing was learned of the endpoint.
    NO_WAY = "no_way"
    OWN_FAULT = "own_fault"
    CANCELLED = "cancelled"


_NOT_MADE = frozenset({ProbeReason.NO_WAY, ProbeReason.OWN_FAULT, ProbeReason.CANCELLED})


class SliceReason(StrEnum):
    """Why a slice has its verdict: for a bad one, how its last probe failed."""

    ANSWERED = "answered"
    WRONG_ANSWER = "wrong_answer"
    TOO_LATE = "too_late"
    UNAUTHORIZED = "unauthorized"
    LIMITED = "limited"
    HTTP_ERROR = "http_error"
    UNREACHABLE = "unreachable"
    WRONG_KEY = "wrong_key"
    MALFORMED = "malformed"
    FORBIDDEN_ADDRESS = "forbidden_address"
    TOO_FEW_PROBES = "too_few_probes"
    CONTROL_FAILED = "control_failed"
    CLOCK_OFF = "clock_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One probe: when it began (seconds since 1970), how it ended, how long it took."""

    at: float
    reason: ProbeReason
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Tell whether the agreed answer came in time."""
        return self.reason is ProbeReason.ANSWERED

    @property
    def failed(self) -> bool:
        """Tell whether it was made, and the endpoint failed it."""
        return not self.succeeded and self.reason not in _NOT_MADE


def slice_verdict(
    probes: Sequence[Probe], *, control_ok: bool, clock_ok: bool
) -> tuple[Verdict, SliceReason]:
    """Return the verdict on the slice in which these probes were made, and why.

    Who does not know that its own network and clock were right knows nothing of others. One success
    is good, whatever failed beside it; bad needs two probes that failed and none that did not.
    """
    if not clock_ok:
        return Verdict.UNKNOWN, SliceReason.CLOCK_OFF
    if not control_ok:
        return Verdict.UNKNOWN, SliceReason.CONTROL_FAILED
    if any(probe.succeeded for probe in probes):
        return Verdict.GOOD, SliceReason.ANSWERED
    failures = [probe for probe in probes if probe.failed]
    if len(failures) < PROBES_FOR_BAD:
        return Verdict.UNKNOWN, SliceReason.TOO_FEW_PROBES
    last = max(failures, key=lambda probe: probe.at)
    return Verdict.BAD, SliceReason(last.reason.value)
