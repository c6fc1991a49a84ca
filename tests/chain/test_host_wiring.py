"""A host's leases start where a chain and a key are configured, and nowhere else."""

import json
from pathlib import Path
from typing import Any

import pytest

from anvil.people import secret_of
from fakes.kube import FakeKube
from fakes.ports import FakeClock, FakeEvents, FakeInformers, FakeSupervisor
from modelbond.api.config import (
    BondConfig,
    ChainConfig,
    HostConfig,
    KeyConfig,
    OperatorConfig,
    RpcConfig,
)
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi
from modelbond.shell.host_role import host_role
from modelbond.shell.parts import Parts

HOST = HostConfig(owner="me", edge_image="edge:1")
TASKS = {"host-chain", "lease-watch", "host-treasury"}


def parts(chain: ChainConfig | None) -> Parts:
    def never(**_: Any) -> KubeApi:
        raise AssertionError("no home is joined")

    return Parts(
        config=OperatorConfig(
            roles=("host",), namespace="modelbond-system", host=HOST, chain=chain
        ),
        api=FakeKube(),
        connect=never,
        clock=FakeClock(),
        events=FakeEvents(),
        supervisor=FakeSupervisor(),  # type: ignore[arg-type]
        make_informer=FakeInformers(),
    )


@pytest.fixture
def chain(tmp_path: Path) -> ChainConfig:
    contract = "0x" + "11" * 20
    deployed = {
        "chainId": 31337,
        "modelBond": contract,
        "modelBondCodeHash": "0x" + "22" * 32,
        "watchTower": contract,
        "watchTowerCodeHash": "0x" + "22" * 32,
        "asset": contract,
    }
    (tmp_path / "deployment.json").write_text(json.dumps(deployed))
    (tmp_path / "url").write_text("http://127.0.0.1:1\n")
    (tmp_path / "key").write_text(secret_of("host").hex())
    return ChainConfig(
        deployment=str(tmp_path / "deployment.json"),
        ledgers=str(tmp_path / "ledgers"),
        rpcs=(RpcConfig(name="own", url_file=str(tmp_path / "url")),),
        host_key=KeyConfig(file=str(tmp_path / "key")),
        bond=BondConfig(target="5"),
    )


def test_a_chain_with_a_key_is_looked_at_and_acted_on(chain: ChainConfig) -> None:
    made = parts(chain)
    assert {served.name for served in host_role(made, HOST)} == {"home-cluster", "copy"}
    assert made.supervisor.running.keys() == TASKS  # type: ignore[comparison-overlap,attr-defined]


async def test_without_a_chain_or_a_key_nothing_of_it_runs(chain: ChainConfig) -> None:
    for config in (None, type(chain)(**{**fields(chain), "host_key": None})):
        made = parts(config)
        host_role(made, HOST)
        assert made.supervisor.running == {}  # type: ignore[comparison-overlap]


def test_a_key_that_cannot_be_read_is_said_at_the_start(chain: ChainConfig) -> None:
    Path(fields(chain)["host_key"].file).write_text("no key")
    with pytest.raises(Refused, match="staking key"):
        host_role(parts(chain), HOST)


def fields(config: ChainConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in config.__struct_fields__}
