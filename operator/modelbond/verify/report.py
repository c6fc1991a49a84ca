"""One report computed again from its evidence, and the report that it follows."""

from collections.abc import Callable, Sized
from dataclasses import dataclass, field

from modelbond.verify.hashes import NO_HASH, hex_hash, lease_id, leaves, root_of, signer_of
from modelbond.verify.tally import credit, period_of, tally
from modelbond.verify.text import EVIDENCE, VECTOR, Differs, Values, compare, parsed

RULES = "0xbb9e8d052216675cff0bf0580cec2768b7595099d413192ebe6f0eaa2db93b4a"
"""The hash of the rules that are applied here."""

Say = Callable[[str, str], None]
"""Takes what was checked and what came of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Evidence with what follows from it."""

    evidence: Values = field(repr=False)
    data_hash: str
    root: str

    @property
    def ends_at(self) -> int:
        """Return the end of its frame, in seconds since 1970."""
        return int((self.evidence["frame"] + 1) * self.evidence["frameSeconds"])

    def credits(self) -> dict[str, str]:
        """Return what each lease in breach has credited so far."""
        offers = {lease: facts["offer"] for lease, facts in self.evidence["leases"].items()}
        credited = {
            lease: credit(one["leaf"], offers[lease])
            for lease, one in self.evidence["result"]["leases"].items()
        }
        return {lease: str(amount) for lease, amount in credited.items() if amount}


def read(text: bytes) -> Report:
    """Return a report as its evidence has it, nothing recomputed; Differs where it has no form."""
    evidence = parsed(text.decode("ascii", "backslashreplace"), EVIDENCE, what="evidence")
    root = root_of(leaves(evidence["result"], bond=evidence["bond"]))
    return Report(evidence=evidence, data_hash=hex_hash(text), root=root)


def check(text: bytes, *, say: Say, data_hash: str | None = None) -> Report:
    """Compute everything again and return the report; Differs at the first difference."""
    if data_hash:
        compare(hex_hash(text), data_hash, path="data hash")
    report = read(text)
    evidence = report.evidence
    say("format", f"frame {evidence['frame']} of {evidence['tower']}, chain {evidence['chain']}")
    say("data hash", f"{report.data_hash}{': equal' if data_hash else ''}")
    compare(evidence["rules"], RULES, path="rules")
    if evidence["referenceBlock"]["time"] > report.ends_at:
        latest = f"at most {report.ends_at}"
        raise Differs("referenceBlock.time", evidence["referenceBlock"]["time"], latest)
    _check_leases(evidence)
    say("offers", f"{many(evidence['leases'], 'lease')}: equal, each id is its offer's")
    _check_carried(evidence)
    say("carried", f"{many(evidence['carried']['leases'], 'lease')}: equal, by the root before")
    vectors = _vectors(evidence)
    say("vectors", f"{len(vectors)} of {len(evidence['table'])} watchers: equal, signed by them")
    compare(evidence["result"], tally(evidence, vectors), path="result")
    _say_results(report, say)
    return report


def check_follows(report: Report, previous: Report, *, say: Say) -> None:
    """Compare what the report carries with the report before it."""
    own, before = report.evidence, previous.evidence
    compare(own["previous"]["dataHash"], previous.data_hash, path="previous.dataHash")
    compare(own["previous"]["root"], previous.root, path="previous.root")
    compare(own["carried"], before["result"], path="carried")
    for name in ("chain", "tower", "bond", "frameSeconds"):
        compare(own[name], before[name], path=name)
    if before["frame"] >= own["frame"]:
        raise Differs("frame", own["frame"], f"after {before['frame']}")
    say("previous", f"frame {before['frame']}: equal, carried is its result")


def many(things: Sized, name: str) -> str:
    """Return how many there are."""
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _check_leases(evidence: Values) -> None:
    for lease, facts in evidence["leases"].items():
        path = f"leases.{lease}"
        found = lease_id(facts["offer"], chain=evidence["chain"], bond=evidence["bond"])
        if found != lease:
            raise Differs(f"{path}.offer", found, lease, "is the offer of lease {}, not of {}")
        compare(facts["offer"]["tower"], evidence["tower"], path=f"{path}.offer.tower")
        _check_leaf(facts["settled"], path=f"{path}.settled")


def _check_carried(evidence: Values) -> None:
    carried, previous = evidence["carried"], evidence["previous"]
    for lease, one in carried["leases"].items():
        path = f"carried.leases.{lease}"
        _check_leaf(one["leaf"], path=f"{path}.leaf")
        if lease in evidence["leases"]:
            period = period_of(one["leaf"][0], evidence["leases"][lease])
            compare(one["period"], period, path=f"{path}.period")
    root = root_of(leaves(carried, bond=evidence["bond"]))
    compare(previous["root"], root, path="previous.root")
    if root == NO_HASH:
        compare(previous["dataHash"], NO_HASH, path="previous.dataHash")


def _check_leaf(leaf: list[int], *, path: str) -> None:
    if leaf != sorted(leaf, reverse=True):
        raise Differs(path, leaf, "through >= unearned >= breach")


def _vectors(evidence: Values) -> list[Values]:
    """Return the vectors, each of them its watcher's own."""
    signers = [member["signer"] for member in evidence["table"]]
    compare(signers, sorted(set(signers)), path="table")
    watchers = [entry["watcher"] for entry in evidence["vectors"]]
    order = [signer for signer in signers if signer in watchers]
    if watchers != order:
        raise Differs("vectors", watchers, order, "of {}, should be of the table's watchers {}")
    return [_vector(evidence, place) for place in range(len(watchers))]


def _vector(evidence: Values, place: int) -> Values:
    entry, path = evidence["vectors"][place], f"vectors[{place}]"
    of_frame = {name: evidence[name] for name in ("chain", "tower", "frame")}
    signer = signer_of(entry, **of_frame)
    if signer != entry["watcher"]:
        by = signer or "nobody"
        raise Differs(f"{path}.signature", by, entry["watcher"], "signed by {}, not by watcher {}")
    vector = parsed(entry["vector"], VECTOR, what=f"{path}.vector")
    for name, value in {**of_frame, "watcher": entry["watcher"]}.items():
        compare(vector[name], value, path=f"{path}.vector.{name}")
    return vector


def _say_results(report: Report, say: Say) -> None:
    evidence = report.evidence
    result, before = evidence["result"]["leases"], evidence["carried"]["leases"]
    slices = sum(
        one["leaf"][0] - (before[lease]["leaf"][0] if lease in before else 0)
        for lease, one in result.items()
    )
    say("tally", f"{many(result, 'lease')}, {slices} slices: equal")
    credited = report.credits()
    say("credits", f"{sum(map(int, credited.values()))} so far, by {many(credited, 'lease')}")
    awarded = evidence["result"]["awarded"]
    say("awards", f"{sum(map(int, awarded.values()))} so far, to {many(awarded, 'watcher')}: equal")
    say("root", report.root)
