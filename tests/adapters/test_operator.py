"""The whole process, kopf included, against an API server that misbehaves."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from cluster.ports import free_port
from fakes.api_server import TOKEN, ApiServer
from fakes.home import Home, deployment
from fakes.lease_chain import PLACE
from fakes.leased import SLA, TERMS, LeasedHome, canaries_map, secret, signing_request
from fakes.polling import until
from modelbond.api.conditions import ConditionType, find
from modelbond.api.kinds import CONFIG_MAP, EVENT, HOST_CLUSTER, NAMESPACE, OUR_KINDS, SECRET

CONFIG = """
roles: [home, host]
namespace: modelbond-system
home: {namespaces: [models]}
host: {owner: alpha-labs, edgeImage: localhost/modelbond/operator:dev, readNodes: false}
"""
PROGRAM = """
import sys
from modelbond.shell.operator import run
sys.exit(run(sys.argv[1], health_port=int(sys.argv[2])))
"""


class Process:
    """A running operator: its health, its metrics, its logs and its end."""

    def __init__(self, process: asyncio.subprocess.Process, *, port: int) -> None:
        self.process = process
        self.port = port
        self.lines: list[dict[str, object]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(json.loads(line))

    async def asked(self, path: str) -> tuple[int, str]:
        """Return status and text; status 0 while nobody listens yet."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientConnectionError:
            return 0, ""

    async def until_answers(self, path: str, status: int) -> str:
        async with asyncio.timeout(30):
            while True:
                found, text = await self.asked(path)
                if found == status:
                    return text
                assert self.process.returncode is None, self.lines
                await asyncio.sleep(0.05)

    async def ended(self) -> int:
        code = await asyncio.wait_for(self.process.wait(), 20)
        await self._reading
        return code

    def messages(self) -> list[object]:
        return [line["message"] for line in self.lines]


@asynccontextmanager
async def operator(
    server: ApiServer, folder: Path, *, config: str = CONFIG
) -> AsyncIterator[Process]:
    """Start the operator with a kubeconfig that leads to the server; kill it in the end."""
    (folder / "config.yaml").write_text(config)
    (folder / "kubeconfig").write_text(kubeconfig(server))
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        str(folder / "config.yaml"),
        str(port),
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "KUBECONFIG": str(folder / "kubeconfig"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    running = Process(process, port=port)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await running.ended()


def kubeconfig(server: ApiServer) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [
                {"name": "test", "cluster": {"server": f"http://127.0.0.1:{server.port}"}}
            ],
            "users": [{"name": "test", "user": {"token": TOKEN}}],
        }
    )


async def test_it_becomes_ready_shows_metrics_and_ends_cleanly_on_sigterm(
    server: ApiServer, tmp_path: Path
) -> None:
    server.kube.put(HOST_CLUSTER, {"metadata": {"name": "alpha"}, "spec": {}})
    async with operator(server, tmp_path) as running:
        await running.until_answers("/readyz", 200)

        assert (await running.asked("/healthz"))[0] == 200
        metrics = await running.until_answers("/metrics", 200)
        for name in (
            "workqueue_depth",
            "workqueue_adds_total",
            "controller_runtime_reconcile_total",
            "rest_client_requests_total",
            "modelbond_loop_lag_seconds",
        ):
            assert name in metrics

        running.process.send_signal(signal.SIGTERM)
        began = asyncio.get_running_loop().time()
        assert await running.ended() == 0
        assert asyncio.get_running_loop().time() - began < 5
        assert running.messages()[-1] == "stopped"


async def test_until_all_four_kinds_are_served_it_lives_but_is_not_ready(
    server: ApiServer, tmp_path: Path
) -> None:
    server.served.remove("homeclusters")
    async with operator(server, tmp_path) as running:
        await running.until_answers("/healthz", 200)
        await until(lambda: "waiting for the CRDs to be served" in running.messages())
        status, complaint = await running.asked("/readyz")
        assert status == 503
        assert "first list of homeclusters is not done" in complaint
        assert server.count("GET", "hostclusters") == 0

        server.served |= {kind.plural for kind in OUR_KINDS}

        await running.until_answers("/readyz", 200)


async def test_a_sigterm_while_it_waits_for_the_kinds_ends_it_too(
    server: ApiServer, tmp_path: Path
) -> None:
    server.served.clear()
    async with operator(server, tmp_path) as running:
        await running.until_answers("/healthz", 200)

        running.process.send_signal(signal.SIGTERM)

        assert await running.ended() == 0


async def test_when_kopf_dies_the_process_ends_with_a_failure(
    server: ApiServer, tmp_path: Path
) -> None:
    async with operator(server, tmp_path) as running:
        await running.until_answers("/readyz", 200)
        server.trouble(404, path="hostclusters", times=1_000)

        server.cut_watches()

        assert await running.ended() == 1
        assert "kopf died, the process ends" in running.messages()


async def test_a_wrong_configuration_is_refused_before_anything_starts(
    server: ApiServer, tmp_path: Path
) -> None:
    async with operator(server, tmp_path) as running:
        await running.until_answers("/healthz", 200)
        (tmp_path / "wrong.yaml").write_text("roles: [house]\nnamespace: a")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "modelbond",
            "operator",
            "--config",
            str(tmp_path / "wrong.yaml"),
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        _, stderr = await process.communicate()

        assert process.returncode == 2
        assert "configuration, roles[0]: Invalid enum value 'house'" in stderr.decode()


