"""The tally of a frame, as docs/reference/evidence.md states its rules."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from modelbond.verify.text import Values

_KNOWN = "gb"
_UNKNOWN_EARNED_PERCENT = 5


@dataclass(slots=True, kw_only=True)
class Count:
    """What is counted of a lease, in slices since its first; `idle` is unearned, not in breach."""

    earned: int
    idle: int
    breach: int
    bad: int
    unknown: int

    @property
    def through(self) -> int:
        """Return how many slices are counted."""
        return self.earned + self.idle + self.breach

    def add(self, verdict: str, offer: Values) -> None:
        """Count the next slice."""
        if self.through % offer["period"] == 0:
            self.bad = self.unknown = 0
        self.bad += verdict == "b"
        self.unknown += verdict == "u"
        covered = 100 * self.unknown <= _UNKNOWN_EARNED_PERCENT * offer["period"]
        if verdict == "g" or (verdict == "u" and covered):
            self.earned += 1
        elif verdict == "b" and self.bad > offer["allowance"]:
            self.breach += 1
        else:
            self.idle += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The slices of one lease that end in the frame, each watcher's letters and its weight."""

    slices: range
    letters: dict[str, str]
    weights: dict[str, int]

    def verdict(self, number: int) -> str:
        """Return what the quorum says of a slice."""
        votes: Counter[str] = Counter()
        if number in self.slices:
            for watcher, letters in self.letters.items():
                votes[letters[number - self.slices.start]] += self.weights[watcher]
        bad, good = votes["b"], votes["g"]
        known, total = bad + good, sum(self.weights.values())
        if 3 * known < 2 * total or known == 0:
            return "u"
        return "b" if 3 * bad >= 2 * known else "g" if 3 * good >= 2 * known else "u"

    def known(self, first: int, end: int) -> Counter[str]:
        """Return how many slices between the two each watcher knew."""
        start = self.slices.start
        mine = slice(max(first - start, 0), max(end - start, 0))
        seen = {watcher: letters[mine] for watcher, letters in self.letters.items()}
        return Counter({watcher: sum(map(said.count, _KNOWN)) for watcher, said in seen.items()})


def tally(evidence: Values, vectors: Sequence[Values]) -> Values:
    """Return the `result` that follows from the evidence's inputs and its vectors, read."""
    awarded = Counter({who: int(sum_) for who, sum_ in evidence["carried"]["awarded"].items()})
    leases = {}
    for lease, facts in sorted(evidence["leases"].items()):
        seen = _seen(evidence, vectors, lease)
        count = begun(facts, evidence["carried"]["leases"].get(lease))
        earned_before = count.earned
        _count(count, facts, seen, ends_at=(evidence["frame"] + 1) * evidence["frameSeconds"])
        fees = (count.earned - earned_before) * int(facts["offer"]["fee"])
        known = seen.known(facts["first"], facts["end"])
        for watcher, slices in known.items():
            awarded[watcher] += fees * slices // max(known.total(), 1)
        leases[lease] = {
            "leaf": [count.through, count.idle + count.breach, count.breach],
            "period": period_of(count.through, facts),
            "bad": count.bad,
            "unknown": count.unknown,
        }
    return {"leases": leases, "awarded": {who: str(sum_) for who, sum_ in awarded.items() if sum_}}


def begun(facts: Values, carried: Values | None) -> Count:
    """Return where the counting of this frame begins."""
    settled, before = _parts(facts["settled"]), _parts(carried["leaf"] if carried else [0, 0, 0])
    earned, idle, breach = map(max, settled, before)
    count = Count(earned=earned, idle=idle, breach=breach, bad=0, unknown=0)
    if carried and count.through == carried["leaf"][0]:
        count.bad, count.unknown = carried["bad"], carried["unknown"]
    return count


def period_of(through: int, facts: Values) -> int:
    """Return the number of the period in which the last counted slice lies."""
    return max(through - 1, 0) // int(facts["offer"]["period"])


def credit(leaf: Sequence[int], offer: Values) -> int:
    """Return what a leaf credits to the customer."""
    return min(int(offer["cover"]), leaf[2] * int(offer["creditPerSlice"]))


def _count(count: Count, facts: Values, seen: Seen, *, ends_at: int) -> None:
    offer, first = facts["offer"], facts["first"]
    end = min(ends_at // offer["slice"], facts["end"])
    announced = [range(start, start + slices) for start, slices in facts["announced"]]
    while first + count.through < end:
        if count.breach * int(offer["creditPerSlice"]) >= int(offer["cover"]):
            return
        number = first + count.through
        excluded = count.through < offer["grace"] or any(number in part for part in announced)
        count.add("x" if excluded else seen.verdict(number), offer)


def _seen(evidence: Values, vectors: Sequence[Values], lease: str) -> Seen:
    offer = evidence["leases"][lease]["offer"]
    start, stop = (
        (evidence["frame"] + one) * evidence["frameSeconds"] // offer["slice"] for one in (0, 1)
    )
    by_watcher = {one["watcher"]: one["leases"].get(lease, "") for one in vectors}
    counts = offer["rules"] == evidence["rules"]
    letters = {
        who: said for who, said in by_watcher.items() if counts and len(said) == stop - start
    }
    weights = {one["signer"]: one["weight"] for one in evidence["table"]}
    return Seen(slices=range(start, stop), letters=letters, weights=weights)


def _parts(leaf: Sequence[int]) -> tuple[int, int, int]:
    through, unearned, breach = leaf
    return through - unearned, unearned - breach, breach
