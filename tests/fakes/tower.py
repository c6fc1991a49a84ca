"""A WatchTower in Python: what is posted is checked as the contract checks it, and final later."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fakes.clocks import ManualClock
from fakes.frames import TOWER
from modelbond.adapters.chain.signatures import signer_of
from modelbond.errors import ChainUnreachable, Reverted
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import NO_ROOT, Report, tower_domain
from modelbond.settlement.units import Address, Digest, FrameIndex, LeaseId, Wei
from modelbond.sla.beyond import Held, held
from modelbond.sla.evidence import Block, Facts
from modelbond.sla.frames import MAX_LAG_FRAMES
from modelbond.sla.quorum import Signer, quorum_of
from modelbond.sla.standing import Signers, Standing

CHAIN_ID = 31337


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A posted report, when, and which places signed it."""

    report: Report
    at: float
    places: frozenset[int]


@dataclass(slots=True, kw_only=True)
class FakeTower:
    """One tower. Everything is final `finality` seconds after it happened; `down` answers nobody.

    A block is made every second, so a block's number is its time.
    """

    clock: ManualClock
    table: tuple[Signer, ...]
    frame_seconds: int
    born: int
    finality: float = 3.0
    down: bool = False
    open_leases: dict[LeaseId, Facts] = field(default_factory=dict)
    barred: frozenset[int] = frozenset()
    posted: list[Entry] = field(default_factory=list)
    gone: list[Entry] = field(default_factory=list)
    veto_mark: int = 0
    veto_round: int = 0
    refused: list[str] = field(default_factory=list)
    slashed: dict[Address, float] = field(default_factory=dict)

    def seen_by(self, watcher: Address) -> "View":
        return View(tower=self, watcher=watcher)

    def block(self, time: int) -> Block:
        return Block(number=time, time=time, hash=keccak(b"%d" % time))

    def veto(self) -> None:
        """Drop the newest report."""
        entry = self.posted.pop()
        self.gone.append(entry)
        self.veto_mark = max(self.veto_mark, entry.report.frame)
        self.veto_round = max(self.veto_round, entry.report.round)

    def reorg(self) -> None:
        """Let the newest report never have been posted."""
        self.posted.pop()

    @property
    def newest(self) -> FrameIndex:
        return self.posted[-1].report.frame if self.posted else FrameIndex(self.born - 1)

    @property
    def root(self) -> Digest:
        return self.posted[-1].report.root if self.posted else NO_ROOT

    def take(self, report: Report, signatures: Mapping[int, bytes]) -> None:
        """Post, or refuse as the contract does."""
        why = self._refusal(report, signatures)
        if why:
            self.refused.append(why)
            raise Reverted(why)
        places = frozenset(signatures)
        self.posted.append(Entry(report=report, at=self.clock.time, places=places))

    def slash(self, one: Report, other: Report, *signatures: bytes) -> None:
        """Slash who signed both, or refuse as the contract does."""
        domain = tower_domain(chain_id=CHAIN_ID, contract=TOWER)
        digests = one.digest(domain), other.digest(domain)
        signers = {signer_of(*each) for each in zip(digests, signatures, strict=True)}
        (signer,) = signers
        if signer is None or not one.equivocates(other) or signer in self.slashed:
            self.refused.append("proof")
            raise Reverted("WatchTowerSignerNotSlashable")
        self.slashed[signer] = self.clock.time

    def _refusal(self, report: Report, signatures: Mapping[int, bytes]) -> str:
        current = int(self.clock.time) // self.frame_seconds
        if not self.newest < report.frame < current <= report.frame + MAX_LAG_FRAMES:
            return "frame"
        if report.previous_root != self.root:
            return "root"
        if report.frame <= self.veto_mark and report.round <= self.veto_round:
            return "round vetoed"
        digest = report.digest(tower_domain(chain_id=CHAIN_ID, contract=TOWER))
        for place, signature in signatures.items():
            if signer_of(digest, signature) != self.table[place].signer or place in self.barred:
                return "signature"
        weight = sum(self.table[place].weight for place in signatures)
        return "" if weight >= quorum_of(self.table) else "quorum"


@dataclass(slots=True, kw_only=True)
class View:
    """The tower as one watcher sees and pays it: a TowerPort and a PostPort."""

    tower: FakeTower
    watcher: Address
    cut_off: bool = False
    cannot_pay: bool = False

    async def standing(self) -> Standing:
        self._ask()
        final = [one for one in self.tower.posted if self._is_final(one.at)]
        newest = final[-1].report if final else None
        return Standing(
            seq=len(final),
            frame=newest.frame if newest else FrameIndex(self.tower.born - 1),
            root=newest.root if newest else NO_ROOT,
            data_hash=newest.data_hash if newest else NO_ROOT,
            veto_mark=self.tower.veto_mark,
            veto_round=self.tower.veto_round,
        )

    async def newest_frame(self) -> FrameIndex:
        self._ask()
        return self.tower.newest

    async def signers(self, frame: FrameIndex) -> Signers | None:  # noqa: ARG002 - one table
        self._ask()
        return Signers(table=self.tower.table, barred=self.tower.barred)

    async def block_until(self, time: int) -> Block | None:
        self._ask()
        if not self._is_final(time + 1):
            return None
        return self.tower.block(time)

    async def leases(self, block: int) -> Mapping[LeaseId, Facts]:  # noqa: ARG002 - they stay
        self._ask()
        return dict(self.tower.open_leases)

    async def signed_by_this_key(self) -> list[Held]:
        self._ask()
        return [
            held(one.report, where="the chain")
            for one in [*self.tower.posted, *self.tower.gone]
            if self._place in one.places
        ]

    async def signed_hashes(self) -> list[Digest]:
        self._ask()
        return [one.report.data_hash for one in self.tower.posted if self._place in one.places]

    async def stake_of(self, signer: Address) -> Wei:
        self._ask()
        slashed_at = self.tower.slashed.get(signer)
        return Wei(0 if slashed_at is not None and self._is_final(slashed_at) else 1)

    async def prove_equivocation(
        self, one: Report, other: Report, *, signature: bytes, other_signature: bytes
    ) -> None:
        self._ask()
        self.tower.slash(one, other, signature, other_signature)

    async def post(self, report: Report, signatures: Mapping[int, bytes]) -> None:
        self._ask()
        if self.cannot_pay:
            raise ChainUnreachable("no coins")
        self.tower.take(report, signatures)

    @property
    def _place(self) -> int:
        return [one.signer for one in self.tower.table].index(self.watcher)

    def _is_final(self, at: float) -> bool:
        return at + self.tower.finality <= self.tower.clock.time

    def _ask(self) -> None:
        if self.tower.down or self.cut_off:
            raise ChainUnreachable("the chain is down")
