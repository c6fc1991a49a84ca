"""How long to wait before a source is asked again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_AFTER_LIMIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential waits between `first_seconds` and `limit_seconds`, half of each by chance."""

    first_seconds: float = 1.0
    limit_seconds: float = 60.0

    def delay_seconds(
        self, attempt: int, *, fraction: float, retry_after_seconds: float | None = None
    ) -> float:
        """Return the wait after failure number `attempt` (from 0).

        `fraction` is random in [0, 1). A server's wish only lengthens the wait, to two minutes.
        """
        whole = min(self.limit_seconds, self.first_seconds * 2.0 ** min(attempt, 30))
        wish = min(retry_after_seconds or 0.0, RETRY_AFTER_LIMIT_SECONDS)
        return max(wish, whole * (0.5 + 0.5 * fraction))


def retry_after_seconds(header: str | None, *, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, or None where it says nothing."""
    if header is None:
        return None
    if header.strip().isdecimal() and header.isascii():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