class Alpha:
    """A host that is alive: it renews its Lease each moment and accepts what it is asked."""

    def __init__(self, server: ApiServer) -> None:
        self.home = Home(api=server.kube)
        self.home.invites("alpha")
        self.home.reports("alpha")
        self._living = asyncio.create_task(self._live())

    async def _live(self) -> None:
        while True:
            self.home.renews("alpha")
            await asyncio.sleep(0.5)

    async def gets_an_order_for(self, name: str) -> None:
        def names() -> list[str]:
            return [order["spec"]["deployment"]["name"] for order in self.home.orders_at("alpha")]

        await until(lambda: name in names(), within_seconds=20)

    def is_scheduled(self, name: str) -> bool:
        conditions = self.home.status(name).get("conditions", [])
        scheduled = find(conditions, ConditionType.SCHEDULED)
        return scheduled is not None and scheduled["status"] == "True"

    def dies(self) -> None:
        self._living.cancel()


@pytest.fixture
async def alpha(server: ApiServer) -> AsyncIterator[Alpha]:
    made = Alpha(server)
    yield made
    made.dies()


async def test_a_deployment_becomes_an_order_for_its_host_and_says_so(
    server: ApiServer, alpha: Alpha, tmp_path: Path
) -> None:
    async with operator(server, tmp_path):
        alpha.home.applies(deployment("llama"))

        await alpha.gets_an_order_for("llama")

        await until(lambda: "Placed" in [x["reason"] for x in server.kube.objects(EVENT).values()])
        await until(lambda: alpha.is_scheduled("llama"))
        assert server.kube.names(SECRET) == ["modelbond-system/modelbond-ca", "models/llama-client"]


async def test_what_was_applied_while_the_operator_was_down_is_placed_after_the_start(
    server: ApiServer, alpha: Alpha, tmp_path: Path
) -> None:
    alpha.home.applies(deployment("llama"))

    async with operator(server, tmp_path):
        await alpha.gets_an_order_for("llama")


def with_a_chain(folder: Path) -> str:
    """Return a configuration with a chain of which no RPC answers."""
    hashes = {"modelBondCodeHash": "11" * 32, "watchTowerCodeHash": "22" * 32}
    places = {"modelBond": PLACE.bond, "watchTower": PLACE.tower, "asset": PLACE.asset}
    deployed = json.dumps({"chainId": PLACE.chain_id, **places, **hashes})
    (folder / "deployment.json").write_text(deployed)
    (folder / "rpc").write_text("http://127.0.0.1:9")
    chain = {
        "deployment": str(folder / "deployment.json"),
        "ledgers": str(folder / "ledgers"),
        "rpcs": [{"name": "gone", "urlFile": str(folder / "rpc")}],
        "pollSeconds": 0.2,
    }
    return f"{CONFIG}chain: {json.dumps(chain)}\n"


async def test_with_a_chain_that_is_gone_leases_are_asked_for_and_all_else_goes_on(
    server: ApiServer, alpha: Alpha, tmp_path: Path
) -> None:
    home = LeasedHome(api=server.kube)
    home.api.put(NAMESPACE, {"metadata": {"name": "kube-system"}})
    home.api.put(CONFIG_MAP, canaries_map())
    home.api.put(SECRET, secret("wallet", key="11" * 32))
    home.request = signing_request()

    def bond() -> object:
        return find(home.status().get("conditions", []), ConditionType.BOND_ACTIVE)

    async with operator(server, tmp_path, config=with_a_chain(tmp_path)) as running:
        home.applies(deployment(sla=SLA, lease=TERMS))
        await alpha.gets_an_order_for("llama")
        home.says_so()
        await until(lambda: "lease" in home.order_at("alpha")["spec"], within_seconds=20)
        home.offers()
        await until(lambda: "'ChainUnreachable'" in str(bond()), within_seconds=20)
        home.says_so()
        await until(
            lambda: home.condition(ConditionType.ENDPOINT_READY)["status"] == "True",
            within_seconds=20,
        )
        running.process.send_signal(signal.SIGTERM)
        assert await running.ended() == 0


Misbehave = Callable[[ApiServer], None]


def breaks_watches(server: ApiServer) -> None:
    server.cut_watches()


def forgets_its_history(server: ApiServer) -> None:
    server.kube.expire_history()
    server.cut_watches()


def answers_500(server: ApiServer) -> None:
    server.trouble(500, times=20)
    server.cut_watches()


def refuses_writes_at_first(server: ApiServer) -> None:
    server.trouble(503, method="POST", path="modelplacements", times=3)
    server.trouble(409, method="PATCH", times=5)


def is_overloaded(server: ApiServer) -> None:
    server.trouble(429, headers={"Retry-After": "1"}, times=10)
    server.cut_watches()


def answers_slowly(server: ApiServer) -> None:
    server.trouble(wait_seconds=1, times=10)


def drops_connections(server: ApiServer) -> None:
    server.trouble(times=10)
    server.cut_watches()


@pytest.mark.parametrize(
    "misbehave",
    [
        breaks_watches,
        forgets_its_history,
        answers_500,
        refuses_writes_at_first,
        is_overloaded,
        answers_slowly,
        drops_connections,
    ],
)
async def test_a_deployment_is_placed_once_though_the_api_server_misbehaves(
    server: ApiServer, alpha: Alpha, tmp_path: Path, misbehave: Misbehave
) -> None:
    async with operator(server, tmp_path) as running:
        await running.until_answers("/readyz", 200)

        misbehave(server)
        alpha.home.applies(deployment("llama"))
        await alpha.gets_an_order_for("llama")

        await until(lambda: alpha.is_scheduled("llama"))
        assert len(alpha.home.orders_at("alpha")) == 1
        assert (await running.asked("/healthz"))[0] == 200
