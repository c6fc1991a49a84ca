"""The reporting half of a watcher, put together: its folder, its key, its peers, its chain."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """The running parts: `reporter.run`, `exchange.run` and `keeping` belong to a Supervisor."""

    reporter: Reporter
    exchange: Exchange
    boards: Boards
    keeper: RecordKeeper
    store: EvidenceStore
    keeping: EvidenceKeeping
    poster: Poster
    prover: Prover
    server: ExchangeServer
    status: StatusView
    step: int


@asynccontextmanager
async def reporting(config: ReportingConfig, outside: Outside) -> AsyncIterator[Reporting]:
    """Give the reporting half of a watcher, serving already, until the block ends."""
    config.folder.mkdir(parents=True, exist_ok=True)
    board_store = BoardStore(config.folder / "board.sqlite")
    made = _made(config, outside, board_store=board_store)
    try:
        await made.server.start()
        yield made
    finally:
        await made.server.close()
        await made.poster.close()
        await made.prover.close()
        await made.exchange.close()
        made.keeper.close()
        board_store.close()


def _made(config: ReportingConfig, outside: Outside, *, board_store: BoardStore) -> Reporting:
    realm, me = config.realm, address(outside.key.address)
    step = Times.of(FrameIndex(0), frame_seconds=realm.frame_seconds).step
    boards = Boards(
        frame_seconds=realm.frame_seconds,
        seals=Seals(chain_id=realm.chain_id, tower=realm.tower, recover=outside.recover),
        store=board_store,
        clock=outside.clock,
    )
    store = EvidenceStore(config.folder / "evidence")
    keeper = RecordKeeper(
        config.folder / "signed.sqlite",
        key=outside.key,
        chain_id=realm.chain_id,
        tower=realm.tower,
        new_record=config.new_record,
    )

    def open_frames() -> list[FrameIndex]:
        return reporter.frames()

    exchange = Exchange(
        config.peers,
        boards=boards,
        frames=open_frames,
        clock=outside.clock,
        deadline_seconds=config.peer_deadline_seconds,
    )
    grounds = Grounds(realm, tower=outside.tower, store=store, fetch=exchange.evidence)
    poster = Poster(tower=outside.tower, post=outside.post, clock=outside.clock, pause_seconds=step)
    prover = Prover(
        me=me, tower=outside.tower, post=outside.post, clock=outside.clock, pause_seconds=step
    )
    tools = Tools(
        realm=realm,
        boards=boards,
        keeper=keeper,
        store=store,
        grounds=grounds,
        poster=poster,
        ledger=outside.ledger,
        random_bytes=outside.random_bytes,
    )
    keeping = EvidenceKeeping(
        store,
        fetch=exchange.evidence,
        retention_seconds=config.retention_seconds,
        frame_seconds=realm.frame_seconds,
        clock=outside.clock,
    )
    reporter = Reporter(
        Parts(
            me=me,
            frame_seconds=realm.frame_seconds,
            tower=outside.tower,
            boards=boards,
            exchange=exchange,
            keeper=keeper,
            grounds=grounds,
            keeping=keeping,
            poster=poster,
            prover=prover,
            acts=Acts(tools),
            outcomes=FrameOutcomes(outside.meter),
            clock=outside.clock,
        )
    )
    status = StatusView(
        me=me,
        reporter=reporter,
        boards=boards,
        exchange=exchange,
        keeper=keeper,
        keeping=keeping,
        prover=prover,
    )
    server = ExchangeServer(
        boards=boards,
        evidence=store,
        status=status,
        live=outside.live,
        host=config.host,
        port=config.port,
    )
    return Reporting(
        reporter=reporter,
        exchange=exchange,
        boards=boards,
        keeper=keeper,
        store=store,
        keeping=keeping,
        poster=poster,
        prover=prover,
        server=server,
        status=status,
        step=step,
    )
