"""The rules of the tally, under one hash: an offer names the rules by which it is counted."""

from modelbond.sla.text import canonical, text_hash
from modelbond.sla.verdict import PROBES_FOR_BAD

UNKNOWN_EARNED_PERCENT = 5
"""Unknown slices are earned up to this part of a period, rounded down."""

RULES_TEXT = canonical(
    {
        "version": 1,
        "evidence": 1,
        "quorum": "two thirds of all weight, rounded up",
        "bad": "3 x bad >= 2 x known",
        "unknownEarnedPercent": UNKNOWN_EARNED_PERCENT,
        "probesForBad": PROBES_FOR_BAD,
    }
)
RULES = text_hash(RULES_TEXT)
