"""Until when what counts of a frame: for each receiver by its own clock, so with tolerance.

A commitment that reaches one watcher in time reaches the others a little later, by handing on. So
there are three limits, each half of that tolerance after the one before:

- A vector whose commitment came until `owed_until` must not be left out of a proposal.
- A proposer takes those whose commitment came until `chosen_until`.
- A signer accepts those whose commitment came until `admitted_until`.

With handing on quicker than a quarter of a step, what anybody is owed is chosen by every proposer,
and what any proposer chose is admitted by every signer: nobody can split the others by publishing
at the last moment. No vector is shown before `admitted_until`, so copying one comes too late for
all three.
"""

from dataclasses import dataclass

from modelbond.sla.frames import Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """In seconds since 1970. `commit_from` leaves a measurement half a step to be written down."""

    commit_from: float
    owed_until: float
    chosen_until: float
    admitted_until: float
    cut_off: float

    @classmethod
    def of(cls, times: Times) -> "Limits":
        """Return the limits of a frame."""
        return cls(
            commit_from=times.ends_at + times.step / 2,
            owed_until=times.commit_until,
            chosen_until=times.commit_until + times.step / 4,
            admitted_until=times.commit_until + times.step / 2,
            cut_off=times.cut_off,
        )
