"""The operator's configuration leads to one chain, or says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.offers import account
from fakes.ports import FakeClock
from modelbond.adapters.chain.configured import configured
from modelbond.api.config import ChainConfig, KeyConfig, RpcConfig
from modelbond.errors import Refused

TOWER = account("tower")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    hashes = {"modelBondCodeHash": "0x" + "11" * 32, "watchTowerCodeHash": "0x" + "22" * 32}
    places = {"modelBond": account("bond"), "watchTower": TOWER, "asset": account("asset")}
    text = json.dumps({"chainId": 31337, **places, **hashes})
    (tmp_path / "deployment.json").write_text(text)
    (tmp_path / "own").write_text("https://rpc.example.org/secret-key\n")
    return tmp_path


def config(folder: Path, **changes: Any) -> ChainConfig:
    facts: dict[str, Any] = {
        "deployment": str(folder / "deployment.json"),
        "ledgers": str(folder / "ledgers"),
        "rpcs": (RpcConfig(name="own", url_file=str(folder / "own")),),
        "host_key": KeyConfig(file=str(folder / "key")),
    }
    return ChainConfig(**{**facts, **changes})


def test_the_deployments_contracts_and_tower_are_meant(folder: Path) -> None:
    made = configured(config(folder), clock=FakeClock())
    assert made.place.chain_id == 31337
    assert (made.place.bond, made.place.asset) == (account("bond"), account("asset"))
    assert made.place.tower == TOWER
    assert made.ledgers.is_dir()
    assert made.pool.chain_id == 31337


def test_a_tower_that_is_not_allowed_is_refused(folder: Path) -> None:
    assert configured(config(folder, towers=(TOWER.upper().replace("X", "x"),)), clock=FakeClock())
    with pytest.raises(Refused, match=r"chain\.towers: the deployment's tower 0x"):
        configured(config(folder, towers=(account("other"),)), clock=FakeClock())


def test_a_file_that_is_wrong_is_named_and_its_content_is_not(folder: Path) -> None:
    (folder / "own").write_text("ws://rpc.example.org/secret-key")
    with pytest.raises(Refused, match="own holds no http or https URL") as refusal:
        configured(config(folder), clock=FakeClock())
    assert "secret-key" not in str(refusal.value)
    (folder / "own").unlink()
    with pytest.raises(Refused, match="own: FileNotFoundError"):
        configured(config(folder), clock=FakeClock())
    with pytest.raises(Refused, match="deployment: "):
        configured(config(folder, deployment=str(folder / "none")), clock=FakeClock())
