"""What of a tower a watcher builds on: its newest report for good, and who signs a frame."""

from dataclasses import dataclass

from modelbond.settlement.units import Digest, FrameIndex
from modelbond.sla.quorum import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The newest report that stands in a finalized block, or how the tower began; and vetoes.

    A frame up to `veto_mark` is reported in a round above `veto_round` only.
    """

    seq: int
    frame: FrameIndex
    root: Digest
    data_hash: Digest
    veto_mark: int = 0
    veto_round: int = 0

    def admits(self, frame: FrameIndex, round_: int) -> bool:
        """Tell whether vetoes leave this round of a frame open."""
        return frame > self.veto_mark or round_ > self.veto_round


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """A frame's table by place, and the places whose signatures do not count."""

    table: tuple[Signer, ...]
    barred: frozenset[int] = frozenset()
