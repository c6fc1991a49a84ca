"""One watcher's verdict on one slice."""

import pytest

from modelbond.sla.verdict import Probe, ProbeReason, SliceReason, Verdict, slice_verdict

OWN = (ProbeReason.NO_WAY, ProbeReason.OWN_FAULT, ProbeReason.CANCELLED)
FAILURES = [each for each in ProbeReason if each not in (*OWN, ProbeReason.ANSWERED)]


def judged(
    *reasons: ProbeReason, control_ok: bool = True, clock_ok: bool = True
) -> tuple[Verdict, SliceReason]:
    probes = [Probe(at=n, reason=reason, seconds=0.1) for n, reason in enumerate(reasons)]
    return slice_verdict(probes, control_ok=control_ok, clock_ok=clock_ok)


@pytest.mark.parametrize("failure", FAILURES)
def test_two_failed_probes_and_no_other_are_bad_for_the_reason_of_the_last(
    failure: ProbeReason,
) -> None:
    assert judged(failure, failure) == (Verdict.BAD, SliceReason(failure.value))
    other = ProbeReason.UNREACHABLE
    assert judged(other, failure) == (Verdict.BAD, SliceReason(failure.value))


@pytest.mark.parametrize("beside", list(ProbeReason))
def test_one_answer_is_good_whatever_happened_beside_it(beside: ProbeReason) -> None:
    assert judged(ProbeReason.ANSWERED, beside) == (Verdict.GOOD, SliceReason.ANSWERED)
    assert judged(beside, ProbeReason.ANSWERED) == (Verdict.GOOD, SliceReason.ANSWERED)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_single_failure_says_nothing(failure: ProbeReason) -> None:
    assert judged(failure) == (Verdict.UNKNOWN, SliceReason.TOO_FEW_PROBES)


@pytest.mark.parametrize("own", OWN)
def test_a_probe_that_was_never_made_is_no_failure(own: ProbeReason) -> None:
    failed = ProbeReason.UNREACHABLE
    assert judged(own, failed) == (Verdict.UNKNOWN, SliceReason.TOO_FEW_PROBES)
    assert judged(own, own) == (Verdict.UNKNOWN, SliceReason.TOO_FEW_PROBES)


def test_a_slice_without_probes_is_unknown() -> None:
    assert judged() == (Verdict.UNKNOWN, SliceReason.TOO_FEW_PROBES)


def test_a_failed_control_makes_even_an_answer_unknown() -> None:
    answer = judged(ProbeReason.ANSWERED, control_ok=False)
    assert answer == (Verdict.UNKNOWN, SliceReason.CONTROL_FAILED)


def test_a_wrong_clock_makes_everything_unknown_and_is_named_first() -> None:
    answer = judged(ProbeReason.ANSWERED, control_ok=False, clock_ok=False)
    assert answer == (Verdict.UNKNOWN, SliceReason.CLOCK_OFF)


def test_the_letters_are_those_of_the_vectors() -> None:
    assert "".join(Verdict) == "gbux"
