"""Workers outlive whatever a controller does to them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from prometheus_client import REGISTRY

from fakes.polling import until
from fakes.ports import FakeClock
from modelbond.errors import ApiOverloaded, Bug, Conflicted, Forbidden
from modelbond.ports.process import Again, Done, Outcome
from modelbond.runtime.clock import SystemClock
from modelbond.runtime.supervisor import TaskSupervisor
from modelbond.runtime.work_queue import WorkQueue
from modelbond.runtime.workers import Workers

Act = Callable[[], Awaitable[Outcome]]


class Scripted:
    """A controller that does what the test says, one act for each reconcile, then is done."""

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.keys: list[str] = []

    async def reconcile(self, key: str) -> Outcome:
        self.keys.append(key)
        return await self.acts.pop(0)() if self.acts else Done()


def raising(failure: BaseException) -> Act:
    async def act() -> Outcome:
        raise failure

    return act


def returning(outcome: Outcome) -> Act:
    async def act() -> Outcome:
        return outcome

    return act


class World:
    """One worker whose queue runs on a fake clock."""

    def __init__(self, *acts: Act) -> None:
        self.clock = FakeClock()
        self.queue = WorkQueue("test", clock=self.clock, random=lambda: 0.999999)
        self.controller = Scripted(*acts)
        self.workers = Workers(
            "test", queue=self.queue, controller=self.controller, clock=self.clock, count=1
        )

    async def reconcile(self, key: str) -> None:
        """Let the worker take the key and finish it."""
        before = len(self.controller.keys)
        self.queue.add(key)
        running = asyncio.create_task(self.workers.run())
        await until(lambda: len(self.controller.keys) > before)
        await asyncio.sleep(0)
        assert not running.done()
        running.cancel()
        await asyncio.wait({running})

    def comes_back_after(self, seconds: float) -> bool:
        self.clock.pass_by(seconds * 0.98)
        early = self.queue.take()
        self.clock.pass_by(seconds * 0.04)
        return early is None and self.queue.take() is not None


async def test_a_key_that_is_done_does_not_come_back() -> None:
    world = World()

    await world.reconcile("a")

    world.clock.pass_by(100_000)
    assert world.queue.take() is None


async def test_a_controller_says_when_it_wants_to_see_the_key_again() -> None:
    world = World(returning(Again(seconds=30)))

    await world.reconcile("a")

    assert world.comes_back_after(30)


async def test_a_transient_failure_comes_back_soon() -> None:
    world = World(raising(Conflicted("somebody was faster")))

    await world.reconcile("a")

    assert world.comes_back_after(0.4)


async def test_a_transient_failure_waits_as_long_as_the_server_wishes() -> None:
    world = World(raising(ApiOverloaded("busy", retry_after_seconds=9)))

    await world.reconcile("a")

    assert world.comes_back_after(9)


async def test_a_terminal_failure_is_tried_again_but_slowly() -> None:
    world = World(raising(Forbidden("no right")))

    await world.reconcile("a")

    assert world.comes_back_after(120)


@pytest.mark.parametrize("failure", [Bug("ours"), KeyError("metadata"), TimeoutError()])
async def test_a_bug_is_logged_with_its_traceback_and_tried_again(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(raising(failure))

    with caplog.at_level(logging.ERROR):
        await world.reconcile("a")

    assert world.comes_back_after(0.4)
    [record] = [record for record in caplog.records if record.exc_info]
    assert vars(record)["key"] == "a"


async def test_a_cancellation_from_inside_does_not_end_the_worker_or_lose_the_key() -> None:
    world = World(raising(asyncio.CancelledError()))

    await world.reconcile("a")

    assert world.comes_back_after(0.4)


@pytest.fixture
async def supervisor() -> AsyncIterator[TaskSupervisor]:
    made = TaskSupervisor(clock=SystemClock())
    yield made
    await made.close(grace_seconds=5)


async def test_many_workers_never_reconcile_one_key_at_the_same_time(
    supervisor: TaskSupervisor,
) -> None:
    clock = SystemClock()
    queue = WorkQueue("test", clock=clock)
    controller = Counting(queue)
    workers = Workers("test", queue=queue, controller=controller, clock=clock, count=8)

    workers.start(supervisor)
    for number in range(200):
        queue.add(f"key-{number % 5}")

    await until(lambda: controller.finished >= 100)
    assert controller.most_at_once == 1


class Counting:
    """A controller that asks for itself again and watches for company."""

    def __init__(self, queue: WorkQueue) -> None:
        self.queue = queue
        self.inside: dict[str, int] = {}
        self.most_at_once = 0
        self.finished = 0

    async def reconcile(self, key: str) -> Outcome:
        self.inside[key] = self.inside.get(key, 0) + 1
        self.most_at_once = max(self.most_at_once, self.inside[key])
        self.queue.add(key)
        for _ in range(3):
            await asyncio.sleep(0)
        self.inside[key] -= 1
        self.finished += 1
        return Done()


async def test_how_long_a_reconcile_has_been_going_on_is_known(supervisor: TaskSupervisor) -> None:
    released = asyncio.Event()

    async def wait() -> Outcome:
        await released.wait()
        return Done()

    world = World(wait)
    world.workers.start(supervisor)
    world.queue.add("slow")
    await until(lambda: world.controller.keys)

    world.clock.pass_by(77)
    assert world.workers.longest_seconds() == 77
    released.set()
    await until(lambda: world.workers.longest_seconds() == 0)


async def test_metrics_count_workers_and_those_at_work_under_controller_runtimes_names() -> None:
    def measured(metric: str) -> float | None:
        return REGISTRY.get_sample_value(metric, {"controller": "test"})

    seen: list[float | None] = []

    async def look() -> Outcome:
        seen.append(measured("controller_runtime_active_workers"))
        return Done()

    world = World(look)
    await world.reconcile("a")
    assert seen == [1]
    assert measured("controller_runtime_active_workers") == 0
    assert measured("controller_runtime_max_concurrent_reconciles") == 1
