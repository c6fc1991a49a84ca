"""A decision in words: short for a status that rarely changes, whole for a person who asks."""

from collections import Counter

from modelbond.placement.decide import Decision
from modelbond.placement.reasons import Verdict, Why

NAMED_HOSTS = 10
_GOOD = (Why.PLACED, Why.CHOSEN)
_NEARNESS = {why: place for place, why in enumerate(Why)}


def summary(decision: Decision) -> str:
    """Return counts for each reason and ten hosts by name, nearest to fitting first.

    No live numbers stand in it: the same situation always gives the same text.
    """
    refused = [each for each in decision.verdicts if each.why not in _GOOD]
    if not decision.verdicts:
        return "no HostCluster exists: `modelbond invite NAME` makes the first one"
    if not refused:
        return f"all {len(decision.verdicts)} hosts hold a placement already"
    counts = Counter(each.why for each in refused)
    by_reason = ", ".join(f"{counts[why]} {why}" for why in Why if why in counts)
    return f"{len(decision.verdicts)} hosts: {by_reason}. {_named(refused)}"


def _named(refused: list[Verdict]) -> str:
    nearest = sorted(refused, key=lambda each: (-_NEARNESS[each.why], each.host))
    shown = "; ".join(f"{each.host}: {each.why}" for each in nearest[:NAMED_HOSTS])
    more = len(nearest) - NAMED_HOSTS
    return f"{shown}; and {more} more" if more > 0 else shown


def table(decision: Decision) -> str:
    """Return one line for each host: name, reason, and the numbers behind it."""
    rows = [("HOST", "ANSWER", "WHY")]
    rows += [(each.host, each.why, each.detail) for each in decision.verdicts]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(
        f"{host:<{widths[0]}}  {why:<{widths[1]}}  {detail}".rstrip() for host, why, detail in rows
    )
