"""Watchers on a real chain: a tower with short frames, a lease, and time that a test lets pass.

The chain's clock is the watchers': a block is made each second of it, and is final five later.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from anvil.market import BEGIN, GUARDIAN, Market, deployed
from anvil.node import CHAIN_ID, running
from anvil.people import key_of
from anvil.writers import LIMITS, POLICY, QUICKLY
from fakes.clocks import ManualClock
from fakes.watchers import FRAME_SECONDS, SLICE_SECONDS, Company, Seen, Watcher
from modelbond.adapters.chain.chain import Chain
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.reporting import ReportingViews
from modelbond.adapters.chain.rpc import Rpc, RpcAddress
from modelbond.adapters.chain.tower import TowerActions
from modelbond.adapters.chain.tower_views import Posted, Reports
from modelbond.errors import OutOfFunds
from modelbond.runtime.clock import SystemClock
from modelbond.settlement.offer import Offer
from modelbond.settlement.report import NO_ROOT, Report, ReportRef
from modelbond.settlement.units import Address, FrameIndex, LeaseId, SliceCount, address
from modelbond.sla.rules import RULES
from modelbond.watcher.grounds import Realm

WINDOW_SECONDS = 2 * FRAME_SECONDS
FRAME = FrameIndex(BEGIN // FRAME_SECONDS + 2)
"""The first frame of which there is something to report."""

_TURN_SECONDS = 0.01
_LOOK_SECONDS = 40


@dataclass(slots=True, kw_only=True)
class Pays:
    """A PostPort with a paying key of its own, whose ledger it holds from the first post on."""

    chain: Chain
    key: Key
    folder: Path
    cannot_pay: bool = False
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    tower: TowerActions | None = None

    async def post(self, report: Report, signatures: Mapping[int, bytes]) -> None:
        await (await self._tower()).post(report, signatures)

    async def prove_equivocation(
        self, one: Report, other: Report, *, signature: bytes, other_signature: bytes
    ) -> None:
        await (await self._tower()).prove_equivocation(
            one, other, signature=signature, other_signature=other_signature
        )

    async def _tower(self) -> TowerActions:
        if self.cannot_pay:
            raise OutOfFunds("the test lets it have no coins")
        if self.tower is None:
            acting = self.chain.acting(
                self.key, ledgers=self.folder, policy=POLICY, poll_seconds=QUICKLY
            )
            self.tower = (await self.stack.enter_async_context(acting)).tower
        return self.tower


@dataclass(slots=True, kw_only=True)
class Elsewhere:
    """A watcher in another process, which says up to which moment it has looked."""

    process: asyncio.subprocess.Process
    looked_file: Path

    @property
    def is_gone(self) -> bool:
        return self.process.returncode is not None

    async def looks(self, time: float) -> None:
        """Wait until it looked at that moment, or is dead."""
        async with asyncio.timeout(_LOOK_SECONDS):
            while not self.is_gone and self._looked < time:  # noqa: ASYNC110 - files have no event
                await asyncio.sleep(_TURN_SECONDS)

    @property
    def _looked(self) -> float:
        text = self.looked_file.read_text() if self.looked_file.exists() else ""
        return float(text) if text.endswith("\n") else 0.0


@dataclass(slots=True, kw_only=True)
class Stage(Company):
    """The company on the market's chain."""

    market: Market
    offer: Offer
    clock_file: Path
    born: ReportRef
    elsewhere: list[Elsewhere] = field(default_factory=list)

    @property
    def lease(self) -> LeaseId:
        return self.market.lease(self.offer)

    async def pass_to(self, time: float) -> None:
        """Let it be that moment on the chain and for everybody, and posts under way go on."""
        for second in range(int(self.clock.time) + 1, int(time) + 1):
            if second > int(time) - 8:  # what was before is over: no block needs to tell of it
                await self.market.chain.warp(second)
        self.clock.time = time
        self.clock_file.write_text(f"{time!r}\n")
        for one in self.elsewhere:
            await one.looks(time)
        await asyncio.sleep(_TURN_SECONDS)

    async def newest(self) -> FrameIndex:
        posted = await self.standing()
        return posted[-1].ref.frame if posted else FrameIndex(0)

    async def standing(self) -> tuple[Posted, ...]:
        """Return the reports that stand in finalized blocks."""
        return (await self.market.view.tower.reports(Reports())).standing

    async def veto(self, vetoed: Posted) -> None:
        """Let the guardian drop the tower's first report."""
        terms = vetoed.ref.values(), vetoed.root, self.born.values(), NO_ROOT
        await self.market.do(GUARDIAN, "tower", "veto", *terms)

    async def posts(self) -> int:
        """Count all posts in the whole chain as it is."""
        return await self.market.events("tower", "Posted")

    async def tokens_of(self, key: Key) -> int:
        """Return how many of the market's tokens a key has."""
        held: int = await self.market.view._asset.read("balanceOf", key.address)
        return held


