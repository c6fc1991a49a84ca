"""What `modelbond verify` does with one report: find its evidence, check it, say how it ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelbond.verify.asking import Named, NotChecked, Watcher
from modelbond.verify.chain import Chain
from modelbond.verify.hashes import NO_HASH
from modelbond.verify.report import Report, Say, check, check_follows, read
from modelbond.verify.text import Differs, compare

EQUAL, NOT_CHECKED, DIFFERS = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Evidence, with what is said of the report by who named it."""

    text: bytes = field(repr=False)
    data_hash: str | None = None
    root: str | None = None


Find = Callable[[Say], Found]
"""How to come by the evidence of one report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where evidence is looked for, and what it is compared with."""

    watchers: tuple[Watcher, ...] = ()
    chain: Chain | None = None
    known: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    previous: bytes | None = field(default=None, repr=False)

    def before(self, report: Report) -> bytes | None:
        """Return the evidence of the report before, where anybody has it."""
        wanted = report.evidence["previous"]["dataHash"]
        return self.previous or self.known.get(wanted) or self.served(wanted)

    def served(self, data_hash: str, *, say: Say | None = None) -> bytes | None:
        """Return the evidence of that hash from the first watcher that serves it."""
        found = None
        for watcher in self.watchers:
            try:
                text = watcher.evidence(data_hash)
                words = f"{watcher.url}: {'served' if text else 'not served'}"
            except NotChecked as failure:
                text, words = None, str(failure)
            found = found or text
            if say:
                say("evidence", words)
        return found


@dataclass(slots=True, kw_only=True)
class Outcome:
    """One report: what was checked, and how it ended."""

    name: str
    checked: list[dict[str, str]] = field(default_factory=list)
    report: Report | None = None
    failure: Differs | NotChecked | None = None

    @property
    def code(self) -> int:
        """Return the exit code."""
        if self.failure is None:
            return EQUAL
        return DIFFERS if isinstance(self.failure, Differs) else NOT_CHECKED

    @property
    def sentence(self) -> str:
        """Return `equal`, or the first difference, or what could not be had."""
        return ("equal", f"not checked: {self.failure}", f"differs: {self.failure}")[self.code]

    def values(self) -> dict[str, Any]:
        """Return it for machines."""
        values: dict[str, Any] = {"evidence": self.name, "equal": self.code == EQUAL}
        values |= {"outcome": self.sentence, "checked": self.checked}
        if self.report:
            values |= {"frame": self.report.evidence["frame"], "root": self.report.root}
            values |= {"dataHash": self.report.data_hash, "credits": self.report.credits()}
        if isinstance(self.failure, Differs):
            values["difference"] = {
                "path": self.failure.path,
                "found": self.failure.found,
                "expected": self.failure.expected,
            }
        return values


def examined(name: str, find: Find, sources: Sources, *, tell: Say) -> Outcome:
    """Find one report's evidence and check it, telling each step."""
    outcome = Outcome(name=name)

    def say(what: str, found: str) -> None:
        outcome.checked.append({"what": what, "found": found})
        tell(what, found)

    try:
        found = find(say)
        outcome.report = check(found.text, say=say, data_hash=found.data_hash)
        _check_around(outcome.report, found, sources, say)
    except (Differs, NotChecked) as failure:
        outcome.failure = failure
    return outcome


def of_frame(frame: int, sources: Sources) -> Find:
    """Return how to find a frame's report: the one on chain, else what the watchers name."""

    def find(say: Say) -> Found:
        data_hash, root = _named(frame, sources, say)
        text = sources.served(data_hash, say=say)
        if text is None:
            raise NotChecked(f"no watcher serves the evidence of frame {frame}, {data_hash}")
        return Found(text=text, data_hash=data_hash, root=root)

    return find


def _named(frame: int, sources: Sources, say: Say) -> tuple[str, str | None]:
    """Return the data hash of a frame's report, and its root as watchers name it."""
    if sources.chain:
        return sources.chain.data_hash(frame), None
    named: set[Named] = set()
    for watcher in sources.watchers:
        try:
            named |= _most_signed(watcher.signed(frame), say)
        except NotChecked as failure:
            say("reports", str(failure))
    if not named:
        raise NotChecked(f"no watcher names a report on frame {frame}")
    if len(named) > 1:
        several = f"{len(named)} reports are named on frame {frame}"
        raise NotChecked(f"{several}: --rpc tells which stands")
    return named.pop()


def _most_signed(signers: Mapping[Named, set[str]], say: Say) -> set[Named]:
    """Return the reports that most signed on one board: a round that failed leaves signatures too.

    Each board counts for itself. Nobody checked its signatures, so no number of names outvotes
    what another board shows.
    """
    if not signers:
        return set()
    most = max(map(len, signers.values()))
    found = {named for named, who in signers.items() if len(who) == most}
    if len(found) == 1 < len(signers):
        say("reports", f"{len(signers)} are named, the one that most signed is taken")
    return found


def _check_around(report: Report, found: Found, sources: Sources, say: Say) -> None:
    """Compare the report with what was said of it, with the one before, and with the chain."""
    if found.root:
        compare(report.root, found.root, path="root")
    before = sources.before(report)
    if before:
        check_follows(report, read(before), say=say)
    elif report.evidence["previous"]["dataHash"] == NO_HASH:
        say("previous", "none, it is the tower's first")
    else:
        say("previous", "not compared: its evidence is not here")
    if sources.chain:
        sources.chain.check(report, say=say)
