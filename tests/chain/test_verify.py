"""`modelbond verify` beside the deployed contracts: reports that are true, and quorums that lie."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anvil.market import FRAME, GUARDIAN, Market
from anvil.watched import Watched, block_of
from fakes.evidence import tallied, text_of
from fakes.file_server import serving
from modelbond.cli.main import main
from modelbond.verify.hashes import hex_hash
from modelbond.verify.report import read
from modelbond.verify.text import Values, canonical, shown

FACTS = ("first", "end", "settled", "announced")
GOOD, OUTAGE = "g" * 60, "g" * 20 + "b" * 20 + "g" * 20
OTHER = "0x" + "ab" * 32


class Verify:
    """The verb, beside one chain."""

    def __init__(self, watched: Watched, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._folder = capsys, folder
        deployment = str(watched.deployment_file(folder))
        self._rpc = ["--rpc", watched.market.chain.url]
        self.deployment = deployment

    def files(self, *evidence: Values, since: int | None = None) -> list[str]:
        """Return what is said of evidence in files."""
        paths = []
        for values in evidence:
            path = self._folder / f"{hex_hash(text_of(values))}.json"
            path.write_bytes(text_of(values))
            paths.append(str(path))
        return self(*paths, *([] if since is None else [f"--since={since}"]))

    def __call__(self, *words: str) -> list[str]:
        main(["verify", *words, *self._rpc, "--deployment", self.deployment])
        return self._capsys.readouterr().out.splitlines()


@pytest.fixture
async def watched(market: Market) -> Watched:
    return await Watched.begun(market)


@pytest.fixture
def verify(watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    return Verify(watched, tmp_path, capsys)


async def test_a_posted_report_is_equal_with_all_that_the_chain_says(
    watched: Watched, verify: Verify
) -> None:
    values = await watched.evidence(GOOD, OUTAGE)
    await watched.post(values)
    number = values["referenceBlock"]["number"]
    assert verify.files(values)[-7:] == [
        "code       of both contracts: equal to the deployment's",
        "posted     report 1, round 1: equal root, data hash and previous",
        f"block      {number}: equal, the last of the frame",
        f"table      4 watchers: equal to signersOf({values['frame']})",
        f"leases     2 leases: equal to the events up to block {number}",
        "credited   0 by then: equal",
        "equal",
    ]


async def test_a_report_after_a_settlement_is_equal_and_so_is_what_was_credited(
    watched: Watched, verify: Verify
) -> None:
    first = await watched.evidence(OUTAGE, GOOD)
    await watched.settle(watched.offers[0], first, await watched.post(first))
    second = await watched.evidence(GOOD, GOOD, after=first)
    await watched.post(second)
    lines = verify.files(first, second)
    assert "credited   0 by then: equal" in lines
    one = f"0x{watched.market.lease(watched.offers[0]).hex()}"
    _, _, breach = first["result"]["leases"][one]["leaf"]
    assert breach > 0
    credited = breach * watched.offers[0].credit_per_slice
    assert f"credited   {credited} by then: equal" in lines
    assert f"previous   frame {first['frame']}: equal, carried is its result" in lines
    assert lines[-1] == "equal"


async def test_a_lease_ends_where_its_cover_is_used_up_and_leaves_when_it_is_released(
    watched: Watched, verify: Verify
) -> None:
    other = watched.offers[1]
    lease = f"0x{watched.market.lease(other).hex()}"
    first = await watched.evidence(GOOD, OUTAGE)
    await watched.settle(other, first, await watched.post(first))
    second = await watched.evidence(GOOD, GOOD, after=first)
    facts, (through, _, breach) = second["leases"][lease], first["result"]["leases"][lease]["leaf"]
    assert (facts["end"], breach) == (facts["first"] + through, 1)
    await watched.post(second)
    await watched.release(other)
    await watched.market.chain.pass_by(FRAME)
    third = await watched.evidence(GOOD, after=second)
    assert lease not in third["result"]["leases"]
    await watched.post(third)
    lines = verify.files(first, second, third)
    assert f"credited   {other.cover} by then: equal" in lines
    assert [line for line in lines if line.startswith("leases")] == [
        f"leases     {said}: equal to the events up to block {values['referenceBlock']['number']}"
        for said, values in (("2 leases", first), ("2 leases", second), ("1 lease", third))
    ]
    assert lines[-1] == "equal"


async def test_a_node_that_is_asked_for_too_little_cannot_say_which_report_was_before(
    watched: Watched, verify: Verify, tmp_path: Path
) -> None:
    first = await watched.evidence(GOOD, GOOD)
    await watched.post(first)
    since = await watched.market.chain.head() + 1
    second = await watched.evidence(GOOD, GOOD, after=first)
    await watched.post(second)
    said = f"not checked: the report before was posted before block {since}"
    assert verify.files(second, since=since)[-1] == said
    verify.deployment = str(watched.deployment_file(tmp_path, block=since))
    assert verify.files(second)[-1] == said
    assert verify.files(second, since=0)[-1] == "equal"


async def test_another_contract_than_the_deployments_is_found_before_it_is_believed(
    watched: Watched, verify: Verify, tmp_path: Path
) -> None:
    values = await watched.evidence(GOOD, GOOD)
    await watched.post(values)
    deployment = watched.market.deployment
    for name, contract in (
        ("modelBond", deployment.model_bond),
        ("watchTower", deployment.watch_tower),
    ):
        verify.deployment = str(watched.deployment_file(tmp_path, **{f"{name}CodeHash": OTHER}))
        said = f"code of {contract.address}: 0x{contract.code_hash.hex()}, should be {OTHER}"
        assert verify.files(values)[-1] == f"differs: {said}"


async def test_a_report_that_may_still_vanish_is_not_checked(
    watched: Watched, verify: Verify
) -> None:
    values = await watched.evidence(GOOD, GOOD)
    await watched.post(values, final=False)
    said = f"not checked: the report on frame {values['frame']} is in no finalized block yet"
    assert verify.files(values)[-1] == said
    await watched.market.chain.finalize()
    assert verify.files(values)[-1] == "equal"


async def test_a_frames_report_is_the_one_on_chain_whatever_watchers_name(
    watched: Watched, verify: Verify
) -> None:
    values = await watched.evidence(GOOD, GOOD)
    await watched.post(values)
    served = {f"v1/evidence/{hex_hash(text_of(values))}": text_of(values)}
    with serving(served) as watcher:
        lines = verify("--frame", str(values["frame"]), "--from", watcher.url)
    assert lines[0] == f"evidence   {watcher.url}: served"
    assert lines[-1] == "equal"


async def test_a_report_that_was_vetoed_does_not_stand_and_the_one_before_does(
    watched: Watched, verify: Verify
) -> None:
    market = watched.market
    first = await watched.evidence(GOOD, GOOD)
    kept, kept_root = await watched.post(first), market.root
    second = await watched.evidence(GOOD, GOOD, after=first)
    vetoed = await watched.post(second)
    references = (vetoed.values(), market.root, kept.values(), kept_root)
    await market.do(GUARDIAN, "tower", "veto", *references)
    await market.chain.finalize()
    said = f"differs: frame: no report on frame {second['frame']} stands on chain"
    assert verify.files(second)[-1] == said
    assert verify.files(first)[-1] == "equal"


async def test_other_evidence_than_the_posted_is_found_by_root_and_data_hash(
    watched: Watched, verify: Verify
) -> None:
    values = await watched.evidence(GOOD, GOOD)
    posted, other = read(text_of(values)), tallied({**values, "vectors": values["vectors"][:2]})
    same_root = {**values, "referenceBlock": {**values["referenceBlock"], "hash": OTHER}}
    await watched.post(values)
    right, found = posted.root, read(text_of(other)).root
    assert verify.files(other)[-1] == f"differs: root: {found}, should be {right}"
    right, found = posted.data_hash, hex_hash(text_of(same_root))
    assert verify.files(same_root)[-1] == f"differs: data hash: {found}, should be {right}"


Lie = tuple[Callable[[Values], Any], str]


async def test_what_a_lying_quorum_says_of_the_chain_is_found_whatever_it_is(
    watched: Watched, verify: Verify
) -> None:
    market = watched.market
    first = await watched.evidence(OUTAGE, GOOD)
    await watched.settle(watched.offers[0], first, await watched.post(first))
    true = await watched.evidence(GOOD, GOOD, after=first)
    one, other = (f"0x{market.lease(offer).hex()}" for offer in watched.offers)
    facts, ends_at = true["leases"][one], (true["frame"] + 1) * FRAME
    announced = facts["announced"]
    number = true["referenceBlock"]["number"]
    left_out = {name: true["leases"][other][name] for name in FACTS}
    earlier = await block_of(market, number - 1)
    lies: list[Lie] = [
        (
            lambda lie: lie["leases"].pop(other),
            f"leases.{other}: is missing, should be {shown(left_out)}",
        ),
        (
            lambda lie: lie["leases"][one].update(end=facts["end"] - 1),
            f"leases.{one}.end: {facts['end'] - 1}, should be {facts['end']}",
        ),
        (
            lambda lie: lie["leases"][one].update(first=facts["first"] - 1),
            f"leases.{one}.first: {facts['first'] - 1}, should be {facts['first']}",
        ),
        (
            lambda lie: lie["leases"][one].update(announced=announced[:1]),
            f"leases.{one}.announced: {shown(announced[:1])}, should be {shown(announced)}",
        ),
        (
            lambda lie: lie["leases"][one].update(settled=[0, 0, 0]),
            f"leases.{one}.settled: [0, 0, 0], should be {shown(facts['settled'])}",
        ),
        (
            lambda lie: lie["table"][0].update(weight=2),
            "table[0].weight: 2, should be 1",
        ),
        (
            lambda lie: lie.update(table=lie["table"][:3], vectors=lie["vectors"][:3]),
            "members of the table: 3, should be 4",
        ),
        (
            lambda lie: lie["previous"].update(dataHash=OTHER),
            f"previous.dataHash: {OTHER}, should be {true['previous']['dataHash']}",
        ),
        (
            lambda lie: lie["referenceBlock"].update(hash=OTHER),
            f"referenceBlock.hash: {OTHER}, should be {true['referenceBlock']['hash']}",
        ),
        (
            lambda lie: lie.update(referenceBlock=earlier),
            f"referenceBlock.number: {number - 1}, should be later, before {ends_at}",
        ),
    ]
    for change, said in lies:
        lie: Values = json.loads(canonical(true))
        change(lie)
        snapshot, root, seq = await market.chain.snapshot(), market.root, market.seq
        await watched.post(tallied(lie))
        assert verify.files(tallied(lie))[-1] == f"differs: {said}"
        await market.chain.back_to(snapshot)
        market.root, market.seq = root, seq
