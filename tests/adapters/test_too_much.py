"""A stranger's API server may answer without end: what is taken from it is bounded."""

from collections.abc import AsyncIterator

import pytest
from kubernetes.aio.client.configuration import Configuration

from fakes.api_server import TOKEN, ApiServer
from modelbond.adapters.credentials import GivenToken
from modelbond.adapters.kubernetes import KubernetesApi
from modelbond.adapters.transport import Transport
from modelbond.api.kinds import LEASE, Json
from modelbond.errors import ApiBroken, Expired

BOUND_BYTES = 100_000


@pytest.fixture
async def wary(server: ApiServer) -> AsyncIterator[KubernetesApi]:
    configuration = Configuration(host=f"http://127.0.0.1:{server.port}")
    transport = Transport(
        configuration, credential=GivenToken(TOKEN), longest_answer_bytes=BOUND_BYTES
    )
    made = KubernetesApi(transport, most_bytes=BOUND_BYTES)
    yield made
    await made.close()


def lease(name: str, *, size: int = 10) -> Json:
    return {"metadata": {"namespace": "hosts", "name": name}, "spec": {"holder": "x" * size}}


async def test_an_answer_without_end_is_given_up(wary: KubernetesApi, server: ApiServer) -> None:
    server.kube.put(LEASE, lease("large", size=BOUND_BYTES))
    with pytest.raises(ApiBroken, match="an answer of more than"):
        await wary.list(LEASE, namespace="hosts")


async def test_a_list_of_pages_without_end_is_given_up(
    wary: KubernetesApi, server: ApiServer
) -> None:
    for number in range(501):
        server.kube.put(LEASE, lease(f"lease-{number}"))
    with pytest.raises(ApiBroken, match="a list of more than"):
        await wary.list(LEASE, namespace="hosts")


async def test_a_watch_that_brought_much_is_listed_anew(
    wary: KubernetesApi, server: ApiServer
) -> None:
    since = (await wary.list(LEASE, namespace="hosts")).resource_version
    for number in range(3):
        server.kube.put(LEASE, lease(f"lease-{number}", size=BOUND_BYTES // 2))
    with pytest.raises(Expired):
        async for _ in wary.watch(LEASE, since=since, namespace="hosts"):
            pass
