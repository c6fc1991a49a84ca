"""Watchers in one process that exchange over real HTTP on loopback, with one chain and clock."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eth_account import Account

from cluster.ports import free_port
from fakes.clocks import ManualClock, SkewedClock
from fakes.frames import BOND, LEASE, TOWER, facts
from fakes.tower import CHAIN_ID, FakeTower
from modelbond.adapters.chain.keys import Key, Role
from modelbond.adapters.chain.signatures import signer_of
from modelbond.ports.process import Clock
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import Address, FrameIndex, LeaseId, SliceIndex, address
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.frames import Times
from modelbond.sla.quorum import Signer
from modelbond.watcher.exchange import Peer
from modelbond.watcher.grounds import Realm
from modelbond.watcher.reporting_parts import Outside, Reporting, ReportingConfig, reporting
from modelbond.watcher.reporting_ports import FrameOutcome, PostPort, TowerPort

FRAME_SECONDS, SLICE_SECONDS = 60, 20
FRAME = FrameIndex(30_000_000)
BEGIN = FRAME * FRAME_SECONDS
REALM = Realm(chain_id=CHAIN_ID, tower=TOWER, bond=BOND, frame_seconds=FRAME_SECONDS)
STRIDE = 0.25


def keys(number: int = 3) -> list[Key]:
    """Return watchers' keys in the order of the table."""
    made = [
        Key(Account.from_key(keccak(b"watcher %d" % n)), role=Role.ATTESTING) for n in range(number)
    ]
    return sorted(made, key=lambda key: key.address.lower())


@dataclass(slots=True)
class Seen:
    """A ledger: what a watcher saw of all leases, by default that all was good."""

    letters: str = "g"
    measured: dict[LeaseId, int] = field(default_factory=lambda: {LEASE: SLICE_SECONDS})

    def leases(self, frame: FrameIndex) -> Mapping[LeaseId, int]:  # noqa: ARG002 - always the same
        return self.measured

    def verdicts(self, lease: LeaseId, slices: range) -> str:  # noqa: ARG002 - all alike
        return self.letters * len(slices)


@dataclass(slots=True)
class Meter:
    """Counts outcomes."""

    lag: int = 0
    frames: list[FrameOutcome] = field(default_factory=list)

    def report_lag(self, frames: int) -> None:
        self.lag = frames

    def frame(self, result: FrameOutcome) -> None:
        self.frames.append(result)


@dataclass(slots=True, kw_only=True)
class Watcher:
    """One watcher, with what a test turns on it. `asleep` neither looks nor polls, but serves."""

    place: int
    key: Key
    folder: Path
    view: TowerPort
    pays: PostPort | None
    clock: Clock
    realm: Realm
    seen: Seen = field(default_factory=Seen)
    meter: Meter = field(default_factory=Meter)
    asleep: bool = False
    deaf: bool = False
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    running: Reporting | None = None
    port: int = field(default_factory=free_port)

    @property
    def parts(self) -> Reporting:
        assert self.running is not None
        return self.running

    @property
    def address(self) -> Address:
        return address(self.key.address)

    def board(self, frame: FrameIndex) -> FrameBoard:
        found = self.parts.boards.get(frame)
        assert found is not None
        return found

    def refusals(self, frame: FrameIndex) -> dict[int, str]:
        return self.parts.boards.refusals(frame)

    async def start(self, peers: list[Peer], **changes: Any) -> None:
        """Start it on its folder, as after a restart."""
        config = ReportingConfig(
            realm=self.realm,
            folder=self.folder,
            peers=peers,
            retention_seconds=3600,
            host="127.0.0.1",
            port=self.port,
            peer_deadline_seconds=2,
        )
        outside = Outside(
            key=self.key,
            tower=self.view,
            post=self.pays,
            ledger=self.seen,
            recover=signer_of,
            meter=self.meter,
            clock=self.clock,
        )
        made = reporting(replace(config, **changes), outside)
        self.running = await self.stack.enter_async_context(made)

    async def stop(self) -> None:
        self.running = None
        await self.stack.aclose()
        self.stack = AsyncExitStack()

    async def look(self) -> None:
        if self.running is None or self.asleep:
            return
        if not self.deaf:
            await self.running.exchange.poll()
        await self.running.reporter.tick()


