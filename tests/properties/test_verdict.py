"""Verdicts: unknown is never bad, an answer never bad, and doubt about oneself is unknown."""

from hypothesis import given
from hypothesis import strategies as st

from modelbond.sla.verdict import Probe, ProbeReason, Verdict, slice_verdict

probes = st.lists(
    st.builds(
        Probe,
        at=st.floats(0, 60),
        reason=st.sampled_from(ProbeReason),
        seconds=st.floats(0, 10),
    ),
    max_size=5,
)


def verdict(made: list[Probe], *, control_ok: bool = True, clock_ok: bool = True) -> Verdict:
    return slice_verdict(made, control_ok=control_ok, clock_ok=clock_ok)[0]


@given(made=probes, control_ok=st.booleans(), clock_ok=st.booleans())
def test_doubt_about_control_or_clock_is_unknown_and_nothing_else(
    *, made: list[Probe], control_ok: bool, clock_ok: bool
) -> None:
    found = verdict(made, control_ok=control_ok, clock_ok=clock_ok)
    if not (control_ok and clock_ok):
        assert found is Verdict.UNKNOWN
    assert found is not Verdict.EXCLUDED


@given(made=probes, place=st.integers(0, 5), control_ok=st.booleans(), clock_ok=st.booleans())
def test_an_answer_in_the_slice_never_leaves_it_bad(
    *, made: list[Probe], place: int, control_ok: bool, clock_ok: bool
) -> None:
    answer = Probe(at=30, reason=ProbeReason.ANSWERED, seconds=0.1)
    with_answer = [*made[:place], answer, *made[place:]]
    found = verdict(with_answer, control_ok=control_ok, clock_ok=clock_ok)
    assert found is not Verdict.BAD


@given(probes)
def test_bad_means_two_failures_and_no_answer(made: list[Probe]) -> None:
    failures = sum(probe.failed for probe in made)
    answers = sum(probe.succeeded for probe in made)
    assert (verdict(made) is Verdict.BAD) == (failures >= 2 and not answers)


@given(probes, st.sampled_from(ProbeReason))
def test_probes_that_were_not_made_change_nothing(made: list[Probe], reason: ProbeReason) -> None:
    more = Probe(at=0, reason=reason, seconds=0)
    if not (more.failed or more.succeeded):
        assert verdict([*made, more]) is verdict(made)


@given(probes)
def test_the_order_in_which_probes_are_told_does_not_matter(made: list[Probe]) -> None:
    shuffled = sorted(made, key=lambda probe: (probe.reason, probe.at))
    assert verdict(shuffled) is verdict(made)
