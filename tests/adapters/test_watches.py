"""Watches over HTTP: what they tell, and how they end."""

import asyncio

import pytest

from fakes.api_server import ApiServer
from fakes.polling import until
from modelbond.adapters.kubernetes import KubernetesApi
from modelbond.api.kinds import HOST_CLUSTER, LEASE, Json, key_of
from modelbond.errors import (
    ApiOverloaded,
    ApiUnreachable,
    Expired,
    Forbidden,
    ModelbondError,
    Unauthorized,
)
from modelbond.ports.cluster import Changed


class Following:
    """A watch that runs in the background, and what it has seen."""

    def __init__(self, api: KubernetesApi, *, since: str, **selection: str) -> None:
        self.changes: list[Changed] = []
        self.task = asyncio.create_task(self._follow(api, since, selection))

    async def _follow(self, api: KubernetesApi, since: str, selection: dict[str, str]) -> None:
        async for change in api.watch(LEASE, since=since, **selection):
            self.changes.append(change)

    def news(self) -> list[tuple[str, str]]:
        return [(x.type, key_of(x.obj)) for x in self.changes if x.type != "BOOKMARK"]

    async def failure(self) -> BaseException | None:
        await asyncio.wait({self.task}, timeout=10)
        assert self.task.done()
        return self.task.exception()


def lease(name: str) -> Json:
    return {"metadata": {"namespace": "hosts", "name": name}}


async def test_a_watch_tells_what_happens_after_the_list(
    api: KubernetesApi, server: ApiServer
) -> None:
    server.kube.put(LEASE, lease("before"))
    listed = await api.list(LEASE, namespace="hosts")
    watch = Following(api, since=listed.resource_version, namespace="hosts")

    made = server.kube.put(LEASE, lease("a"))
    server.kube.put(LEASE, {**lease("a"), "spec": {"holder": "me"}})
    await server.kube.delete(LEASE, "a", namespace="hosts", uid=made["metadata"]["uid"])

    await until(lambda: len(watch.news()) == 3)
    kinds_of_change = [kind for kind, _ in watch.news()]
    assert kinds_of_change == ["ADDED", "MODIFIED", "DELETED"]
    watch.task.cancel()


async def test_a_watch_of_one_name_tells_of_no_other(api: KubernetesApi, server: ApiServer) -> None:
    watch = Following(api, since="0", namespace="hosts", name="b")

    server.kube.put(LEASE, lease("a"))
    server.kube.put(LEASE, lease("b"))

    await until(lambda: watch.news() == [("ADDED", "hosts/b")])
    watch.task.cancel()


async def test_bookmarks_carry_the_version_on_while_nothing_else_happens(
    api: KubernetesApi, server: ApiServer
) -> None:
    watch = Following(api, since="0", namespace="hosts")
    server.kube.put(HOST_CLUSTER, {"metadata": {"name": "another-kind"}})

    await until(lambda: len(watch.changes) >= 2)

    assert {change.type for change in watch.changes} == {"BOOKMARK"}
    assert watch.changes[-1].obj["metadata"]["resourceVersion"] == "1"
    watch.task.cancel()


async def test_a_watch_from_too_long_ago_has_expired(api: KubernetesApi, server: ApiServer) -> None:
    server.kube.put(LEASE, lease("a"))
    server.kube.expire_history()

    assert isinstance(await Following(api, since="0").failure(), Expired)


async def test_a_silent_watch_is_given_up(api: KubernetesApi, server: ApiServer) -> None:
    server.silent = True

    failure = await Following(api, since="0").failure()

    assert isinstance(failure, ApiUnreachable)
    assert "silent for 0.5 s" in str(failure)


async def test_a_watch_that_is_cut_in_the_middle_is_unreachable(
    api: KubernetesApi, server: ApiServer
) -> None:
    watch = Following(api, since="0")
    server.kube.put(LEASE, lease("a"))
    await until(watch.news)

    server.cut_watches()

    assert isinstance(await watch.failure(), ApiUnreachable)


@pytest.mark.parametrize(
    ("status", "error"), [(401, Unauthorized), (403, Forbidden), (429, ApiOverloaded)]
)
async def test_a_watch_that_is_refused_says_why(
    api: KubernetesApi, server: ApiServer, status: int, error: type[ModelbondError]
) -> None:
    server.trouble(status)

    assert type(await Following(api, since="0").failure()) is error
