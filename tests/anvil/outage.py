"""Three watchers as processes of their own, a chain in real time, and an endpoint that can break.

The endpoint's address belongs to this machine alone, by a link that is made for it: watchers refuse
loopback, as they must.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from anvil.market import Market, deployed
from anvil.node import blocks, running
from anvil.people import key_of, secret_of
from anvil.skew import skewed
from cluster import debian
from cluster.ports import free_port
from fakes.endpoint import Endpoint, serving
from fakes.handed import TOKEN, agreed, handed_over
from modelbond.adapters.chain.final_reports import FinalReports
from modelbond.adapters.evidence import HttpEvidence
from modelbond.settlement.leaves import lease_leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.report import FinalReport, Proof
from modelbond.settlement.units import LeaseId, SliceCount, Wei
from modelbond.sla.evidence import Evidence, Measured
from modelbond.sla.evidence_text import evidence_of
from modelbond.sla.rules import RULES
from modelbond.sla.tally import tree_of
from modelbond.sla.text import hexed
from modelbond.watcher import echo

FRAME_SECONDS, WINDOW_SECONDS, SLICE_SECONDS = 20, 20, 2
_LINKS, _RUN = "mbwatch", os.getpid()
LINK, ADDRESS = f"{_LINKS}{_RUN}", f"10.213.{_RUN // 254 % 256}.{_RUN % 254 + 1}"
"""Of this process alone: two runs on one machine must not take each other's away."""
WATCHERS = 3
CREDIT = Wei(3_000)
NOTHING_OFF: Mapping[int, int] = {}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "operator")}


@dataclass(slots=True, kw_only=True)
class Watching:
    """One watcher: its process, and where it serves."""

    process: asyncio.subprocess.Process
    url: str
    ledger: Path


@dataclass(slots=True, kw_only=True)
class Outage:
    """The world of one lease."""

    market: Market
    endpoint: Endpoint
    offer: Offer
    lease: LeaseId
    folder: Path
    watching: list[Watching]
    reports: FinalReports

    def breaks(self) -> None:
        """Let the endpoint do what Triton did with a dead backend: 500 to every inference."""

        async def dead(_: web.Request) -> web.Response:
            return web.json_response({"error": "stub process is dead"}, status=500)

        self.endpoint.behave = dead

    def recovers(self) -> None:
        """Let it answer again."""
        self.endpoint.behave = echo.echo

    async def newest(self) -> tuple[FinalReport, Evidence] | None:
        """Return the newest final report with its evidence, from any watcher that has it."""
        report = await self.reports.newest()
        watchers = HttpEvidence([one.url for one in self.watching])
        text = await watchers.fetch(report.data_hash) if report else None
        return (report, evidence_of(text)) if report and text else None

    async def live(self, one: Watching) -> str | None:
        """Return the signed live state that a watcher serves; None while it does not answer."""
        try:
            async with self.market.chain.session.get(f"{one.url}/v1/live") as response:
                return await response.text() if response.status == 200 else None
        except aiohttp.ClientError:
            return None

    async def settled(self, report: FinalReport, found: Evidence) -> Measured:
        """Settle what a report says of the lease, as anybody may."""
        measured = found.result.leases[self.lease]
        tree = tree_of(found.result, bond=self.market.deployment.model_bond.address)
        assert tree is not None
        leaf = measured.leaf
        proof = Proof(report=report.ref, path=tree.proof(lease_leaf(self.lease, leaf)))
        values = {"through": leaf.through, "unearned": leaf.unearned, "breach": leaf.breach}
        said = {"report": proof.report.values(), "path": list(proof.path)}
        await self.market.do(
            self.market.host.address, "bond", "settle", self.offer.values(), values, said
        )
        return measured


