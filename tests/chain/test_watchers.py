"""From a broken promise to money, in real time: real watchers, a real chain, and no claim."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest

from anvil.node import CHAIN_ID
from anvil.outage import (
    CREDIT,
    ENVIRONMENT,
    Outage,
    Watching,
    deployment_file,
    outage,
    write,
)
from fakes.endpoint import Behave, after, another_answer, reset, status
from modelbond.adapters.chain.signatures import signer_of
from modelbond.settlement.report import FinalReport
from modelbond.settlement.units import Wei, address
from modelbond.sla.evidence import Evidence
from modelbond.sla.live import Live, live_of
from modelbond.sla.text import hexed
from modelbond.sla.vector import vector_of, watcher_domain
from modelbond.watcher.ledger import exported

pytestmark = pytest.mark.timeout(300)

_DEADLINE_SECONDS = 200
OFF = 2
"""The place of the watcher whose clock is off."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Outage]:
    async with outage(tmp_path) as made:
        yield made


async def report_where(
    world: Outage, *, breach: int, through: int = 0, by: Collection[str] = ()
) -> tuple[FinalReport, Evidence]:
    """Wait for a final report with so many breaches of the lease, or more, from those vectors."""
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while True:
            found = await world.newest()
            if found is not None:
                leaf = found[1].result.leases.get(world.lease)
                shown = {one.watcher for one in found[1].inputs.vectors}
                enough = leaf and leaf.leaf.breach >= breach and leaf.leaf.through >= through
                if enough and shown.issuperset(by):
                    return found
            await asyncio.sleep(1)


async def answered(world: Outage) -> None:
    """Wait until each watcher asked the endpoint."""
    async with asyncio.timeout(60):
        while len(world.endpoint.tokens) < 6:  # noqa: ASYNC110 - requests have no event
            await asyncio.sleep(0.2)


async def verified(world: Outage, report: FinalReport, found: Evidence) -> str:
    """Return what `modelbond verify` says of a report, beside the chain."""
    path = write(world.folder / "evidence.json", found.text)
    named = str(path), "--hash", hexed(report.data_hash)
    return await verify(*named, *beside_the_chain(world))


def beside_the_chain(world: Outage) -> tuple[str, ...]:
    deployment = str(deployment_file(world.market, folder=world.folder))
    return "--rpc", world.market.chain.url, "--deployment", deployment


async def verify(*words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "modelbond", "verify", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=ENVIRONMENT,
    )
    said, _ = await process.communicate()
    return said.decode()


async def live_where(world: Outage, one: Watching, *, passed: bool) -> Live:
    """Wait until a watcher's live state says so of the endpoint, and return it."""
    domain = watcher_domain(chain_id=CHAIN_ID, tower=world.market.deployment.watch_tower.address)
    async with asyncio.timeout(60):
        while True:
            text = await world.live(one)
            live = live_of(text, domain=domain, recover=signer_of) if text else None
            sighting = live.endpoints.get(world.lease) if live else None
            if live and sighting and sighting.passed is passed:
                return live
            await asyncio.sleep(0.5)


async def seen(world: Outage, reason: str) -> None:
    """Wait until every watcher has a bad slice for that reason in its ledger."""
    async with asyncio.timeout(_DEADLINE_SECONDS):
        for one in world.watching:
            while f'"reason":"{reason}"' not in bad_rows(one.ledger):  # noqa: ASYNC110
                await asyncio.sleep(0.5)  # a ledger on the disk has no event


def bad_rows(ledger: Path) -> str:
    rows = (line.replace(" ", "") for line in exported(ledger))
    return "\n".join(row for row in rows if '"verdict":"b"' in row)


