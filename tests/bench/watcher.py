"""`python -m bench.watcher`: what watching 10,000 targets each 30 s costs; printed, not asserted.

The server is a process of its own, and so is each of the two that ask it, one after the other: the
measuring loop with its ledger, and bare aiohttp, the reference of the ratios.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench import crowd
from bench.stopwatch import PACE_SECONDS, Phase, Plan
from bench.table import percentile
from bench.watching import asked_barely, watched
from modelbond.watcher.means import open_many_files

Run = Callable[[Plan], list[Phase]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.watcher", description=__doc__)
    parser.add_argument("--targets", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=90, help="once all are connected")
    arguments = parser.parse_args()
    open_many_files()
    count, seconds = arguments.targets, arguments.seconds
    print(f"{count} targets, each asked every {PACE_SECONDS} s, over TLS, {_machine()}")
    for title, run in (("the watcher", watched), ("bare aiohttp", asked_barely)):
        with crowd.serving() as (port, public_key):
            plan = Plan(count=count, seconds=seconds, port=port, public_key=public_key)
            _print(title, _alone(run, plan))


def _alone(run: Run, plan: Plan) -> list[Phase]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(run, plan).result()


_SEEN: dict[str, Phase] = {}


def _print(title: str, phases: list[Phase]) -> None:
    print(f"\n{title}: {phases[0].memory_mebibytes:.0f} MiB before the first target")
    for phase in phases[1:]:
        late, took = phase.tally.lateness, phase.tally.seconds
        print(
            f"  {phase.title}: {phase.probes} probes in {phase.wall_seconds:.0f} s,"
            f" {phase.probes / phase.wall_seconds:.0f}/s, load {phase.load:.1f}\n"
            f"    processor {phase.cpu_microseconds:.0f} us a probe,"
            f" {100 * phase.cpu_seconds / phase.wall_seconds:.0f} % of a core;"
            f" memory {phase.memory_mebibytes:.0f} MiB\n"
            f"    late by P50 {_ms(late, 50)}, P99 {_ms(late, 99)}, at most {_ms(late, 100)} ms;"
            f" answered in P50 {_ms(took, 50)}, P99 {_ms(took, 99)} ms\n"
            f"    {_counts(phase.tally.reasons)}; slices: {_counts(phase.tally.verdicts)}"
        )
        _compare(phase)


def _compare(phase: Phase) -> None:
    first = _SEEN.setdefault(phase.title, phase)
    if first is not phase:
        processor = first.cpu_microseconds / phase.cpu_microseconds
        memory = first.memory_mebibytes / phase.memory_mebibytes
        print(f"    the watcher to this: processor {processor:.2f}, memory {memory:.2f}")


def _ms(seconds: list[float], percent: float) -> str:
    return f"{1000 * percentile(seconds, percent):.1f}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]}"


if __name__ == "__main__":
    main()
