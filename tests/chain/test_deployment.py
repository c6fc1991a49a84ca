"""What stands where: read from a deployment's file, compared with the chain before any send."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anvil.market import Market
from anvil.writers import pool_of
from fakes.offers import account
from modelbond.adapters.chain.chain import Chain
from modelbond.adapters.chain.deployment import Deployed, Deployment
from modelbond.errors import Refused, Reverted, WrongCode
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import Wei

FILE = {
    "asset": account("asset"),
    "chainId": 31337,
    "modelBond": account("bond"),
    "modelBondCodeHash": f"0x{keccak(b'bond').hex()}",
    "timelock": account("timelock"),
    "watchTower": account("tower"),
    "watchTowerCodeHash": f"0x{keccak(b'tower').hex()}",
}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "31337.json"
    path.write_text(json.dumps({**FILE, **changes}))
    return path


def test_a_deployments_file_names_contracts_and_their_code(tmp_path: Path) -> None:
    deployment = Deployment.read(written(tmp_path))
    assert deployment.chain_id == 31337
    assert deployment.watch_tower == Deployed(address=account("tower"), code_hash=keccak(b"tower"))
    assert deployment.code_hashes == {
        account(name): keccak(name.encode()) for name in ("bond", "tower")
    }
    assert deployment.asset == account("asset")
    assert deployment.block == 0
    assert Deployment.read(written(tmp_path, block=4321)).block == 4321


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modelBondCodeHash": "0x12"}, "modelBondCodeHash must be 64 hex digits"),
        ({"watchTowerCodeHash": "z" * 64}, "watchTowerCodeHash must be 64 hex digits"),
        ({"watchTower": "0x"}, "must be 0x and 40 hex digits"),
        ({"chainId": "1"}, "chainId"),
        ({"asset": None}, "asset"),
        ({"block": -1}, "block"),
        ({"block": "1"}, "block"),
    ],
)
def test_a_file_that_says_something_else_is_refused_by_the_name_of_it(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        Deployment.read(written(tmp_path, **changes))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"absent\.json"):
        Deployment.read(tmp_path / "absent.json")


async def test_nothing_is_sent_where_other_code_stands(market: Market, tmp_path: Path) -> None:
    await market.chain.mine(8)
    wrong = replace(market.deployment.model_bond, code_hash=keccak(b"another"))
    view = Chain(replace(market.deployment, model_bond=wrong), pool=market.pool)
    async with view.acting(market.host, ledgers=tmp_path) as acting:
        with pytest.raises(
            WrongCode, match=f"the code at {wrong.address} is another one"
        ) as caught:
            await acting.bond.bond(Wei(1), once="first")
        assert caught.value.found == market.deployment.model_bond.code_hash
        assert not await acting.writer.begun("bond/1/first")


async def test_nothing_is_sent_where_the_code_is_not_final_yet(
    market: Market, tmp_path: Path
) -> None:
    await market.chain.mine(8)
    bond = market.deployment.model_bond
    code = await market.chain.ask("eth_getCode", bond.address, "latest")
    copy = account("copy")
    await market.chain.ask("anvil_setCode", copy, code)
    await market.chain.mine()
    moved = Deployed(address=copy, code_hash=bond.code_hash)
    view = Chain(replace(market.deployment, model_bond=moved), pool=market.pool)
    async with view.acting(market.host, ledgers=tmp_path) as acting:
        with pytest.raises(WrongCode):
            await acting.bond.withdraw_bond(Wei(1), once="first")
        await market.chain.mine(8)
        with pytest.raises(Reverted, match="BondTooSmall"):
            await acting.bond.withdraw_bond(Wei(1), once="first")


async def test_no_token_is_approved_but_the_one_that_the_checked_contract_names(
    market: Market, tmp_path: Path
) -> None:
    await market.chain.mine(8)
    view = Chain(replace(market.deployment, asset=account("fake")), pool=market.pool)
    call = view._asset.call("approve", market.deployment.model_bond.address, 1)
    async with view.acting(market.host, ledgers=tmp_path) as acting:
        with pytest.raises(Refused, match=f"is for the asset {market.deployment.asset}, not"):
            await acting.writer.intend(call, once="approve")


async def test_a_pool_of_another_chain_does_not_go_with_a_deployment(market: Market) -> None:
    pool = pool_of(market.chain.url)
    with pytest.raises(Refused, match="the RPCs are for 31337, the deployment for 1"):
        Chain(replace(market.deployment, chain_id=1), pool=pool)
    await pool.close()
