"""Informers over HTTP: whatever the API server does in between, the copy becomes right again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kubernetes.aio.client.configuration import Configuration

from fakes.api_server import TOKEN, ApiServer
from fakes.polling import until
from modelbond.adapters.credentials import GivenToken
from modelbond.adapters.kubernetes import KubernetesApi
from modelbond.adapters.transport import Transport
from modelbond.api.kinds import LEASE, Json
from modelbond.errors import ApiUnreachable, Unauthorized
from modelbond.runtime.clock import SystemClock
from modelbond.runtime.informer import InformerFactory, WatchingInformer
from modelbond.runtime.supervisor import TaskSupervisor


def lease(name: str, *, holder: str = "me") -> Json:
    return {"metadata": {"namespace": "hosts", "name": name}, "spec": {"holder": holder}}


class Listening:
    """An informer on the leases of an API server over HTTP."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.api = KubernetesApi(
            Transport(
                Configuration(host=f"http://127.0.0.1:{server.port}"),
                credential=GivenToken(TOKEN),
                deadline_seconds=1,
            ),
            inactivity_seconds=0.5,
        )
        self.informer: WatchingInformer = InformerFactory(clock=SystemClock())(
            self.api, LEASE, on_change=lambda _obj, _deleted: None, namespace="hosts"
        )
        self.supervisor = TaskSupervisor(clock=SystemClock())

    async def start(self) -> None:
        self.supervisor.start("informer", self.informer.run)
        await until(lambda: self.informer.synced)

    async def close(self) -> None:
        await self.supervisor.close(grace_seconds=5)
        await self.api.close()

    def is_right(self) -> bool:
        truth = {key: obj["spec"] for key, obj in self.server.kube.objects(LEASE).items()}
        return truth == {key: obj["spec"] for key, obj in self.informer.objects().items()}


@pytest.fixture
async def listening(server: ApiServer) -> AsyncIterator[Listening]:
    made = Listening(server)
    await made.start()
    yield made
    await made.close()


async def test_a_watch_that_the_server_ends_is_taken_up_where_it_was_without_a_new_list(
    server: ApiServer,
) -> None:
    server.watch_seconds = 0.1
    listening = Listening(server)
    await listening.start()

    def watches() -> list[str]:
        return [x.query["resourceVersion"] for x in server.seen if "watch" in x.query]

    server.kube.put(LEASE, lease("a"))
    await until(listening.is_right)
    await until(lambda: watches()[-1] == "1")
    server.kube.put(LEASE, lease("b"))
    await until(listening.is_right)

    assert sum("watch" not in x.query for x in server.seen) == 1
    await listening.close()


async def test_a_stream_that_falls_silent_is_noticed_and_what_it_missed_is_found(
    server: ApiServer, listening: Listening
) -> None:
    server.silent = True
    server.kube.put(LEASE, lease("missed"))

    await until(lambda: isinstance(listening.informer.failure, ApiUnreachable))
    await until(listening.is_right)


async def test_a_token_that_is_worth_nothing_keeps_the_copy_and_says_why(
    server: ApiServer, listening: Listening
) -> None:
    server.kube.put(LEASE, lease("a"))
    await until(listening.is_right)

    server.token = "another"  # noqa: S105 - nothing is protected by it
    server.cut_watches()

    await until(lambda: isinstance(listening.informer.failure, Unauthorized))
    assert list(listening.informer.objects()) == ["hosts/a"]


Step = Callable[[ApiServer], None]
STEPS: dict[str, Step] = {
    "put a": lambda server: void(server.kube.put(LEASE, lease("a", holder="first"))),
    "change a": lambda server: void(server.kube.put(LEASE, lease("a", holder="second"))),
    "put b": lambda server: void(server.kube.put(LEASE, lease("b"))),
    "delete a": lambda server: delete(server, "a"),
    "cut": lambda server: server.cut_watches(),
    "expire": lambda server: server.kube.expire_history(),
    "500": lambda server: server.trouble(500, times=2),
    "429": lambda server: server.trouble(429, headers={"Retry-After": "0"}, times=2),
    "reset": lambda server: server.trouble(times=2),
    "slow": lambda server: server.trouble(wait_seconds=0.05, times=2),
    "silence": lambda server: setattr(server, "silent", True),
    "speech": lambda server: setattr(server, "silent", False),
}


def void(_: object) -> None:
    """Forget what a step returned."""


def delete(server: ApiServer, name: str) -> None:
    held = server.kube.stored.get(("leases", f"hosts/{name}"))
    if held is not None:
        server.kube._remove(("leases", f"hosts/{name}"), kind=LEASE)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=2, max_size=8))
@example(steps=["put a", "silence", "delete a", "expire"])
@example(steps=["put a", "silence", "change a", "put b", "expire", "500"])
@example(steps=["put a", "reset", "cut", "delete a", "put a", "429"])
def test_after_any_sequence_of_changes_and_faults_the_copy_is_right(steps: list[str]) -> None:
    asyncio.run(after(steps))


async def after(steps: list[str]) -> None:
    async with ApiServer().running() as server:
        listening = Listening(server)
        try:
            await listening.start()
            await through(steps, server, listening)
        finally:
            await listening.close()


async def through(steps: list[str], server: ApiServer, listening: Listening) -> None:
    for step in steps:
        STEPS[step](server)
        with suppress(TimeoutError):  # the informer takes part, as far as the step lets it
            await until(listening.is_right, within_seconds=0.1)
    server.peace()
    await until(listening.is_right, within_seconds=15)
