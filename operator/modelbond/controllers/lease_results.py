"""What final reports say of leases, from data that is checked against its hash and its root."""

import asyncio
from dataclasses import dataclass

from modelbond.errors import Refused
from modelbond.ports.leases import Evidence, Reports
from modelbond.ports.process import Clock
from modelbond.reconcile.home_lease_view import Reported
from modelbond.settlement.leaves import Leaf, lease_leaf
from modelbond.settlement.report import RING, FinalReport, Proof
from modelbond.settlement.tree import Tree
from modelbond.settlement.units import Digest, LeaseId
from modelbond.sla.evidence import Result
from modelbond.sla.evidence_text import evidence_of
from modelbond.sla.tally import tree_of
from modelbond.sla.text import hexed, text_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One final report with its data."""

    report: FinalReport
    result: Result
    tree: Tree

    def of(self, lease: LeaseId) -> Reported | None:
        """Return what it says of a lease, or None where it says nothing."""
        measured = self.result.leases.get(lease)
        if measured is None:
            return None
        return Reported(frame=self.report.ref.frame, root=self.report.root, measured=measured)

    def proof(self, lease: LeaseId) -> Proof:
        """Return the proof of what it says of a lease."""
        leaf = lease_leaf(lease, self.result.leases[lease].leaf)
        return Proof(report=self.report.ref, path=self.tree.proof(leaf))


class FinalResults:
    """The newest one, looked for now and then. `problem` says why there is no newer one."""

    def __init__(
        self, *, chain: Reports, evidence: Evidence, clock: Clock, look_seconds: float
    ) -> None:
        self._chain = chain
        self._evidence = evidence
        self._clock = clock
        self._look_seconds = look_seconds
        self._looked_at: float | None = None
        self._looking = asyncio.Lock()
        self._newest: Results | None = None
        self._former: Results | None = None
        self.problem = ""

    def root_of(self, lease: LeaseId, leaf: Leaf) -> Digest | None:
        """Return the root of the one that says this, of the newest and the one before."""
        for results in (self._newest, self._former):
            measured = results.result.leases.get(lease) if results else None
            if results is not None and measured is not None and measured.leaf == leaf:
                return results.report.root
        return None

    async def newest(self) -> Results | None:
        """Return the newest results that can be had."""
        async with self._looking:
            now = self._clock.monotonic()
            if self._looked_at is None or now - self._looked_at >= self._look_seconds:
                await self._look()
                self._looked_at = now
        return self._newest

    async def _look(self) -> None:
        report = await self._chain.newest_report()
        if report is None or (self._newest is not None and report == self._newest.report):
            self.problem = ""
            return
        self._forget(report)
        text = await self._evidence.fetch(report.data_hash)
        what = f"the data {hexed(report.data_hash)} of frame {report.ref.frame}"
        if text is None:
            self.problem = f"no watcher serves {what}"
            return
        try:
            found = await asyncio.to_thread(self._read, report, text)
            self._newest, self._former = found, self._newest
            self.problem = ""
        except Refused as refusal:
            self.problem = f"{what}: {refusal}"

    def _forget(self, newest: FinalReport) -> None:
        """Drop what the tower does not know any more: its proofs would only revert."""
        if self._newest and newest.ref.seq - self._newest.report.ref.seq >= RING:
            self._newest = self._former = None

    def _read(self, report: FinalReport, text: str) -> Results:
        if text_hash(text) != report.data_hash:
            raise Refused("it has another hash")
        result = evidence_of(text).result
        tree = tree_of(result, bond=self._chain.place.bond)
        if tree is None or tree.root != report.root:
            root = tree.root if tree else Digest(b"")
            raise Refused(f"its root is {hexed(root)}, on chain it is {hexed(report.root)}")
        return Results(report=report, result=result, tree=tree)
