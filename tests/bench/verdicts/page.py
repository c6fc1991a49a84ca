"""The page of figures, all of which were just measured."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from bench.verdicts.measure import (
    MARGIN,
    RULES,
    TOP,
    Apart,
    Sets,
    charged,
    failing,
    found_after,
    largest_need,
    tolerance,
)
from bench.verdicts.minilm import LAYERS
from bench.verdicts.subjects import Subject
from bench.verdicts.variants import SEEDS
from images.magika_samples import SURE
from modelbond.sla.canary import Rule

SLICES = (1, 10, 100)
PACKAGES = ("onnxruntime", "onnx", "numpy", "magika")
RULE = Rule.COSINE

HEAD = """\
# Cheats: what canaries find

Written by `make bench-verdicts`; every figure is what that run measured. What canaries are, and
how to choose rule and tolerance for a model of your own: [canaries.md](canaries.md).

A host promised one model and serves another, or none. A watcher asks its endpoint two canaries in
each slice, drawn at random, and the slice is bad when both answers disagree. The tables say how
likely it is that at least one of its slices was bad after 1, 10 and 100 of them. The canaries are
the **agreed** ones, which the host knows, or **hidden** ones, which it does not. Only agreed ones
make a slice bad; hidden ones unroute and alert. *Charged* is the share of slices that are bad by
the agreed set for a quorum of three watchers, each of which draws for itself.

## What the agreed set cannot see

**A host that keeps the answers to the agreed canaries, and serves anything else to everybody else,
is never found by them**, however many slices pass: see the rows *canned answers*. Hidden canaries
find it. And no canary sees a change that is smaller than what sets honest hosts apart.

## How the tolerance was chosen

Honest hosts answered {calibration} questions that stand in neither set. The tolerance is {margin}
times the largest that any of them would have needed, at least {margin} ppm, rounded up to 1, 2 or 5
times a power of ten. It was then held against the agreed and the hidden set, where the false rate
must be 0: the command fails otherwise. All this is the arithmetic of one processor. Where hosts use
GPUs, measure theirs.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything that the run found out about one model."""

    subject: Subject
    sets: Sets
    honest: Sequence[Apart]
    cheats: Sequence[Apart]

    @property
    def ppm(self) -> int:
        """Return the tolerance under the rule that slices are judged by."""
        return tolerance(RULE, self.honest)

    def false_answers(self) -> tuple[int, int]:
        """Return how many answers of honest hosts disagree, and of how many, in both sets."""
        needs = [each for variant in self.honest for each in (*variant.agreed, *variant.hidden)]
        return failing(RULE, needs, ppm=self.ppm)


def page(measured: Sequence[Measured], *, seed: int) -> str:
    """Return the page as Markdown."""
    calibration = len(measured[0].sets.calibration)
    parts = [HEAD.format(calibration=calibration, margin=MARGIN)]
    parts += [_model(each) for each in measured]
    parts.append(_circumstances(seed))
    return "\n".join(parts)


def _model(found: Measured) -> str:
    wrong, of = found.false_answers()
    sets, ppm = found.sets, found.ppm
    questions = len(sets.agreed) + len(sets.hidden)
    return f"""\
## {found.subject.name}

{found.subject.about}
{len(sets.agreed)} agreed and {len(sets.hidden)} hidden canaries, rule `{RULE.value}`, {ppm:,} ppm.

Honest hosts: **{wrong} of {of:,} answers disagree**, to {questions} different questions.
{_bound(wrong, questions)}

{_honest_table(found)}
Cheats:

{_cheat_table(found)}
{_unseen(found)}
Single answers to the agreed set, and the share that disagrees under this rule and under others. A
rule under which an honest host disagrees is no rule for this model.

