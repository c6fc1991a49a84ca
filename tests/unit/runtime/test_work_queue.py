"""What the work queue promises to controllers."""

import asyncio

import pytest

from fakes.ports import FakeClock
from modelbond.runtime.backoff import TERMINAL, TRANSIENT
from modelbond.runtime.clock import SystemClock
from modelbond.runtime.work_queue import WorkQueue


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> WorkQueue:
    return WorkQueue("test", clock=clock, random=lambda: 0.999999)


def test_a_key_added_many_times_waits_once(queue: WorkQueue) -> None:
    for _ in range(3):
        queue.add("a")

    assert queue.take() == "a"
    assert queue.take() is None


def test_keys_come_in_the_order_in_which_they_were_added(queue: WorkQueue) -> None:
    for key in ("b", "a", "c", "a"):
        queue.add(key)

    assert [queue.take() for _ in range(3)] == ["b", "a", "c"]


def test_a_key_added_while_it_is_worked_on_comes_once_more_afterwards(queue: WorkQueue) -> None:
    queue.add("a")
    queue.take()

    queue.add("a")
    queue.add("a")

    assert queue.take() is None
    queue.done("a")
    assert queue.take() == "a"
    queue.done("a")
    assert queue.take() is None


def test_a_delayed_key_comes_when_its_time_has_passed(queue: WorkQueue, clock: FakeClock) -> None:
    queue.add_after("a", 5)

    clock.pass_by(4.9)
    assert queue.take() is None
    clock.pass_by(0.2)
    assert queue.take() == "a"


def test_of_two_delays_the_earlier_wins(queue: WorkQueue, clock: FakeClock) -> None:
    queue.add_after("a", 60)
    queue.add_after("a", 5)
    queue.add_after("a", 30)

    clock.pass_by(5)
    assert queue.take() == "a"
    queue.done("a")
    clock.pass_by(100)
    assert queue.take() is None


def test_a_delay_of_nothing_is_an_add(queue: WorkQueue) -> None:
    queue.add_after("a", 0)

    assert queue.take() == "a"


def test_failures_of_a_key_wait_ever_longer_up_to_a_minute(queue: WorkQueue) -> None:
    waits = [queue.retry("a") for _ in range(12)]

    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(0.4, rel=0.01)
    assert waits[-1] == pytest.approx(60, rel=0.01)


def test_another_key_starts_with_the_shortest_wait(queue: WorkQueue) -> None:
    for _ in range(5):
        queue.retry("a")

    assert queue.retry("b") == pytest.approx(0.4, rel=0.01)


def test_a_success_starts_the_waits_anew(queue: WorkQueue) -> None:
    for _ in range(5):
        queue.retry("a")
    queue.forget("a")

    assert queue.retry("a") == pytest.approx(0.4, rel=0.01)


def test_the_servers_wish_is_honoured_when_it_is_longer(queue: WorkQueue, clock: FakeClock) -> None:
    assert queue.retry("a", at_least_seconds=7) == 7

    clock.pass_by(6.9)
    assert queue.take() is None
    clock.pass_by(0.2)
    assert queue.take() == "a"


def test_jitter_shortens_a_wait_by_at_most_half() -> None:
    shortest = TRANSIENT.seconds(4, random=lambda: 0.0)
    longest = TRANSIENT.seconds(4, random=lambda: 1.0)

    assert (shortest, longest) == (1.6, 3.2)


def test_what_needs_a_person_is_tried_no_more_than_once_a_minute() -> None:
    assert TERMINAL.seconds(1, random=lambda: 0.0) == 60
    assert TERMINAL.seconds(99, random=lambda: 1.0) == 900


async def test_a_waiting_worker_gets_a_key_as_soon_as_it_is_added() -> None:
    queue = WorkQueue("test", clock=SystemClock())
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)

    queue.add("a")

    assert await asyncio.wait_for(waiting, 5) == "a"


async def test_a_waiting_worker_gets_a_delayed_key_without_another_push() -> None:
    queue = WorkQueue("test", clock=SystemClock())
    queue.add_after("late", 30)
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)

    queue.add_after("soon", 0.01)

    assert await asyncio.wait_for(waiting, 5) == "soon"


async def test_of_many_waiting_workers_each_gets_another_key() -> None:
    queue = WorkQueue("test", clock=SystemClock())
    waiting = [asyncio.create_task(queue.get()) for _ in range(5)]
    await asyncio.sleep(0)

    for key in "abcde":
        queue.add(key)

    assert sorted(await asyncio.wait_for(asyncio.gather(*waiting), 5)) == list("abcde")
