"""The work queue under any sequence of uses: nothing is lost, nothing is worked on twice."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fakes.ports import FakeClock
from modelbond.runtime.work_queue import WorkQueue

KEYS = st.sampled_from(["a", "b", "c"])
SECONDS = st.integers(min_value=0, max_value=90)


class Uses(RuleBasedStateMachine):
    """Compares the queue with what was asked of it: `owed` keys must still come."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.queue = WorkQueue("property", clock=self.clock, random=lambda: 0.5)
        self.active: set[str] = set()
        self.owed: set[str] = set()
        self.due: dict[str, float] = {}

    @rule(key=KEYS)
    def add(self, key: str) -> None:
        self.queue.add(key)
        self.owed.add(key)

    @rule(key=KEYS, seconds=SECONDS)
    def add_later(self, key: str, seconds: int) -> None:
        self.queue.add_after(key, seconds)
        self._promise(key, seconds)

    @rule(key=KEYS)
    def fail(self, key: str) -> None:
        self._promise(key, self.queue.retry(key))

    @rule(key=KEYS)
    def succeed(self, key: str) -> None:
        self.queue.forget(key)

    @rule(seconds=SECONDS)
    def let_time_pass(self, seconds: int) -> None:
        self.clock.pass_by(seconds)

    @rule()
    def take(self) -> None:
        key = self.queue.take()
        self._ripen()
        if key is None:
            assert self.owed <= self.active
            return
        assert key not in self.active
        assert key in self.owed
        self.owed.discard(key)
        self.active.add(key)

    @precondition(lambda self: self.active)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.active)))
        self.active.discard(key)
        self.queue.done(key)

    @invariant()
    def active_keys_are_distinct(self) -> None:
        assert len(self.active) <= 3

    def teardown(self) -> None:
        """After all work is finished and all time has passed, every owed key has come."""
        for key in sorted(self.active):
            self.queue.done(key)
        self.active.clear()
        self.clock.pass_by(10_000)
        self._ripen()
        came = set()
        while (key := self.queue.take()) is not None:
            assert key not in came
            came.add(key)
        assert came == self.owed

    def _promise(self, key: str, seconds: float) -> None:
        if seconds <= 0:  # it waits from now on: a later promise is another one
            self.due.pop(key, None)
            self.owed.add(key)
            return
        due = self.clock.monotonic() + seconds
        self.due[key] = min(due, self.due.get(key, due))

    def _ripen(self) -> None:
        ripe = {key for key, due in self.due.items() if due <= self.clock.monotonic()}
        self.owed |= ripe
        for key in ripe:
            del self.due[key]


TestUses = Uses.TestCase