{_rules_table(found)}"""


def _honest_table(found: Measured) -> str:
    rows = [
        (
            variant.name,
            *(
                f"{largest_need(RULE, needs)} ppm"
                for needs in (variant.calibration, variant.agreed, variant.hidden)
            ),
            *(
                _percent(found_after(SLICES[-1], RULE, needs, ppm=found.ppm))
                for needs in (variant.agreed, variant.hidden)
            ),
        )
        for variant in found.honest
    ]
    head = (
        *("Host", "Needs at most, calibration", "agreed", "hidden"),
        *("Bad in 100 slices, agreed", "hidden"),
    )
    return _table(head, rows)


def _cheat_table(found: Measured) -> str:
    rows = [
        (
            variant.name,
            *(
                _percent(found_after(slices, RULE, needs, ppm=found.ppm))
                for needs in (variant.agreed, variant.hidden)
                for slices in SLICES
            ),
            _percent(charged(RULE, variant.agreed, ppm=found.ppm)),
        )
        for variant in found.cheats
    ]
    counts = [f"{slices} slice{'s' * (slices > 1)}" for slices in SLICES]
    titles = [f"{kind}, {count}" for kind in ("agreed", "hidden") for count in counts]
    return _table(("Host", *titles, "charged"), rows)


def _rules_table(found: Measured) -> str:
    ppms = {rule: tolerance(rule, found.honest) for rule in RULES}
    titles = {
        Rule.COSINE: f"cosine, {ppms[Rule.COSINE]:,} ppm",
        Rule.CLOSE: f"close, {ppms[Rule.CLOSE]:,} ppm",
        Rule.ARGMAX: "argmax",
        Rule.TOP_K: f"topK, {TOP}",
    }
    rows = []
    for variant in (*found.honest, *found.cheats):
        counts = (failing(rule, variant.agreed, ppm=ppms[rule]) for rule in RULES)
        rows.append((variant.name, *(_percent(wrong / of) for wrong, of in counts)))
    return _table(("Host", *(titles[rule] for rule in RULES)), rows)


def _unseen(found: Measured) -> str:
    last = SLICES[-1]
    missed = {
        kind: [
            variant.name
            for variant in found.cheats
            if found_after(last, RULE, getattr(variant, kind), ppm=found.ppm) < 1 / 2
        ]
        for kind in ("agreed", "hidden")
    }
    return "".join(
        f"- More likely missed than found by the {kind} set in {last} slices: "
        f"{'; '.join(names) or 'none'}.\n"
        for kind, names in missed.items()
    )


def _circumstances(seed: int) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"""\
## Circumstances

- Python {platform.python_version()}, {packages};
  {platform.machine()}, the processor alone.
- Questions from seed {seed} on, in the order calibration, agreed, hidden. Of magika's only those
  whose best score is below {SURE}: a surer softmax hides small changes.
- Drawn weights and garbage: seeds 1 to {SEEDS}, of which the tables hold the mean.
- INT8 is onnxruntime's dynamic quantization. FP16 is onnxruntime's conversion with FP32 inputs and
  outputs, of which a processor computes much in FP32; or it is matrices and convolutions that take
  and give FP16 and sum in FP32, in the ONNX reference.
- *Off by 1 %* multiplies each weight by 1 + 0.01 N(0, 1). The last layer before magika's head is a
  layer normalisation; the embedding model without its last has {LAYERS - 1} of {LAYERS}.
- Chances follow from how many canaries of a set disagree: with w of n wrong, a slice is bad for a
  watcher with p = (w / n)², and for the quorum with 3p²(1 - p) + p³. Answers are compared by a
  watcher's own code (`modelbond.sla.canary`).
"""


def _bound(wrong: int, questions: int) -> str:
    """Return what no false answer to so many questions proves, by the rule of three."""
    if wrong:
        return "**The tolerance is too small for this model.**"
    share = f"{300 / questions:.1f} %"
    return (
        f"With 95 % confidence they disagree over fewer than {share} of such questions. "
        "The agreed\nones a host answers itself before it signs."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _percent(share: float) -> str:
    percent = 100 * share
    if 0 < percent < 1:
        return "< 1 %"
    return "> 99 %" if 99 < percent < 100 else f"{percent:.0f} %"
