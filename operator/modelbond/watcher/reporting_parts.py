"""The reporting half of a watcher, put together: its folder, its key, its peers, its chain."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from modelbond.ports.process import Clock
from modelbond.settlement.units import FrameIndex, address
from modelbond.sla.exchanged import Recover, Seals
from modelbond.sla.frames import Times
from modelbond.watcher.board import Boards
from modelbond.watcher.board_store import BoardStore
from modelbond.watcher.evidence_keeping import EvidenceKeeping
from modelbond.watcher.evidence_store import EvidenceStore
from modelbond.watcher.exchange import DEADLINE_SECONDS, Exchange, Peer
from modelbond.watcher.exchange_server import ExchangeServer, Live
from modelbond.watcher.frame_outcomes import FrameOutcomes
from modelbond.watcher.grounds import Grounds, Realm
from modelbond.watcher.pen import TypedKey
from modelbond.watcher.posting import Poster
from modelbond.watcher.proving import Prover
from modelbond.watcher.record_keeper import RecordKeeper
from modelbond.watcher.reporting import Parts, Reporter
from modelbond.watcher.reporting_acts import Acts, RandomBytes, Tools
from modelbond.watcher.reporting_ports import OwnLedger, PostPort, ReportMeter, TowerPort
from modelbond.watcher.reporting_status import StatusView


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingConfig:
    """What a person chooses. `post` is None for a watcher that pays for no report."""

    realm: Realm
    folder: Path
    peers: Sequence[Peer]
    retention_seconds: int
    host: str | None = None
    port: int = 0
    new_record: bool = False
    peer_deadline_seconds: float = DEADLINE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the reporting half works with and does not make itself."""

    key: TypedKey
    tower: TowerPort
    post: PostPort | None
    ledger: OwnLedger
    recover: Recover
    meter: ReportMeter
    clock: Clock
    live: Live = lambda: None
    random_bytes: RandomBytes = secrets.token_bytes


class Reporting:
    """The parts, each made once, when it is first asked for; the server asks for all of them.

    `reporter.run` and `exchange.run` belong to whoever runs tasks.
    """

    def __init__(
        self, config: ReportingConfig, outside: Outside, *, board_store: BoardStore
    ) -> None:
        self._config = config
        self._outside = outside
        self._realm = config.realm
        self._me = address(outside.key.address)
        self._board_store = board_store
        self.step = Times.of(FrameIndex(0), frame_seconds=config.realm.frame_seconds).step

    @cached_property
    def boards(self) -> Boards:
        """What is known of the frames that may still be reported."""
        seals = Seals(
            chain_id=self._realm.chain_id, tower=self._realm.tower, recover=self._outside.recover
        )
        return Boards(
            frame_seconds=self._realm.frame_seconds,
            seals=seals,
            store=self._board_store,
            clock=self._outside.clock,
        )

    @cached_property
    def store(self) -> EvidenceStore:
        """The evidence on the disk, by its hash."""
        return EvidenceStore(self._config.folder / "evidence")

    @cached_property
    def keeper(self) -> RecordKeeper:
        """Who knows whether this key may sign."""
        return RecordKeeper(
            self._config.folder / "signed.sqlite",
            key=self._outside.key,
            chain_id=self._realm.chain_id,
            tower=self._realm.tower,
            new_record=self._config.new_record,
        )

    @cached_property
    def exchange(self) -> Exchange:
        """The other watchers."""
        return Exchange(
            self._config.peers,
            boards=self.boards,
            frames=self._open_frames,
            clock=self._outside.clock,
            deadline_seconds=self._config.peer_deadline_seconds,
        )

    @cached_property
    def _keeping(self) -> EvidenceKeeping:
        return EvidenceKeeping(
            self.store,
            fetch=self.exchange.evidence,
            retention_seconds=self._config.retention_seconds,
            frame_seconds=self._realm.frame_seconds,
            clock=self._outside.clock,
        )

    @cached_property
    def _poster(self) -> Poster:
        return Poster(
            tower=self._outside.tower,
            post=self._outside.post,
            clock=self._outside.clock,
            pause_seconds=self.step,
        )

    @cached_property
    def _prover(self) -> Prover:
        return Prover(
            me=self._me,
            tower=self._outside.tower,
            post=self._outside.post,
            clock=self._outside.clock,
            pause_seconds=self.step,
        )

    @cached_property
    def reporter(self) -> Reporter:
        """Who looks, decides and acts."""
        return Reporter(
            Parts(
                me=self._me,
                frame_seconds=self._realm.frame_seconds,
                tower=self._outside.tower,
                boards=self.boards,
                exchange=self.exchange,
                keeper=self.keeper,
                grounds=self._grounds,
                keeping=self._keeping,
                poster=self._poster,
                prover=self._prover,
                acts=self._acts,
                outcomes=FrameOutcomes(self._outside.meter),
                clock=self._outside.clock,
            )
        )

    @cached_property
    def status(self) -> StatusView:
        """What a person is told."""
        return StatusView(
            me=self._me,
            reporter=self.reporter,
            boards=self.boards,
            exchange=self.exchange,
            keeper=self.keeper,
            keeping=self._keeping,
            prover=self._prover,
        )

    @cached_property
    def server(self) -> ExchangeServer:
        """What other watchers, homes and hosts read."""
        return ExchangeServer(
            boards=self.boards,
            evidence=self.store,
            status=self.status,
            live=self._outside.live,
            host=self._config.host,
            port=self._config.port,
        )

    async def close(self) -> None:
        """Stop serving, and leave what is under way to the next process."""
        await self.server.close()
        await self._poster.close()
        await self._prover.close()
        await self.exchange.close()
        self.keeper.close()

    def _open_frames(self) -> list[FrameIndex]:
        """Ask the reporter, which is made after the exchange."""
        return self.reporter.frames()

    @cached_property
    def _grounds(self) -> Grounds:
        return Grounds(
            self._realm,
            tower=self._outside.tower,
            store=self.store,
            fetch=self.exchange.evidence,
        )

    @cached_property
    def _acts(self) -> Acts:
        return Acts(
            Tools(
                realm=self._realm,
                boards=self.boards,
                keeper=self.keeper,
                store=self.store,
                grounds=self._grounds,
                poster=self._poster,
                ledger=self._outside.ledger,
                random_bytes=self._outside.random_bytes,
            )
        )


@asynccontextmanager
async def reporting(config: ReportingConfig, outside: Outside) -> AsyncIterator[Reporting]:
    """Give the reporting half of a watcher, serving already, until the block ends."""
    config.folder.mkdir(parents=True, exist_ok=True)
    with closing(BoardStore(config.folder / "board.sqlite")) as board_store:
        made = Reporting(config, outside, board_store=board_store)
        server = made.server
        try:
            await server.start()
            yield made
        finally:
            await made.close()
