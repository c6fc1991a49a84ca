"""The router remembers what kopf saw and wakes only the controllers that it concerns."""

from fakes.ports import FakeClock
from modelbond.api.kinds import HOST_CLUSTER, MODEL_PLACEMENT, OUR_KINDS, Json, key_of
from modelbond.ports.process import Done, Outcome
from modelbond.runtime.cache import Cache
from modelbond.runtime.work_queue import WorkQueue
from modelbond.shell.parts import Router, Served


class Idle:
    async def reconcile(self, key: str) -> Outcome:
        del key
        return Done()


def placement(version: str) -> Json:
    return {
        "metadata": {"namespace": "a", "name": "b", "uid": "1", "resourceVersion": version},
        "spec": {"deployment": {"namespace": "models", "name": "magika"}},
    }


class World:
    def __init__(self) -> None:
        clock = FakeClock()
        self.orders = WorkQueue("orders", clock=clock)
        self.deployments = WorkQueue("deployments", clock=clock)
        self.caches = {kind: Cache() for kind in OUR_KINDS}
        self.router = Router(
            caches=self.caches,
            served=[
                Served(
                    name="orders",
                    queue=self.orders,
                    controller=Idle(),
                    keys={MODEL_PLACEMENT: lambda obj: [key_of(obj)]},
                ),
                Served(
                    name="deployments",
                    queue=self.deployments,
                    controller=Idle(),
                    keys={
                        MODEL_PLACEMENT: lambda obj: ["models/" + obj["spec"]["deployment"]["name"]]
                    },
                ),
            ],
        )


def test_a_change_reaches_each_controller_under_its_own_key() -> None:
    world = World()

    world.router.notice(MODEL_PLACEMENT, placement("1"), deleted=False)

    assert (world.orders.take(), world.deployments.take()) == ("a/b", "models/magika")
    assert list(world.caches[MODEL_PLACEMENT].objects()) == ["a/b"]


def test_a_deletion_reaches_them_too_and_empties_the_cache() -> None:
    world = World()
    world.router.notice(MODEL_PLACEMENT, placement("1"), deleted=False)
    world.orders.done(str(world.orders.take()))

    world.router.notice(MODEL_PLACEMENT, placement("2"), deleted=True)

    assert world.orders.take() == "a/b"
    assert not world.caches[MODEL_PLACEMENT].objects()


def test_what_is_no_news_or_concerns_nobody_wakes_nobody() -> None:
    world = World()
    world.router.notice(MODEL_PLACEMENT, placement("1"), deleted=False)
    world.orders.done(str(world.orders.take()))

    world.router.notice(MODEL_PLACEMENT, placement("1"), deleted=False)
    world.router.notice(HOST_CLUSTER, {"metadata": {"name": "x", "uid": "2"}}, deleted=False)

    assert world.orders.take() is None
