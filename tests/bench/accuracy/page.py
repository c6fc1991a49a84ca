"""The page of figures, all of which were just measured."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Sequence
from statistics import mean

from bench.accuracy.blackbox import version
from bench.accuracy.running import BOUND_MS, SAMPLES_A_SLICE, SLICE_SECONDS, Played
from bench.accuracy.scripts import Bounds, counted, stated, stated_samples
from modelbond.settlement.units import SliceCount
from modelbond.sla.budget import Budget, Standing, counts_of, standing
from modelbond.sla.verdict import Verdict

_HEAD = """\
# Accuracy: the ledger against outages that are known

Written by `make bench-accuracy`; every figure is what that run measured.
`tests/rules/test_accuracy.py` holds a shorter run to the stated error.

Real endpoints over TLS are down at moments that a script chose beforehand. The watcher's loop as it
stands ([watcher.md](watcher.md)) measures them in slices of {slice_seconds} s instead of 60, so
{slices} of them pass in {minutes:.1f} minutes. Beside it Debian's `prometheus-blackbox-exporter`
sends the same inference with the same token, {samples} times a slice at an even pace.

## The stated error

Both probes of a slice begin and end in it. So, whatever the outage, if a probe sees it at all:

- **A slice that the outage fills is bad, one that it does not touch is good**, wherever in it the
  probes lie; or it is unknown, where the watcher doubts itself.
- **A slice into which the outage begins or ends is good or bad by chance**: bad when both probes
  lie in the outage. So each edge moves the count by one slice at most. An outage that fills n
  slices and cuts m of them (none, one or two) has n to n + m bad ones; one that begins and ends on
  slice boundaries has exactly n.
- In time: an outage is counted longer or shorter by less than a slice for each edge. One success
  makes a slice good, so in the mean it is counted shorter, to the host's gain. What is shorter
  than the least distance of two probes, a quarter of a slice, costs nothing.
- An instrument that samples evenly errs by one sample for each outage, either way.

The *error* beside an uptime is the one that the metrics state with it, 95 times in 100. Part of it
stands for outages that were seen; ones that are too short to be seen have none.
"""
_END = """\
## Circumstances

- {blackbox} from Debian, Python {python};
  {cores} cores, load {load:.1f} at the end.
- Endpoints and watcher are one process. The latency bound is {bound} ms; the exporter gives up
  after twice that.
- Outages are drawn from seed {seed}, two slices apart at least.
  `PYTHONPATH=operator:tests .venv/bin/python -m bench.accuracy --seed 2` draws others.
"""


def page(played: Sequence[Played], *, seed: int) -> str:
    """Return the page as Markdown."""
    slices = max(each.script.slices for each in played)
    head = _HEAD.format(
        slice_seconds=SLICE_SECONDS,
        slices=slices,
        minutes=slices * SLICE_SECONDS / 60,
        samples=SAMPLES_A_SLICE,
    )
    end = _END.format(
        blackbox=version(),
        python=platform.python_version(),
        cores=os.cpu_count(),
        load=os.getloadavg()[0],
        bound=BOUND_MS,
        seed=seed,
    )
    return "\n".join([head, _slices(played), _uptimes(played), _edges(played), end])


def _slices(played: Sequence[Played]) -> str:
    rows = []
    for each in played:
        script, outages = each.script, each.script.outages
        bounds = [stated(outage, each.letters) for outage in outages]
        rows.append(
            (
                script.name,
                f"{len(outages)}",
                f"{script.down_slices:.1f} of {script.slices}",
                _said(Bounds(least=sum(b.least for b in bounds), most=sum(b.most for b in bounds))),
                f"{each.letters.count(Verdict.BAD)}",
                f"{each.letters.count(Verdict.UNKNOWN)}",
                f"{sum(b.hold(n) for b, n in zip(bounds, _counts(each), strict=True))}",
            )
        )
    head = ("Endpoint", "Outages", "Slices down", "Bad, stated", "Bad, measured", "Unknown")
    return (
        f"## Slices\n\n{_table((*head, 'Outages within the stated error'), rows)}\n"
        "Unknown are slices in which this machine kept the watcher waiting: "
        "its control came late,\n"
        "or its loop. What they hide of an outage is taken off both bounds.\n"
    )


def _uptimes(played: Sequence[Played]) -> str:
    rows, outside = [], []
    for each in played:
        seen, true = _standing(each), each.script.uptime
        if seen.uptime is None or abs(seen.uptime - true) > (seen.uptime_error or 0):
            outside.append(each.script.name)
        failed = sum(not one.up for one in each.samples)
        rows.append(
            (
                each.script.name,
                _percent(true),
                _percent(seen.uptime),
                f"± {_percent(seen.uptime_error)}",
                _percent(1 - failed / len(each.samples)),
                _said(stated_samples(each.script, each.samples)),
                f"{failed} of {len(each.samples)}",
            )
        )
    head = ("Endpoint", "Uptime, true", "modelbond", "error", "blackbox_exporter")
    samples = ("Failed samples, stated", "measured")
    return (
        f"## Uptime\n\n{_table((*head, *samples), rows)}\n"
        f"Outside the error: {'; '.join(outside) or 'none'}.\n"
        "blackbox_exporter reads no answer: with another model's, the endpoint is up for it.\n"
    )


def _standing(each: Played) -> Standing:
    budget = Budget(period=SliceCount(each.script.slices), allowance=SliceCount(0))
    return standing(budget, counts_of(each.letters, slice_seconds=SLICE_SECONDS))


def _edges(played: Sequence[Played]) -> str:
    above: Counter[tuple[int, int]] = Counter()
    errors = []
    for each in played:
        for outage, count in zip(each.script.outages, _counts(each), strict=True):
            bounds = stated(outage, each.letters)
            above[bounds.most - bounds.least, count - bounds.least] += 1
            if Verdict.UNKNOWN not in (each.letters[index] for index in outage.touched):
                errors.append(count - outage.slices)
    rows = [
        (f"{cut}", *(f"{above[cut, more]}" if more <= cut else "" for more in range(3)))
        for cut in range(3)
    ]
    head = ("Slices cut by an outage", "Of which bad: 0", "1", "2")
    return (
        f"## Edges\n\n{_table(head, rows)}\n"
        f"Counted less true, in slices, over the {len(errors)} outages without an unknown slice: "
        f"{mean(errors):+.2f} in the mean, from {min(errors):+.2f} to {max(errors):+.2f}.\n"
    )


def _counts(each: Played) -> list[int]:
    return [counted(outage, each.letters) for outage in each.script.outages]


def _said(bounds: Bounds) -> str:
    alike = bounds.least == bounds.most
    return f"{bounds.least}" if alike else f"{bounds.least} to {bounds.most}"


def _percent(share: float | None) -> str:
    return "none known" if share is None else f"{100 * share:.1f} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
