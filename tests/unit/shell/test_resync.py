"""Our own look at the four kinds: readiness, missed deletions, and the periodic round."""

from collections.abc import AsyncIterator

import pytest

from fakes.kube import FakeKube
from fakes.polling import until
from fakes.ports import FakeClock
from modelbond.api.kinds import HOST_CLUSTER, OUR_KINDS, Json, key_of
from modelbond.errors import ApiUnreachable
from modelbond.ports.process import Done, Outcome
from modelbond.runtime.cache import Cache
from modelbond.runtime.clock import SystemClock
from modelbond.runtime.supervisor import TaskSupervisor
from modelbond.runtime.work_queue import WorkQueue
from modelbond.shell.parts import Router, Served
from modelbond.shell.resync import Resync


class Idle:
    async def reconcile(self, key: str) -> Outcome:
        del key
        return Done()


class World:
    def __init__(self) -> None:
        self.kube = FakeKube()
        self.caches = {kind: Cache() for kind in OUR_KINDS}
        self.queue = WorkQueue("hosts", clock=FakeClock())
        served = Served(
            name="hosts",
            queue=self.queue,
            controller=Idle(),
            keys={HOST_CLUSTER: lambda obj: [key_of(obj)]},
        )
        self.router = Router(caches=self.caches, served=[served])
        self.synced = 0
        self.resync = Resync(
            api=self.kube,
            caches=self.caches,
            router=self.router,
            on_synced=self._synced,
            round_seconds=0.01,
        )

    def _synced(self) -> None:
        self.synced += 1

    def host(self, name: str) -> Json:
        return self.kube.put(HOST_CLUSTER, {"metadata": {"name": name}})

    def kopf_sees(self, obj: Json) -> None:
        self.router.notice(HOST_CLUSTER, obj, deleted=False)

    def drained(self) -> list[str]:
        keys = []
        while (key := self.queue.take()) is not None:
            keys.append(key)
            self.queue.done(key)
        return keys


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def supervisor() -> AsyncIterator[TaskSupervisor]:
    made = TaskSupervisor(clock=SystemClock())
    yield made
    await made.close(grace_seconds=5)


async def test_ready_means_that_kopf_delivered_everything_that_exists(
    world: World, supervisor: TaskSupervisor
) -> None:
    first, second = world.host("a"), world.host("b")
    world.kopf_sees(first)
    supervisor.start("resync", world.resync.run)

    await until(lambda: world.resync.missing == ("hostclusters", "homeclusters"))
    assert world.synced == 0
    world.kopf_sees(second)

    await until(lambda: world.synced)
    assert world.resync.missing == ()


async def test_an_api_server_that_fails_at_first_only_delays_readiness(
    world: World, supervisor: TaskSupervisor
) -> None:
    world.kube.fail(ApiUnreachable("no route"), verb="list")
    supervisor.start("resync", world.resync.run)

    await until(lambda: world.synced)


async def test_a_deletion_that_kopf_missed_is_found_by_the_round(
    world: World, supervisor: TaskSupervisor
) -> None:
    made = world.host("a")
    world.kopf_sees(made)
    supervisor.start("resync", world.resync.run)
    await until(lambda: world.synced)

    await world.kube.delete(HOST_CLUSTER, "a", uid=made["metadata"]["uid"])

    await until(lambda: not world.caches[HOST_CLUSTER].objects())
    assert "a" in world.drained()


async def test_an_object_that_kopf_missed_is_found_by_the_round(
    world: World, supervisor: TaskSupervisor
) -> None:
    supervisor.start("resync", world.resync.run)
    await until(lambda: world.synced)

    world.host("a")

    await until(lambda: "a" in world.drained())
    assert list(world.caches[HOST_CLUSTER].objects()) == ["a"]


async def test_a_change_that_kopf_missed_is_found_by_the_round(
    world: World, supervisor: TaskSupervisor
) -> None:
    made = world.host("a")
    world.kopf_sees(made)
    supervisor.start("resync", world.resync.run)
    await until(lambda: world.synced)

    world.kube.put(HOST_CLUSTER, {**made, "spec": {"accepted": True}})

    await until(lambda: world.caches[HOST_CLUSTER].objects()["a"].get("spec"))


async def test_an_object_deleted_since_the_list_is_not_taken_for_missed(world: World) -> None:
    made = world.host("a")
    await world.kube.delete(HOST_CLUSTER, "a", uid=made["metadata"]["uid"])

    await world.resync._notice_missed(HOST_CLUSTER, made)

    assert not world.caches[HOST_CLUSTER].objects()


async def test_an_object_younger_than_the_list_is_not_taken_for_deleted(world: World) -> None:
    made = world.host("a")
    world.kopf_sees(made)

    await world.resync._bury_if_gone(HOST_CLUSTER, made)

    assert list(world.caches[HOST_CLUSTER].objects()) == ["a"]


async def test_when_the_question_fails_nothing_is_taken_for_deleted(world: World) -> None:
    made = world.host("a")
    world.kopf_sees(made)
    world.kube.fail(ApiUnreachable("no route"), verb="get")

    await world.resync._bury_if_gone(HOST_CLUSTER, made)

    assert list(world.caches[HOST_CLUSTER].objects()) == ["a"]


async def test_every_round_looks_at_every_object_again(
    world: World, supervisor: TaskSupervisor
) -> None:
    world.kopf_sees(world.host("a"))
    world.drained()
    supervisor.start("resync", world.resync.run)

    await until(lambda: "a" in world.drained())
    await until(lambda: "a" in world.drained())
