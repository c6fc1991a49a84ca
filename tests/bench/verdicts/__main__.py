"""`python -m bench.verdicts`: what `make bench-verdicts` calls."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.verdicts import subjects, variants
from bench.verdicts.measure import Apart, apart, drawn
from bench.verdicts.page import Measured, page
from bench.verdicts.running import served
from bench.verdicts.subjects import Subject
from cluster.steps import say

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cheats.md"
SIZES = (60, 16, 64)
# Far from the samples with which rule and kinds of questions were chosen.
SEED = 1000
MODELS: dict[str, Callable[[], Subject]] = {
    "magika": subjects.magika,
    "embedding": subjects.embedding,
}


def main() -> int:
    """Measure, print the page, and write it where everything was measured; 1 on a false answer."""
    parser = argparse.ArgumentParser(prog="bench.verdicts", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="of the first question")
    parser.add_argument("--only", choices=MODELS, help="one model; then no page is written")
    chosen = parser.parse_args()
    names = [chosen.only] if chosen.only else list(MODELS)
    found = [measured(MODELS[name](), seed=chosen.seed) for name in names]
    text = page(found, seed=chosen.seed)
    print(text)
    if len(found) == len(MODELS):
        PAGE.write_text(text)
    return _verdict(found)


def measured(subject: Subject, *, seed: int) -> Measured:
    """Return what honest hosts and cheats answer to the three sets of questions."""
    true = served(subject.model)
    sets = drawn(subject, true, SIZES, seed=seed)
    honest = variants.honest(subject, others=[each.asked for each in sets.calibration])
    cheats = variants.cheats(subject, agreed=[each.asked for each in sets.agreed])

    def each(served_by: Sequence[variants.Variant], *, calibrates: bool) -> list[Apart]:
        found = []
        for variant in served_by:
            began = time.monotonic()
            found.append(apart(variant, sets, calibrates=calibrates))
            say(f"{subject.name}: {variant.name}: {time.monotonic() - began:.0f} s")
        return found

    return Measured(
        subject=subject,
        sets=sets,
        honest=each(honest, calibrates=True),
        cheats=each(cheats, calibrates=False),
    )


def _verdict(found: Sequence[Measured]) -> int:
    accused = [each.subject.name for each in found if each.false_answers()[0]]
    if accused:
        say(f"bench-verdicts: honest hosts disagree: {', '.join(accused)}")
    return 1 if accused else 0


if __name__ == "__main__":
    sys.exit(main())
