"""The other ports in memory: clock, queue, events, supervisor and informers without tasks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fakes.kube import FakeKube
from modelbond.api.kinds import Json, Kind, key_of
from modelbond.errors import ModelbondError
from modelbond.ports.cluster import KubeApi


@dataclass(slots=True)
class FakeClock:
    """Time that moves only when a test says so."""

    seconds: float = 1000.0
    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds - 1000.0)

    def pass_by(self, seconds: float) -> None:
        """Let that much time pass."""
        self.seconds += seconds


@dataclass(slots=True)
class FakeQueue:
    """Remembers what was asked for."""

    added: list[str] = field(default_factory=list)
    later: list[tuple[str, float]] = field(default_factory=list)

    def add(self, key: str) -> None:
        self.added.append(key)

    def add_after(self, key: str, seconds: float) -> None:
        self.later.append((key, seconds))

    def taken(self) -> list[str]:
        """Return the distinct keys added so far, and forget them."""
        keys = list(dict.fromkeys(self.added))
        self.added.clear()
        return keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEvent:
    """An event as a person would see it."""

    type: str
    about: str
    reason: str
    message: str


@dataclass(slots=True)
class FakeEvents:
    """Remembers the events."""

    told: list[ToldEvent] = field(default_factory=list)

    async def normal(self, about: Json, *, reason: str, message: str) -> None:
        self._tell("Normal", about, reason=reason, message=message)

    async def warning(self, about: Json, *, reason: str, message: str) -> None:
        self._tell("Warning", about, reason=reason, message=message)

    def reasons(self) -> list[str]:
        """Return the reasons in order."""
        return [event.reason for event in self.told]

    def _tell(self, kind: str, about: Json, *, reason: str, message: str) -> None:
        event = ToldEvent(type=kind, about=key_of(about), reason=reason, message=message)
        self.told.append(event)


@dataclass(slots=True)
class FakeMeter:
    """Remembers what a home counted."""

    declines: list[str] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)

    def declined(self, reason: str) -> None:
        self.declines.append(reason)

    def ready_after(self, seconds: float) -> None:
        self.ready.append(seconds)


@dataclass(slots=True)
class FakeSupervisor:
    """Knows what should run; nothing runs."""

    running: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        self.running[name] = run

    def stop(self, name: str) -> None:
        self.running.pop(name, None)


@dataclass(slots=True, kw_only=True)
class FakeInformer:
    """A local copy of a FakeKube's objects that a test refreshes by `sync`."""

    api: FakeKube
    kind: Kind
    on_change: Callable[[Json, bool], None]
    on_synced: Callable[[], None] | None
    namespace: str | None
    labels: Mapping[str, str] | None
    name: str | None
    reduce: Callable[[Json], Json] | None = None
    synced: bool = False
    failure: Exception | None = None
    held: dict[str, Json] = field(default_factory=dict)

    def objects(self) -> Mapping[str, Json]:
        return self.held

    async def run(self) -> None:
        await self.sync()

    async def sync(self) -> None:
        """List once and call back for what changed; a failure is remembered, not raised."""
        try:
            found = await self.api.list(
                self.kind, namespace=self.namespace, labels=self.labels, name=self.name
            )
        except ModelbondError as failure:
            self.failure = failure
            return
        self.failure = None
        reduced = self.reduce or (lambda obj: obj)
        now = {key_of(obj): reduced(obj) for obj in found.items}
        gone = [key for key in self.held if key not in now]
        for key in gone:
            self.on_change(self.held.pop(key), True)  # noqa: FBT003 - the port's own shape
        for key, obj in now.items():
            if self.held.get(key) != obj:
                self.held[key] = obj
                self.on_change(obj, False)  # noqa: FBT003 - the port's own shape
        if not self.synced:
            self.synced = True
            if self.on_synced:
                self.on_synced()


@dataclass(slots=True)
class FakeInformers:
    """Makes informers and remembers them, so that a test can sync them all."""

    made: list[FakeInformer] = field(default_factory=list)

    def __call__(
        self,
        api: KubeApi,
        kind: Kind,
        *,
        on_change: Callable[[Json, bool], None],
        on_synced: Callable[[], None] | None = None,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
        reduce: Callable[[Json], Json] | None = None,
    ) -> FakeInformer:
        assert isinstance(api, FakeKube)
        informer = FakeInformer(
            api=api,
            kind=kind,
            on_change=on_change,
            on_synced=on_synced,
            namespace=namespace,
            labels=labels,
            name=name,
            reduce=reduce,
        )
        self.made.append(informer)
        return informer

    async def sync(self) -> None:
        """Bring every informer up to date."""
        for informer in self.made:
            await informer.sync()