@asynccontextmanager
async def outage(
    folder: Path, *, off_seconds: Mapping[int, int] = NOTHING_OFF
) -> AsyncIterator[Outage]:
    """Give a lease that three watchers measure, two of them a quorum.

    `off_seconds` says by how much the clocks of some of them are ahead, each by its place.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_link())
        chain = await stack.enter_async_context(running())
        market = await deployed(chain, frame=FRAME_SECONDS, window=WINDOW_SECONDS, signers=WATCHERS)
        stack.push_async_callback(market.close)
        await stack.enter_async_context(blocks(chain, each_seconds=1))
        endpoint = await stack.enter_async_context(serving(host=ADDRESS))
        offer, lease = await _leased(market, endpoint, folder=folder / "targets")
        watching = [
            await stack.enter_async_context(
                _watcher(place, market, folder=folder, off_seconds=off_seconds.get(place, 0))
            )
            for place in range(WATCHERS)
        ]
        yield Outage(
            market=market,
            endpoint=endpoint,
            offer=offer,
            lease=lease,
            folder=folder,
            watching=watching,
            reports=market.view.final_reports(),
        )


@contextmanager
def _link() -> Iterator[None]:
    """Give a link of this machine alone; those that killed runs left go first."""
    debian.ensure(["iproute2"])
    for path in Path("/sys/class/net").glob(f"{_LINKS}*"):
        owner = path.name.removeprefix(_LINKS)
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            subprocess.run(["ip", "link", "delete", path.name], check=False, capture_output=True)
    subprocess.run(["ip", "link", "add", LINK, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", LINK], check=True)
        subprocess.run(["ip", "link", "set", LINK, "up"], check=True)
        yield
    finally:
        subprocess.run(["ip", "link", "delete", LINK], check=True)


async def _leased(market: Market, endpoint: Endpoint, *, folder: Path) -> tuple[Offer, LeaseId]:
    """Agree, open the lease, and hand it to the watchers as a home would."""
    agreement = agreed(endpoint.identity.public_key)
    offer = market.offer(
        agreement=agreement.hash,
        rules=RULES,
        slice_seconds=SLICE_SECONDS,
        grace=SliceCount(0),
        allowance=SliceCount(2),
        credit_per_slice=CREDIT,
    )
    await market.do(market.host.address, "bond", "bond", 5_000_000)
    lease = await market.open(offer, slices=5_000)
    target = handed_over(
        offer,
        agreement=agreement,
        host=market.host,
        domain=market.bond_domain,
        address=f"{ADDRESS}:{endpoint.port}",
        signature=market.signed(offer),
    )
    write(folder / "lease.token", TOKEN)
    write(folder / "lease.json", target)
    return offer, lease


@asynccontextmanager
async def _watcher(
    place: int, market: Market, *, folder: Path, off_seconds: int
) -> AsyncIterator[Watching]:
    """Run `modelbond watcher` until the block ends."""
    home, port = folder / f"watcher-{place}", _port(place)
    config = write(home / "watcher.yaml", "")
    write(config, yaml.safe_dump(_config(place, market, home=home, targets=folder / "targets")))
    payer = key_of(f"payer {place}")
    await market.chain.fund(payer.address)
    log = home / "log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "modelbond", "watcher", "--config", str(config)),
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**ENVIRONMENT, **(skewed(off_seconds) if off_seconds else {})},
        )
    try:
        yield Watching(
            process=process, url=f"http://127.0.0.1:{port}", ledger=home / "state/slices.sqlite"
        )
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _config(place: int, market: Market, *, home: Path, targets: Path) -> dict[str, Any]:
    (home / "rpc").write_text(market.chain.url)
    signer = market.watchers[place]
    name = next(
        n for n in map("watcher {}".format, range(9)) if key_of(n).address == signer.address
    )
    (home / "attesting").write_text(secret_of(name).hex())
    (home / "paying").write_text(secret_of(f"payer {place}").hex())
    deployment = deployment_file(market, folder=home)
    return {
        "state": str(home / "state"),
        "chain": {
            "deployment": str(deployment),
            "ledgers": str(home / "sent"),
            "rpcs": [{"name": "anvil", "urlFile": str(home / "rpc")}],
            "pollSeconds": 1,
        },
        "attestingKey": {"file": str(home / "attesting")},
        "payingKey": {"file": str(home / "paying")},
        "listen": {"address": "127.0.0.1", "port": _port(place)},
        "metricsPort": 0,
        "peers": [
            {"name": f"watcher-{other}", "url": f"http://127.0.0.1:{_port(other)}"}
            for other in range(WATCHERS)
            if other != place
        ],
        "folders": [{"name": "home", "folder": str(targets)}],
        "privateRanges": [f"{ADDRESS}/32"],
        "lookSeconds": 1,
    }


def deployment_file(market: Market, *, folder: Path) -> Path:
    """Write where the contracts are, as the deploy script does."""
    made = market.deployment
    path = folder / "deployment.json"
    path.write_text(
        json.dumps(
            {
                "chainId": made.chain_id,
                "modelBond": made.model_bond.address,
                "modelBondCodeHash": hexed(made.model_bond.code_hash),
                "watchTower": made.watch_tower.address,
                "watchTowerCodeHash": hexed(made.watch_tower.code_hash),
                "asset": made.asset,
            }
        )
    )
    return path


def write(path: Path, text: str) -> Path:
    """Write a file of a test."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


_PORTS: dict[int, int] = {}


def _port(place: int) -> int:
    """Return a port that was free when it was first asked for."""
    if place not in _PORTS:
        _PORTS[place] = free_port()
    return _PORTS[place]
