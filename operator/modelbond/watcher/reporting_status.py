"""What a watcher says of its reports at /v1/status: what it does, and what stands in its way."""

from dataclasses import dataclass
from typing import Any

from modelbond.settlement.units import Address
from modelbond.sla.text import hexed
from modelbond.watcher.board import Boards
from modelbond.watcher.evidence_keeping import EvidenceKeeping
from modelbond.watcher.exchange import Exchange
from modelbond.watcher.proving import Prover
from modelbond.watcher.record_keeper import RecordKeeper
from modelbond.watcher.reporting import Reporter

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """Puts the status together from whoever knows a part of it."""

    me: Address
    reporter: Reporter
    boards: Boards
    exchange: Exchange
    keeper: RecordKeeper
    keeping: EvidenceKeeping
    prover: Prover

    def __call__(self) -> dict[str, Any]:
        """Return the status as JSON holds it."""
        standing = self.reporter.standing
        return {
            "version": VERSION,
            "watcher": self.me,
            "chain": self.reporter.chain_trouble or "ok",
            "signing": self.keeper.sealed or "ok",
            "standing": standing
            and {
                "seq": standing.seq,
                "frame": standing.frame,
                "root": hexed(standing.root),
                "dataHash": hexed(standing.data_hash),
            },
            "frames": {str(frame): why for frame, why in self.reporter.waits.items()},
            "refusals": self._refusals(),
            "equivocations": self._equivocations(),
            "missing": [hexed(one) for one in self.keeping.missing],
            "peers": dict(self.exchange.states()),
            "dropped": {drop.value: number for drop, number in self.boards.dropped.items()},
        }

    def _refusals(self) -> list[dict[str, Any]]:
        return [
            {"frame": frame, "round": round_, "reason": reason}
            for frame in self.boards.frames
            for round_, reason in sorted(self.boards.refusals(frame).items())
        ]

    def _equivocations(self) -> list[dict[str, Any]]:
        """Return who is seen to have signed two reports of one round, and how far its proof is."""
        return [
            {
                "watcher": signer,
                "frame": frame,
                "round": one.report.round,
                "proof": self.prover.state(one),
            }
            for frame in self.boards.frames
            for signer, (one, _) in self.boards.equivocations(frame).items()
        ]