def realm(market: Market) -> Realm:
    return Realm(
        chain_id=CHAIN_ID,
        tower=market.deployment.watch_tower.address,
        bond=market.deployment.model_bond.address,
        frame_seconds=FRAME_SECONDS,
    )


def pool_for(url: str, *, kind: type[RpcPool] = RpcPool) -> RpcPool:
    return kind(
        [Rpc(RpcAddress(name="anvil", url=url))],
        chain_id=CHAIN_ID,
        clock=SystemClock(),
        limits=LIMITS,
    )


def views(chain: Chain, *, tower: Address, key: Key) -> ReportingViews:
    return ReportingViews(
        tower=chain.tower,
        blocks=chain.blocks,
        make_book=chain.lease_book,
        address=tower,
        watcher=address(key.address),
        since=chain.since,
    )


def payer(place: int) -> Key:
    return key_of(f"payer {place}")


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """Give three watchers, up since `FRAME` began, and a lease with all but its first slice."""
    async with running("--timestamp", str(BEGIN)) as chain, AsyncExitStack() as stack:
        market = await deployed(chain, frame=FRAME_SECONDS, window=WINDOW_SECONDS, signers=3)
        stack.push_async_callback(market.close)
        clock = ManualClock(float(await chain.time()))
        begin = FRAME * FRAME_SECONDS
        assert clock.time < begin, "deploying took more blocks than there is time"
        made = [
            await _watcher(place, key, market, folder=folder, clock=clock, stack=stack)
            for place, key in enumerate(market.watchers)
        ]
        offer = market.offer(
            slice_seconds=SLICE_SECONDS, grace=SliceCount(0), allowance=SliceCount(0), rules=RULES
        )
        all_ = Stage(
            clock=clock,
            watchers=made,
            market=market,
            offer=offer,
            clock_file=folder / "clock",
            born=await _head(market),
            stride=0.5,
        )
        await all_.pass_to(begin + 1)
        await market.do(market.host.address, "bond", "bond", 5_000_000)
        await market.open(offer, slices=1_000)
        clock.time = float(await chain.time())
        for one in made:
            one.seen.measured = {all_.lease: SLICE_SECONDS}
        async with all_.up():
            yield all_


async def _head(market: Market) -> ReportRef:
    said = await market.view._watch_tower.read("head", at="latest")
    return ReportRef(
        seq=said["seq"], frame=said["frame"], round=said["round"], posted_at=said["postedAt"]
    )


async def _watcher(
    place: int, key: Key, market: Market, *, folder: Path, clock: ManualClock, stack: AsyncExitStack
) -> Watcher:
    pool = pool_for(market.chain.url)
    stack.push_async_callback(pool.close)
    chain = Chain(market.deployment, pool=pool)
    home = folder / str(place)
    home.mkdir()
    pays = Pays(chain=chain, key=payer(place), folder=home)
    stack.push_async_callback(pays.stack.aclose)
    await market.chain.fund(pays.key.address)
    return Watcher(
        place=place,
        key=key,
        folder=home,
        view=views(chain, tower=market.deployment.watch_tower.address, key=key),
        pays=pays,
        clock=clock,
        realm=realm(market),
        seen=Seen(),
    )
