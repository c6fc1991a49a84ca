"""What is held of final reports while newer ones cannot be had."""

from dataclasses import replace

import pytest

from fakes.lease_chain import FakeEvidence, FakeLeaseChain
from fakes.leased import evidence_of_lease, measured
from fakes.ports import FakeClock
from modelbond.controllers.lease_results import FinalResults
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import RING, FinalReport, ReportRef
from modelbond.settlement.units import FrameIndex, LeaseId
from modelbond.sla.tally import tree_of

LEASE = LeaseId(bytes(31) + b"\1")
LOOK_SECONDS = 10


class Held:
    """One report whose data was had, and a chain that goes on."""

    def __init__(self) -> None:
        self.clock, self.evidence = FakeClock(), FakeEvidence()
        data = evidence_of_lease(LEASE, measured(60))
        tree = tree_of(data.result, bond=FakeLeaseChain(now=0).place.bond)
        assert tree is not None
        ref = ReportRef(seq=1, frame=FrameIndex(1), round=1, posted_at=1)
        report = FinalReport(ref=ref, root=tree.root, data_hash=data.hash, through=3600)
        self.chain = FakeLeaseChain(now=0, report=report)
        self.evidence.texts[data.hash] = data.text
        self.results = FinalResults(
            chain=self.chain, evidence=self.evidence, clock=self.clock, look_seconds=LOOK_SECONDS
        )

    def posts(self, seq: int) -> None:
        """Let a report be final whose data nobody serves."""
        assert self.chain.report is not None
        ref = replace(self.chain.report.ref, seq=seq)
        self.chain.report = replace(self.chain.report, ref=ref, data_hash=keccak(b"nobody has it"))
        self.clock.pass_by(LOOK_SECONDS)


@pytest.fixture
def held() -> Held:
    return Held()


async def test_an_older_report_serves_while_the_tower_remembers_it(held: Held) -> None:
    assert await held.results.newest() is not None
    held.posts(RING)
    assert await held.results.newest() is not None
    assert "no watcher serves" in held.results.problem


async def test_what_the_tower_has_forgotten_proves_nothing_and_is_dropped(held: Held) -> None:
    assert await held.results.newest() is not None
    held.posts(RING + 1)
    assert await held.results.newest() is None
    assert "no watcher serves" in held.results.problem