@dataclass(slots=True, kw_only=True)
class Company:
    """All watchers of one tower, on one clock."""

    clock: ManualClock
    watchers: list[Watcher]
    stride: float = STRIDE

    async def newest(self) -> FrameIndex:
        """Return the frame of the tower's newest report."""
        raise NotImplementedError

    async def pass_to(self, time: float) -> None:
        """Let it be that moment."""
        self.clock.time = time

    def times(self, frame: FrameIndex) -> Times:
        return Times.of(frame, frame_seconds=FRAME_SECONDS)

    def proposer(self, round_: int, frame: FrameIndex) -> Watcher:
        return self.watchers[(frame + round_) % len(self.watchers)]

    def peers_of(self, watcher: Watcher) -> list[Peer]:
        return [
            Peer(name=f"watcher {one.place}", url=f"http://127.0.0.1:{one.port}")
            for one in self.watchers
            if one is not watcher
        ]

    async def start(self, watcher: Watcher, **changes: Any) -> None:
        await watcher.start(self.peers_of(watcher), **changes)

    async def until_time(self, time: float) -> None:
        """Let time pass in small strides, with everybody looking at each."""
        while self.clock.time < time:
            await self.pass_to(min(time, self.clock.time + self.stride))
            for one in self.watchers:
                await one.look()

    async def until(
        self, happened: Callable[[], Awaitable[bool]], *, within_seconds: float
    ) -> None:
        """Let time pass until it happened."""
        limit = self.clock.time + within_seconds
        while not await happened():
            assert self.clock.time < limit, [one.parts.reporter.waits for one in self.awake]
            await self.until_time(self.clock.time + self.stride)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Start all, and stop them in the end."""
        try:
            for one in self.watchers:
                await self.start(one)
            yield
        finally:
            for one in self.watchers:
                await one.stop()

    @property
    def awake(self) -> list[Watcher]:
        return [one for one in self.watchers if one.running is not None]

    async def ended(self, frame: FrameIndex) -> None:
        """Let a frame be over: nothing happens while it runs."""
        end = float(self.times(frame).ends_at)
        if self.clock.time < end:
            await self.pass_to(end)

    async def reported(self, frame: FrameIndex, *, within_seconds: float = 50) -> None:
        """Let a frame be over, and time pass until its report is posted."""

        async def is_reported() -> bool:
            return await self.newest() >= frame

        await self.ended(frame)
        await self.until(is_reported, within_seconds=within_seconds)

    def nobody_signed_twice(self) -> bool:
        """Tell whether nobody that is up has two contents signed by one watcher in one turn."""
        return all(len(contents) == 1 for contents in self.signatures_by_turn().values())

    def signatures_by_turn(self) -> dict[tuple[Address, int, int], set[bytes]]:
        """Return, for every signer and turn, the contents that anybody has its signature for."""
        found: dict[tuple[Address, int, int], set[bytes]] = {}
        for one in self.awake:
            for frame in one.parts.boards.frames:
                for signed in one.board(frame).page.signatures:
                    turn = signed.signer, signed.report.frame, signed.report.round
                    content = repr(sorted(signed.report.values().items())).encode()
                    found.setdefault(turn, set()).add(content)
        return found


@dataclass(slots=True, kw_only=True)
class World(Company):
    """Watchers of a tower in Python. What a method is not told, it means of `FRAME`."""

    tower: FakeTower

    async def newest(self) -> FrameIndex:
        return self.tower.newest

    def times(self, frame: FrameIndex = FRAME) -> Times:
        return Company.times(self, frame)

    def proposer(self, round_: int, frame: FrameIndex = FRAME) -> Watcher:
        return Company.proposer(self, round_, frame)

    async def ended(self, frame: FrameIndex = FRAME) -> None:
        await Company.ended(self, frame)

    async def reported(self, frame: FrameIndex = FRAME, *, within_seconds: float = 50) -> None:
        await Company.reported(self, frame, within_seconds=within_seconds)


@asynccontextmanager
async def world(folder: Path, *, number: int = 3) -> AsyncIterator[World]:
    """Give watchers that are up since the frame before `FRAME` began, and a lease as old."""
    clock = ManualClock(float(BEGIN + 1))
    signing = keys(number)
    table = tuple(Signer(signer=address(key.address), weight=1) for key in signing)
    tower = FakeTower(clock=clock, table=table, frame_seconds=FRAME_SECONDS, born=FRAME)
    first = SliceIndex(BEGIN // SLICE_SECONDS)
    tower.open_leases[LEASE] = facts(slice_seconds=SLICE_SECONDS, first=first)
    views = [tower.seen_by(address(key.address)) for key in signing]
    made = [
        Watcher(
            place=place,
            key=key,
            folder=folder / str(place),
            view=view,
            pays=view,
            clock=clock,
            realm=REALM,
        )
        for place, (key, view) in enumerate(zip(signing, views, strict=True))
    ]
    all_ = World(clock=clock, tower=tower, watchers=made)
    async with all_.up():
        yield all_


def skewed(watcher: Watcher, right: ManualClock, *, ahead_seconds: float) -> None:
    """Let a watcher's wall clock be off; to be done while it is stopped."""
    watcher.clock = SkewedClock(right, ahead_seconds)
