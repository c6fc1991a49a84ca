"""`python -m bench.accuracy`: what `make bench-accuracy` calls."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

from bench.accuracy.page import page
from bench.accuracy.running import SLICE_SECONDS, Played, played
from bench.accuracy.scripts import Fault, Script, contradictions, drawn
from cluster.steps import say

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "accuracy.md"
SLICES = 140
SEED = 1


def main() -> int:
    """Measure, print the page and write it; 1 where a slice is what it cannot be."""
    parser = argparse.ArgumentParser(prog="bench.accuracy", description=__doc__)
    parser.add_argument("--slices", type=int, default=SLICES, help="no page is written of others")
    parser.add_argument("--seed", type=int, default=SEED, help="of the outages, likewise")
    chosen = parser.parse_args()
    say(f"bench-accuracy: {chosen.slices} slices of {SLICE_SECONDS} s")
    with tempfile.TemporaryDirectory() as folder:
        scripts = scripts_of(Random(chosen.seed), slices=chosen.slices)  # noqa: S311 - no secret
        seen = asyncio.run(played(scripts, folder=Path(folder)))
    text, verdict = page(seen, seed=chosen.seed), _verdict(seen)
    print(text)
    if verdict == 0 and (chosen.slices, chosen.seed) == (SLICES, SEED):
        PAGE.write_text(text)
    return verdict


def scripts_of(random: Random, *, slices: int) -> list[Script]:
    """Return what the endpoints do: outages on boundaries, at any moment, of every cause."""

    def script(title: str, fault: Fault, shortest: float, longest: float) -> Script:
        outages = drawn(random, slices=slices, shortest=shortest, longest=longest)
        return Script(title=title, slices=slices, fault=fault, outages=outages)

    whole = drawn(random, slices=slices, shortest=1, longest=4, whole=True)
    return [
        Script(title="never down", slices=slices),
        Script(title="whole slices", slices=slices, outages=whole),
        script("one to four slices", Fault.ERROR, 1, 4),
        script("less than a slice", Fault.ERROR, 0.1, 1),
        script("one to four slices", Fault.RESET, 1, 4),
        script("one to four slices", Fault.SLOW, 1, 4),
        script("one to four slices", Fault.OTHER_MODEL, 1, 4),
        script("half of the time", Fault.ERROR, slices / 2, slices / 2),
    ]


def _verdict(seen: Sequence[Played]) -> int:
    wrong = {
        each.script.name: found
        for each in seen
        if (found := contradictions(each.script, each.letters))
    }
    if wrong:
        say(f"bench-accuracy: slices that cannot be: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
