"""One tower as its watcher sees it: what stands, who signs, blocks, leases, own signatures."""

from collections.abc import Callable, Mapping

from modelbond.adapters.chain.blocks import BlockViews
from modelbond.adapters.chain.lease_book import LeaseBook
from modelbond.adapters.chain.tower_views import Posted, Reports, Table, TowerViews
from modelbond.errors import ChainUnreachable, Reverted
from modelbond.settlement.report import NO_ROOT
from modelbond.settlement.units import Address, Digest, FrameIndex, LeaseId, Wei
from modelbond.sla.beyond import Held
from modelbond.sla.evidence import Block, Facts, facts_of
from modelbond.sla.leases import OpenLease
from modelbond.sla.quorum import Signer
from modelbond.sla.standing import Signers, Standing

_KEPT_BLOCKS = 32
_KEPT_REPORTS = 128


class ReportingViews:
    """What a report is made of, for one watcher. What is final is read once."""

    def __init__(  # noqa: PLR0913 - the parts that it is put together from
        self,
        *,
        tower: TowerViews,
        blocks: BlockViews,
        make_book: Callable[[], LeaseBook],
        address: Address,
        watcher: Address,
        since: int,
    ) -> None:
        self._tower = tower
        self._blocks = blocks
        self._history = _History(make_book)
        self._address = address
        self._watcher = watcher
        self._reports = Reports(next_block=since)
        self._own: dict[Posted, bool] = {}

    async def standing(self) -> Standing:
        """Return the newest report that stands in a finalized block, or how the tower began."""
        self._reports = await self._tower.reports(self._reports)
        head = await self._tower.head()
        newest = self._reports.standing[-1] if self._reports.standing else None
        if head.seq != (newest.ref.seq if newest else 0):
            raise ChainUnreachable("the tower's reports and its head are of different blocks")
        return Standing(
            seq=head.seq,
            frame=head.frame,
            root=newest.root if newest else NO_ROOT,
            data_hash=newest.data_hash if newest else NO_ROOT,
            veto_mark=head.veto_mark,
            veto_round=head.veto_round,
        )

    async def newest_frame(self) -> FrameIndex:
        """Return the frame of the newest report at the head of the chain, final or not."""
        return (await self._tower.head(at="latest")).frame

    async def signers(self, frame: FrameIndex) -> Signers | None:
        """Return who signs a frame and which places are barred; None while none is known."""
        table = await self._table(frame)
        if table is None:
            return None
        members = tuple(Signer(signer=one.signer, weight=one.weight) for one in table.members)
        return Signers(table=members, barred=table.barred)

    async def block_until(self, time: int) -> Block | None:
        """Return the last block not after that time; None while no later one is final."""
        return await self._blocks.last_until(time)

    async def leases(self, block: int) -> Mapping[LeaseId, Facts]:
        """Return this tower's leases that are open at a finalized block."""
        return {
            lease: facts_of(one)
            for lease, one in (await self._history.at(block)).items()
            if one.offer.tower == self._address
        }

    async def open_leases(self) -> Mapping[LeaseId, OpenLease]:
        """Return all leases, of whatever tower, that are open where the chain is final."""
        return await self._history.newest()

    async def signed_by_this_key(self) -> list[Held]:
        """Return the reports on chain that bear this watcher's signature, vetoed ones as well."""
        return [
            Held(
                frame=one.ref.frame,
                round=one.ref.round,
                root=one.root,
                data_hash=one.data_hash,
                where="the chain",
            )
            for one in self._reports.posted
            if await self._signed(one)
        ]

    async def signed_hashes(self) -> list[Digest]:
        """Return the data hashes of the standing reports that this watcher signed."""
        recent = set(self._reports.posted)
        standing = (one for one in self._reports.standing if one in recent)
        return [one.data_hash for one in standing if await self._signed(one)]

    async def stake_of(self, signer: Address) -> Wei:
        """Return what is at stake for a signer."""
        seat = await self._tower.seat(signer)
        return seat.stake if seat else Wei(0)

    async def _signed(self, posted: Posted) -> bool:
        if posted not in self._own:
            table = await self._table(posted.ref.frame)
            signers = [one.signer for one in table.members] if table else []
            place = signers.index(self._watcher) if self._watcher in signers else None
            self._own[posted] = place is not None and posted.signed_at(place)
            while len(self._own) > _KEPT_REPORTS:
                del self._own[next(iter(self._own))]
        return self._own[posted]

    async def _table(self, frame: FrameIndex) -> Table | None:
        try:
            return await self._tower.signers(frame)
        except Reverted:
            return None


class _History:
    """Leases at blocks, in any order: a book reads forwards only, so going back needs a new one."""

    def __init__(self, make_book: Callable[[], LeaseBook]) -> None:
        self._make_book = make_book
        self._book, self._at = make_book(), 0
        self._known: dict[int, Mapping[LeaseId, OpenLease]] = {}

    async def at(self, block: int) -> Mapping[LeaseId, OpenLease]:
        if block not in self._known:
            if block < self._at:
                self._book = self._make_book()
            self._known[block] = await self._book.at(block)
            self._at = block
            while len(self._known) > _KEPT_BLOCKS:
                del self._known[next(iter(self._known))]
        return self._known[block]

    async def newest(self) -> Mapping[LeaseId, OpenLease]:
        return await self._book.newest()
