"""An informer keeps a true copy through relists, gaps and failures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fakes.kube import FakeKube
from fakes.polling import until
from modelbond.api.kinds import LEASE, Json, key_of
from modelbond.errors import ApiUnreachable, Forbidden
from modelbond.runtime.clock import SystemClock
from modelbond.runtime.informer import InformerFactory, WatchingInformer
from modelbond.runtime.supervisor import TaskSupervisor


def lease(name: str, *, holder: str = "me", namespace: str = "hosts") -> Json:
    return {"metadata": {"namespace": namespace, "name": name}, "spec": {"holder": holder}}


class Watched:
    """A fake API server, an informer on its leases, and what the informer told."""

    def __init__(self) -> None:
        self.kube = FakeKube()
        self.told: list[tuple[str, bool]] = []
        self.syncs = 0
        self.callback_failures: list[Exception] = []
        self.informer: WatchingInformer = InformerFactory(clock=SystemClock())(
            self.kube,
            LEASE,
            on_change=self._changed,
            on_synced=self._synced,
            namespace="hosts",
        )

    def _changed(self, obj: Json, deleted: bool) -> None:  # noqa: FBT001 - the port's shape
        if self.callback_failures:
            raise self.callback_failures.pop()
        self.told.append((key_of(obj), deleted))

    def _synced(self) -> None:
        self.syncs += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        supervisor = TaskSupervisor(clock=SystemClock())
        supervisor.start("informer", self.informer.run)
        yield
        await supervisor.close(grace_seconds=5)


@pytest.fixture
def watched() -> Watched:
    return Watched()


async def test_what_exists_is_told_before_the_first_list_is_called_done(watched: Watched) -> None:
    watched.kube.put(LEASE, lease("a"))
    watched.kube.put(LEASE, lease("elsewhere", namespace="other"))

    async with watched.running():
        await until(lambda: watched.informer.synced)

    assert watched.told == [("hosts/a", False)]
    assert list(watched.informer.objects()) == ["hosts/a"]
    assert watched.syncs == 1


async def test_changes_and_deletions_arrive_by_the_watch(watched: Watched) -> None:
    async with watched.running():
        await until(lambda: watched.informer.synced)
        made = watched.kube.put(LEASE, lease("a"))
        await until(lambda: "hosts/a" in watched.informer.objects())
        await watched.kube.delete(LEASE, "a", namespace="hosts", uid=made["metadata"]["uid"])
        await until(lambda: not watched.informer.objects())

    assert watched.told == [("hosts/a", False), ("hosts/a", True)]
    assert watched.syncs == 1


async def test_a_deletion_in_a_gap_is_told_after_the_relist(watched: Watched) -> None:
    made = watched.kube.put(LEASE, lease("a"))
    watched.kube.put(LEASE, lease("b"))
    async with watched.running():
        await until(lambda: watched.informer.synced)
    watched.told.clear()
    await watched.kube.delete(LEASE, "a", namespace="hosts", uid=made["metadata"]["uid"])

    async with watched.running():
        await until(lambda: watched.syncs == 2)

    assert watched.told == [("hosts/a", True)]


async def test_an_object_made_anew_in_a_gap_is_told_as_gone_and_as_new(watched: Watched) -> None:
    made = watched.kube.put(LEASE, lease("a"))
    async with watched.running():
        await until(lambda: watched.informer.synced)
    watched.told.clear()
    await watched.kube.delete(LEASE, "a", namespace="hosts", uid=made["metadata"]["uid"])
    watched.kube.put(LEASE, lease("a"))

    async with watched.running():
        await until(lambda: watched.syncs == 2)

    assert watched.told == [("hosts/a", True), ("hosts/a", False)]


async def test_an_expired_watch_leads_to_a_new_list_and_is_no_failure(watched: Watched) -> None:
    watched.kube.put(LEASE, lease("a"))
    async with watched.running():
        await until(lambda: watched.informer.synced)
        watched.kube.put(LEASE, lease("b"))
        watched.kube.expire_history()
        watched.kube.put(LEASE, lease("c"))
        await until(lambda: len(watched.informer.objects()) == 3)

    assert watched.informer.failure is None


async def test_while_the_other_side_fails_the_last_copy_stays_and_the_reason_is_known(
    watched: Watched,
) -> None:
    watched.kube.put(LEASE, lease("a"))
    async with watched.running():
        await until(lambda: watched.informer.synced)
    watched.kube.fail(Forbidden("the token is worth nothing"), times=1_000)

    async with watched.running():
        await until(lambda: watched.informer.failure is not None)

        assert isinstance(watched.informer.failure, Forbidden)
        assert watched.informer.synced
        assert list(watched.informer.objects()) == ["hosts/a"]


async def test_after_failures_it_lists_again_by_itself(watched: Watched) -> None:
    watched.kube.put(LEASE, lease("a"))
    watched.kube.fail(ApiUnreachable("no route"), times=2)

    async with watched.running():
        await until(lambda: watched.informer.synced)

    assert watched.informer.failure is None


async def test_a_callback_that_raises_does_not_end_the_informer(watched: Watched) -> None:
    watched.callback_failures.append(KeyError("a bug of ours"))
    watched.kube.put(LEASE, lease("a"))

    async with watched.running():
        await until(lambda: watched.informer.synced)
        watched.kube.put(LEASE, lease("b"))
        await until(lambda: ("hosts/b", False) in watched.told)
