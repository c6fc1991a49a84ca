"""Supervised tasks go on, whatever happens in them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fakes.polling import until
from modelbond.runtime.clock import SystemClock
from modelbond.runtime.supervisor import TaskSupervisor


@pytest.fixture
async def supervisor() -> AsyncIterator[TaskSupervisor]:
    made = TaskSupervisor(clock=SystemClock(), random=lambda: 0.0)
    yield made
    await made.close(grace_seconds=5)


class Task:
    """A task that notes when it starts and ends, and can be told to fail."""

    def __init__(self, *failures: BaseException | None) -> None:
        self.failures = list(failures)
        self.starts = 0
        self.alive = 0
        self.most_alive = 0

    async def run(self) -> None:
        self.starts += 1
        self.alive += 1
        self.most_alive = max(self.most_alive, self.alive)
        try:
            if self.failures:
                failure = self.failures.pop(0)
                if failure is not None:
                    raise failure
                return
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.alive -= 1


async def test_a_task_that_raises_or_ends_is_started_again(supervisor: TaskSupervisor) -> None:
    task = Task(ValueError("broken"), None)

    supervisor.start("task", task.run)

    await until(lambda: task.starts == 3)
    assert supervisor.running("task")


async def test_a_stray_cancellation_does_not_end_a_task(supervisor: TaskSupervisor) -> None:
    task = Task(asyncio.CancelledError())

    supervisor.start("task", task.run)

    await until(lambda: task.starts == 2)


async def test_a_stopped_task_ends_and_stays_away(supervisor: TaskSupervisor) -> None:
    task = Task()
    supervisor.start("task", task.run)
    await until(lambda: task.starts == 1)

    supervisor.stop("task")

    assert not supervisor.running("task")
    await until(lambda: not task.alive)
    assert task.starts == 1


async def test_a_task_of_the_same_name_waits_for_the_end_of_the_former(
    supervisor: TaskSupervisor,
) -> None:
    task = Task()
    supervisor.start("task", task.run)
    await until(lambda: task.starts == 1)

    supervisor.start("task", task.run)

    await until(lambda: task.starts == 2)
    assert task.most_alive == 1


def test_stopping_what_was_never_started_is_fine() -> None:
    supervisor = TaskSupervisor(clock=SystemClock())

    supervisor.stop("nobody")

    assert not supervisor.running("nobody")


async def test_a_closed_supervisor_runs_nothing_and_starts_nothing() -> None:
    supervisor = TaskSupervisor(clock=SystemClock())
    task, late = Task(), Task()
    supervisor.start("task", task.run)
    await until(lambda: task.starts == 1)

    await supervisor.close(grace_seconds=5)
    supervisor.start("late", late.run)
    await asyncio.sleep(0)

    assert (task.alive, late.starts) == (0, 0)