async def test_an_outage_pays_the_customer_exactly_and_anybody_can_compute_it_again(
    world: Outage,
) -> None:
    customer = address(world.market.customer.address)
    await answered(world)
    world.breaks()
    found_bad, _ = await report_where(world, breach=3)
    world.recovers()
    report, evidence = await report_where(world, breach=3)
    before = await world.market.view.bond.bond_of(address(world.market.host.address))
    measured = await world.settled(report, evidence)
    await world.market.chain.finalize()
    credited = CREDIT * measured.leaf.breach
    after = await world.market.view.bond.bond_of(address(world.market.host.address))
    assert found_bad.root
    assert await world.market.view.bond.claimable(customer) == credited
    assert (before.total - after.total, before.reserved - after.reserved) == (credited, credited)
    await world.market.do(customer, "bond", "claim")
    await world.market.chain.finalize()
    assert await world.market.view.bond.claimable(customer) == Wei(0)
    told = await verified(world, report, evidence)
    assert told.splitlines()[-1] == "equal", told


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (status(500), "http_error"),
        (status(401), "unauthorized"),
        (after(1), "too_late"),
        (another_answer, "wrong_answer"),
        (reset, "unreachable"),
    ],
    ids=["dead backend", "token refused", "slow", "another model", "connection broken"],
)
async def test_what_is_broken_but_looks_alive_is_bad_and_the_reason_is_kept(
    world: Outage, behave: Behave, reason: str
) -> None:
    await answered(world)
    world.endpoint.behave = behave
    await seen(world, reason)


async def test_each_watcher_shows_what_it_sees_of_the_endpoint_now_signed_by_its_key(
    world: Outage,
) -> None:
    now = time.time()
    up = [await live_where(world, one, passed=True) for one in world.watching]
    assert {one.watcher for one in up} == {address(key.address) for key in world.market.watchers}
    assert all(one.time >= one.endpoints[world.lease].at > now for one in up)
    world.breaks()
    down = [await live_where(world, one, passed=False) for one in world.watching]
    assert all(one.endpoints[world.lease].failures >= 1 for one in down)


async def test_a_frames_report_is_verified_from_the_watchers_that_run(world: Outage) -> None:
    await answered(world)
    report, _ = await report_where(world, breach=0, through=15)
    frame = "--frame", str(report.ref.frame)
    every = [f"--from={one.url}" for one in world.watching]
    for words in (every[:1], every, [*every, *beside_the_chain(world)]):
        told = await verify(*frame, *words)
        assert f"data hash  {hexed(report.data_hash)}: equal" in told.splitlines(), told
        assert told.splitlines()[-1] == "equal", told


async def test_with_one_watcher_gone_the_others_report_and_nobody_is_charged(
    world: Outage,
) -> None:
    await answered(world)
    world.watching[0].process.kill()
    await world.watching[0].process.wait()
    _, evidence = await report_where(world, breach=0, through=15)
    measured = evidence.result.leases[world.lease]
    assert (measured.bad, measured.leaf.breach) == (0, 0)
    shown = {one.watcher for one in evidence.inputs.vectors}
    assert len(shown) == 2


async def test_a_watcher_whose_clock_is_behind_knows_nothing_and_the_others_report(
    tmp_path: Path,
) -> None:
    async with outage(tmp_path, off_seconds={OFF: -5}) as world:
        await answered(world)
        _, evidence = await report_where(world, breach=0, through=15, by=all_but(world, OFF))
        rows = rows_of(world.watching[OFF])
        off = address(world.market.watchers[OFF].address)
    assert {(row["verdict"], row["reason"]) for row in rows} == {("u", "clock_off")}
    assert set(letters(evidence, world).get(off, "u")) == {"u"}
    assert evidence.result.leases[world.lease].bad == 0


async def test_a_watcher_whose_clock_is_ahead_charges_nobody_and_stops_no_report(
    tmp_path: Path,
) -> None:
    """The newest block may be as old as it looks: nobody can tell, and it takes part."""
    async with outage(tmp_path, off_seconds={OFF: 5}) as world:
        await answered(world)
        _, evidence = await report_where(world, breach=0, through=15, by=all_but(world, OFF))
        rows = rows_of(world.watching[OFF])
    assert {row["verdict"] for row in rows} <= {"g", "u"}
    assert {row["reason"] for row in rows}.isdisjoint({"clock_off"})
    assert evidence.result.leases[world.lease].bad == 0


def all_but(world: Outage, place: int) -> set[str]:
    """Return the addresses of the other watchers."""
    every = [address(one.address) for one in world.market.watchers]
    return set(every) - {every[place]}


def rows_of(one: Watching) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(one.ledger)]


def letters(evidence: Evidence, world: Outage) -> dict[str, str]:
    """Return by its address what each watcher showed of the lease in a frame."""
    return {
        one.watcher: vector_of(one.text).leases.get(world.lease, "")
        for one in evidence.inputs.vectors
    }
