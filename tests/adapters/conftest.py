"""The Kubernetes client with short deadlines, before an API server that misbehaves on demand."""

from collections.abc import AsyncIterator

import pytest
from kubernetes.aio.client.configuration import Configuration

from fakes.api_server import TOKEN, ApiServer
from modelbond.adapters.credentials import GivenToken
from modelbond.adapters.kubernetes import KubernetesApi
from modelbond.adapters.transport import Transport


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with ApiServer().running() as made:
        yield made


@pytest.fixture
async def api(server: ApiServer) -> AsyncIterator[KubernetesApi]:
    made = KubernetesApi(
        Transport(
            Configuration(host=f"http://127.0.0.1:{server.port}"),
            credential=GivenToken(TOKEN),
            deadline_seconds=2,
        ),
        inactivity_seconds=0.5,
    )
    yield made
    await made.close()
