"""The chain that demo and scenarios settle on: a real node, a block each second, until taken down.

It belongs to the clusters that it is made for: others begin anew. What it knows is on the disk
every 20 s, so a node that was killed goes on near where it was.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests
from eth_account import Account

from cluster import steps
from cluster.ports import free_port
from federation.polling import eventually
from modelbond.adapters.chain.chain import Chain as View
from modelbond.adapters.chain.deployment import Deployment
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc import Rpc, RpcAddress
from modelbond.runtime.clock import SystemClock

CONTRACTS = Path(__file__).parents[2] / "contracts"
ANVIL = CONTRACTS / "node_modules/.bin/anvil"
FORGE = CONTRACTS / "node_modules/.bin/forge"
FRAME_SECONDS, WINDOW_SECONDS, BLOCK_SECONDS = 30, 30, 1
STARTED_WITHIN_SECONDS = 30
_WITH_PID = 'echo $$ > "$0" && exec "$@"'
# Anvil's own accounts: everybody knows their keys.
_MNEMONIC = "test test test test test test test test test test test junk"
_ROLES = (
    *("deployer", "attesting home", "attesting alpha", "attesting beta"),
    *("paying home", "paying alpha", "paying beta", "alpha", "beta", "customer"),
)
Account.enable_unaudited_hdwallet_features()

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One node with modelbond's contracts. `url` is for clusters and machine alike."""

    url: str
    folder: Path

    @property
    def deployment_file(self) -> Path:
        """Return the file that says where the contracts are."""
        return self.folder / "deployment.json"

    def ask(self, method: str, *params: object) -> Any:
        """Return the result of a JSON-RPC call; an error is an AssertionError."""
        request: Any = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = requests.post(self.url, json=request, timeout=30).json()
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def call(self, role: str, at: str, data: bytes) -> None:
        """Send a transaction of one of the roles, and wait until it is final."""
        call = {"from": address_of(role), "to": at, "data": f"0x{data.hex()}"}
        sent = self.ask("eth_sendTransaction", call)
        receipt = eventually(
            lambda: self.ask("eth_getTransactionReceipt", sent), bool, within_seconds=30
        )
        assert receipt["status"] == "0x1", f"{role}: the transaction reverted"
        block = int(receipt["blockNumber"], 16)
        eventually(self.finalized, lambda number: number >= block, within_seconds=30)

    def balance(self, role: str) -> int:
        """Return somebody's tokens, in the asset's smallest unit."""
        found: int = self.read(lambda view: view._asset.read("balanceOf", address_of(role)))
        return found

    def finalized(self) -> int:
        """Return the newest block that is final."""
        return int(self.ask("eth_getBlockByNumber", "finalized", False)["number"], 16)  # noqa: FBT003 - JSON-RPC

    def read(self, look: Callable[[View], Awaitable[Seen]]) -> Seen:
        """Return what the product's own adapter reads."""

        async def looked() -> Seen:
            deployment = Deployment.read(self.deployment_file)
            rpc = Rpc(RpcAddress(name="anvil", url=self.url))
            pool = RpcPool([rpc], chain_id=deployment.chain_id, clock=SystemClock())
            try:
                return await look(View(deployment, pool=pool))
            finally:
                await pool.close()

        return asyncio.run(looked())

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Freeze the node: connections stay open and nobody answers."""
        pid = _pid(self.folder)
        assert pid is not None, "the chain does not run"
        group = os.getpgid(pid)
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)


def key_of(role: str) -> str:
    """Return the private key of a role, as 64 hex digits."""
    return str(_account(role).key.hex()).removeprefix("0x")


def address_of(role: str) -> str:
    """Return the address of a role."""
    return str(_account(role).address)


def up(name: str, *, at: str, clusters: Sequence[str]) -> Chain:
    """Return the chain of these clusters, by their UIDs, under that name.

    One that does not run is started at this address, one that a killed test froze goes on.
    """
    folder = _folder(name)
    if not _belongs_to(clusters, folder=folder):
        down(name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clusters").write_text("\n".join(clusters))
    port_file = folder / "port"
    if not port_file.exists():
        port_file.write_text(str(free_port(at)))
    chain = Chain(url=f"http://{at}:{port_file.read_text()}", folder=folder)
    pid = _pid(folder)
    if pid is None:
        _start(chain, at=at, port=port_file.read_text())
    else:
        os.killpg(os.getpgid(pid), signal.SIGCONT)
    if not chain.deployment_file.exists():
        _deploy(chain)
    return chain


def spend(chain: Chain) -> None:
    """Say that what a test did to this chain cannot be mended: nobody else shall go on with it."""
    (chain.folder / "spent").touch()


def is_spent(name: str) -> bool:
    """Tell whether the chain of that name cannot be used again."""
    return (_folder(name) / "spent").exists()


def down(name: str) -> None:
    """Stop the chain of that name, and forget what happened on it."""
    folder = _folder(name)
    pid = _pid(folder)
    if pid is not None:
        os.killpg(os.getpgid(pid), signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def _belongs_to(clusters: Sequence[str], *, folder: Path) -> bool:
    file = folder / "clusters"
    return file.exists() and file.read_text() == "\n".join(clusters)


def _folder(name: str) -> Path:
    return steps.cache_root() / "chains" / name


def _account(role: str) -> Any:
    path = f"m/44'/60'/0'/0/{_ROLES.index(role)}"
    return Account.from_mnemonic(_MNEMONIC, account_path=path)


def _pid(folder: Path) -> int | None:
    """Return the process that serves this folder's chain; None where it ended."""
    try:
        pid = int((folder / "pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(folder).encode() in command else None


def _start(chain: Chain, *, at: str, port: str) -> None:
    command = [
        *(str(ANVIL), "--host", at, "--port", port, "--quiet"),
        *("--block-time", str(BLOCK_SECONDS), "--slots-in-an-epoch", "2"),
        *("--state", str(chain.folder / "state.json"), "--state-interval", "20"),
    ]
    # It outlives this process, so it is no child of it.
    apart = ["setsid", "--fork", "sh", "-c", _WITH_PID, str(chain.folder / "pid"), *command]
    with (chain.folder / "log").open("wb") as log:
        subprocess.run(apart, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
    eventually(
        lambda: chain.ask("eth_chainId"),
        lambda number: number == "0x7a69",
        within_seconds=STARTED_WITHIN_SECONDS,
    )


def _deploy(chain: Chain) -> None:
    """Deploy by the project's own script, with frames and windows of half a minute."""
    script = "script/local/DeployLocal.s.sol"
    steps.run(
        "Deploying the contracts",
        [
            *(str(FORGE), "script", script, "--rpc-url", chain.url, "--broadcast"),
            *("--unlocked", "--sender", address_of("deployer")),
        ],
        log=chain.folder / "deploy.log",
        env={
            "MODELBOND_FRAME_SECONDS": str(FRAME_SECONDS),
            "MODELBOND_WINDOW_SECONDS": str(WINDOW_SECONDS),
        },
        cwd=CONTRACTS,
        hint="is contracts/ compiled? `make compiled`",
    )
    deployed = int(chain.ask("eth_blockNumber"), 16)
    eventually(chain.finalized, lambda number: number >= deployed, within_seconds=30)
    shutil.copy(CONTRACTS / "deployments/31337.json", chain.deployment_file)
