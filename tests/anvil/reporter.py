"""A watcher in a process of its own that is killed at a chosen point (`-m anvil.reporter`)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eth_account import Account

from anvil.reporting import Elsewhere, Pays, Stage, payer, pool_for, views
from fakes.watchers import SLICE_SECONDS, Meter, Seen, Watcher
from modelbond.adapters.chain.chain import Chain
from modelbond.adapters.chain.deployment import Deployed, Deployment
from modelbond.adapters.chain.keys import Key, Role
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.signatures import signer_of
from modelbond.settlement.units import FrameIndex, LeaseId, address
from modelbond.sla.exchanged import SignedCommitment
from modelbond.sla.merging import Item
from modelbond.sla.vector import SignedVector
from modelbond.watcher.board import Boards
from modelbond.watcher.exchange import Peer
from modelbond.watcher.grounds import Realm
from modelbond.watcher.reporting_parts import Outside, Reporting, ReportingConfig, reporting

_TURN_SECONDS = 0.01

POINTS = (
    "before the hash is signed",
    "before the hash is shown",
    "before the vector is shown",
    "before the report is signed",
    "before the signature is shown",
    "after the report is sent",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Which watcher it is, on which chain, and where it dies."""

    url: str
    folder: str
    clock_file: str
    place: int
    secret: str
    port: int
    peers: list[list[str]]
    lease: str
    contracts: list[list[str]]
    asset: str
    realm: list[Any]
    point: str
    looked_file: str

    def command(self) -> list[str]:
        """Return the errand as a command line."""
        words = {name: getattr(self, name) for name in self.__slots__}
        return [sys.executable, "-m", "anvil.reporter", json.dumps(words)]


def errand(stage: Stage, victim: Watcher, *, point: str) -> Errand:
    """Return the errand to be that watcher until it dies there."""
    deployment = stage.market.deployment
    realm = victim.realm
    return Errand(
        url=stage.market.chain.url,
        folder=str(victim.folder),
        clock_file=str(stage.clock_file),
        place=victim.place,
        secret=bytes(victim.key._account.key).hex(),
        port=victim.port,
        peers=[[peer.name, peer.url] for peer in stage.peers_of(victim)],
        lease=stage.lease.hex(),
        contracts=[
            [one.address, one.code_hash.hex()]
            for one in (deployment.model_bond, deployment.watch_tower)
        ],
        asset=deployment.asset,
        realm=[realm.chain_id, realm.tower, realm.bond, realm.frame_seconds],
        point=point,
        looked_file=str(victim.folder / "looked"),
    )


async def begun(stage: Stage, errand: Errand) -> Elsewhere:
    """Start the watcher, and let the stage's time wait for it from now on."""
    env = {**os.environ, "PYTHONPATH": "operator:tests"}
    process = await asyncio.create_subprocess_exec(*errand.command(), env=env)
    made = Elsewhere(process=process, looked_file=Path(errand.looked_file))
    stage.elsewhere.append(made)
    await made.looks(stage.clock.time)
    return made


def die() -> None:
    """End as by a power cut: nothing is flushed, nothing is said."""
    os.kill(os.getpid(), signal.SIGKILL)


class FileClock:
    """The test's clock, which it writes to a file."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._last = 0.0

    def monotonic(self) -> float:
        text = self._path.read_text()
        self._last = float(text) if text.endswith("\n") else self._last
        return self._last

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.monotonic(), UTC)


class DyingKey(Key):
    """Dies when it shall sign: what is signed is in the record already, or not even that."""

    point = ""

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        what = {"Commitment": "before the hash is signed", "Report": "before the report is signed"}
        if what.get(message["primaryType"]) == self.point:
            die()
        return super().sign_typed(message)


class DyingPool(RpcPool):
    """Dies once a transaction is sent."""

    point = ""

    async def broadcast(self, raw: bytes) -> None:
        await super().broadcast(raw)
        if self.point == "after the report is sent":
            die()


def _dying(boards: Boards, point: str) -> None:
    """Let the boards die when something is to be shown."""
    publish = boards.publish

    def published(frame: FrameIndex, item: Item) -> None:
        match item:
            case SignedCommitment():
                what = "before the hash is shown"
            case SignedVector():
                what = "before the vector is shown"
            case _:
                what = "before the signature is shown"
        if what == point:
            die()
        publish(frame, item)

    boards.publish = published  # type: ignore[method-assign] # this one is to die


@asynccontextmanager
async def watcher(errand: Errand) -> AsyncIterator[Reporting]:
    """Give the watcher's running parts."""
    bond, tower = (
        Deployed(address=address(at), code_hash=bytes.fromhex(code))
        for at, code in errand.contracts
    )
    chain_id, *_ = errand.realm
    deployment = Deployment(
        chain_id=chain_id, model_bond=bond, watch_tower=tower, asset=address(errand.asset)
    )
    DyingPool.point = DyingKey.point = errand.point
    chain = Chain(deployment, pool=pool_for(errand.url, kind=DyingPool))
    key = DyingKey(Account.from_key(errand.secret), role=Role.ATTESTING)
    folder = Path(errand.folder)
    config = ReportingConfig(
        realm=_realm(errand.realm),
        folder=folder,
        peers=[Peer(name=name, url=url) for name, url in errand.peers],
        retention_seconds=3600,
        host="127.0.0.1",
        port=errand.port,
    )
    outside = Outside(
        key=key,
        tower=views(chain, tower=tower.address, key=key),
        post=Pays(chain=chain, key=payer(errand.place), folder=folder),
        ledger=Seen(measured={LeaseId(bytes.fromhex(errand.lease)): SLICE_SECONDS}),
        recover=signer_of,
        meter=Meter(),
        clock=FileClock(errand.clock_file),
    )
    async with reporting(config, outside) as running:
        _dying(running.boards, errand.point)
        yield running


def _realm(values: list[Any]) -> Realm:
    chain_id, tower, bond, frame_seconds = values
    return Realm(
        chain_id=chain_id, tower=address(tower), bond=address(bond), frame_seconds=frame_seconds
    )


async def run(errand: Errand) -> None:
    """Be that watcher until it dies."""
    clock, looked = FileClock(errand.clock_file), Path(errand.looked_file)
    async with watcher(errand) as running:
        while True:
            time = clock.monotonic()
            await running.exchange.poll()
            await running.reporter.tick()
            looked.write_text(f"{time!r}\n")  # noqa: ASYNC240 - a few bytes
            await asyncio.sleep(_TURN_SECONDS)


if __name__ == "__main__":
    asyncio.run(run(Errand(**json.loads(sys.argv[1]))))
