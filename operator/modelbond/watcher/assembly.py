"""A watcher put together from its configuration: everything that it is made of, at rest."""

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from modelbond.adapters.chain.chain import Acting
from modelbond.adapters.chain.configured import ConfiguredChain, configured
from modelbond.adapters.chain.keys import Key, KeyFile, Role, load_keys
from modelbond.adapters.chain.reporting import ReportingViews
from modelbond.adapters.chain.signatures import signer_of
from modelbond.errors import ChainUnreachable
from modelbond.runtime.clock import SystemClock
from modelbond.settlement.units import address
from modelbond.watcher.config import WatcherConfig
from modelbond.watcher.exchange import Peer
from modelbond.watcher.grounds import Realm
from modelbond.watcher.ledger import SliceLedger
from modelbond.watcher.live import LiveState
from modelbond.watcher.measuring_parts import ChainDrift, measuring
from modelbond.watcher.meter import TargetMeter
from modelbond.watcher.metrics import WatcherMetrics
from modelbond.watcher.metrics_page import metrics_page
from modelbond.watcher.own_slices import OwnSlices
from modelbond.watcher.prober import Prober
from modelbond.watcher.reporting_parts import Outside, Reporting, ReportingConfig, reporting
from modelbond.watcher.sightings import Sightings
from modelbond.watcher.sources import sources_of
from modelbond.watcher.target_text import Handed, handed
from modelbond.watcher.targets import Targets

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """The parts of one watcher. `acting` is None for one that pays for nothing."""

    config: WatcherConfig
    chain: ConfiguredChain
    tower: ReportingViews
    clock: SystemClock
    drift: ChainDrift
    ledger: SliceLedger
    meter: TargetMeter
    metrics: WatcherMetrics
    prober: Prober
    targets: Targets
    reporting: Reporting
    acting: Acting | None


async def assembled(config: WatcherConfig, *, stack: AsyncExitStack, new_record: bool) -> Watcher:
    """Return the watcher; what must be closed is on the stack. Waits for the chain's terms."""
    clock, state, drift = SystemClock(), _folder(config.state), ChainDrift()
    chain, keys = configured(config.chain, clock=clock), _keys(config)
    stack.push_async_callback(chain.pool.close)
    metrics, sightings = WatcherMetrics(), Sightings()
    await _serve_metrics(metrics, port=config.metrics_port, stack=stack)
    realm = await _realm(chain, pause_seconds=config.look_seconds)
    meter = TargetMeter(metrics, clock=clock)
    ledger = stack.enter_context(SliceLedger(state / "slices.sqlite"))
    acting = await _acting(config, chain, key=keys.get(Role.PAYING), stack=stack)
    key = keys[Role.ATTESTING]
    tower = _views(chain, realm=realm, key=key)
    outside = Outside(
        key=key,
        tower=tower,
        post=acting.tower if acting else None,
        ledger=OwnSlices(ledger, frame_seconds=realm.frame_seconds),
        recover=signer_of,
        meter=metrics,
        clock=clock,
        live=_live(sightings, realm=realm, key=key, clock=clock),
    )
    terms = _reporting(config, realm=realm, folder=state / "reports", new_record=new_record)
    parts = await stack.enter_async_context(reporting(terms, outside))
    prober = await measuring(
        config,
        ledger=ledger,
        meter=meter,
        sightings=sightings,
        clock=clock,
        drift=drift,
        stack=stack,
    )
    return Watcher(
        config=config,
        chain=chain,
        tower=tower,
        clock=clock,
        drift=drift,
        ledger=ledger,
        meter=meter,
        metrics=metrics,
        prober=prober,
        targets=_targets(config, realm=realm, state=state, stack=stack),
        reporting=parts,
        acting=acting,
    )


async def _acting(
    config: WatcherConfig, chain: ConfiguredChain, *, key: Key | None, stack: AsyncExitStack
) -> Acting | None:
    if key is None:
        return None
    poll_seconds = config.chain.poll_seconds
    acting = chain.chain.acting(key, ledgers=chain.ledgers, poll_seconds=poll_seconds)
    return await stack.enter_async_context(acting)


def _views(chain: ConfiguredChain, *, realm: Realm, key: Key) -> ReportingViews:
    return ReportingViews(
        tower=chain.chain.tower,
        blocks=chain.chain.blocks,
        make_book=chain.chain.lease_book,
        address=realm.tower,
        watcher=address(key.address),
        since=chain.chain.since,
    )


def _live(sightings: Sightings, *, realm: Realm, key: Key, clock: SystemClock) -> LiveState:
    return LiveState(
        key, sightings=sightings, chain_id=realm.chain_id, tower=realm.tower, clock=clock
    )


def _reporting(
    config: WatcherConfig, *, realm: Realm, folder: Path, new_record: bool
) -> ReportingConfig:
    return ReportingConfig(
        realm=realm,
        folder=folder,
        peers=[Peer(name=one.name, url=one.url) for one in config.peers],
        retention_seconds=config.retention_seconds,
        host=config.listen.address or None,
        port=config.listen.port,
        new_record=new_record,
    )


def _keys(config: WatcherConfig) -> dict[Role, Key]:
    files = {Role.ATTESTING: config.attesting_key, Role.PAYING: config.paying_key}
    return load_keys(
        {
            role: KeyFile(
                path=Path(one.file),
                password_path=Path(one.password_file) if one.password_file else None,
            )
            for role, one in files.items()
            if one is not None
        }
    )


async def _realm(chain: ConfiguredChain, *, pause_seconds: float) -> Realm:
    """Return which tower it is. Its frames must be known, so this waits for the chain."""
    while True:
        try:
            terms = await chain.chain.tower.terms()
        except ChainUnreachable as failure:
            _log.warning("waiting for the chain", extra={"reason": str(failure)})
            await asyncio.sleep(pause_seconds)
        else:
            return Realm(
                chain_id=chain.place.chain_id,
                tower=chain.place.tower,
                bond=chain.place.bond,
                frame_seconds=terms.frame_seconds,
            )


def _targets(config: WatcherConfig, *, realm: Realm, state: Path, stack: AsyncExitStack) -> Targets:
    def read(text: str, token: str) -> Handed:
        return handed(
            text, token=token, chain_id=realm.chain_id, bond=realm.bond, recover=signer_of
        )

    sources = sources_of(config, folder=state / "targets")
    for source in sources:
        if source.door is not None:
            stack.push_async_callback(source.door.close)
    return Targets(sources, read=read)


def _folder(path: str) -> Path:
    state = Path(path)
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    return state


async def _serve_metrics(metrics: WatcherMetrics, *, port: int, stack: AsyncExitStack) -> None:
    app = web.Application()
    app.router.add_get("/metrics", metrics_page(metrics))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, port=port).start()
