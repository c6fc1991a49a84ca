"""The words in which the composition speaks: what a role is given, and what it serves."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from modelbond.api.config import OperatorConfig
from modelbond.api.kinds import OUR_KINDS, Json, Kind, key_of
from modelbond.ports.cluster import Connect, Events, KubeApi, MakeInformer
from modelbond.ports.process import Clock, Controller
from modelbond.runtime.cache import Cache
from modelbond.runtime.supervisor import TaskSupervisor
from modelbond.runtime.work_queue import WorkQueue

Keys = Callable[[Json], Iterable[str]]
"""Tells which keys of a controller a changed object concerns."""


def own_key(obj: Json) -> Iterable[str]:
    """Return the key of the object itself."""
    return [key_of(obj)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every role is built from."""

    config: OperatorConfig
    api: KubeApi
    connect: Connect
    clock: Clock
    events: Events
    supervisor: TaskSupervisor
    make_informer: MakeInformer
    caches: Mapping[Kind, Cache] = field(
        default_factory=lambda: {kind: Cache() for kind in OUR_KINDS}
    )

    def objects(self, kind: Kind) -> Mapping[str, Json]:
        """Return the live view of what kopf saw of a kind."""
        return self.caches[kind].objects()

    def index(
        self, kind: Kind, word_of: Callable[[Json], str | None]
    ) -> Mapping[str, Mapping[str, Json]]:
        """Return that view by a word of each object."""
        return self.caches[kind].index(word_of)

    def queue(self, name: str) -> WorkQueue:
        """Return a new work queue."""
        return WorkQueue(name, clock=self.clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One controller with its queue, its workers and the kinds whose changes concern it.

    A worker mostly waits for an API server: too few of them, and a burst waits in the queue.
    """

    name: str
    queue: WorkQueue
    controller: Controller
    keys: Mapping[Kind, Keys]
    workers: int = 16


class Router:
    """Takes what kopf saw into the caches, and puts the concerned keys on the queues."""

    def __init__(self, *, caches: Mapping[Kind, Cache], served: Iterable[Served]) -> None:
        self._caches = caches
        self._served = tuple(served)

    def notice(self, kind: Kind, obj: Json, *, deleted: bool) -> None:
        """Remember one change and pass it on when it is news."""
        if self._caches[kind].notice(obj, deleted=deleted):
            self.announce(kind, obj)

    def announce(self, kind: Kind, obj: Json) -> None:
        """Put the keys that the object concerns on their queues."""
        for served in self._served:
            keys = served.keys.get(kind)
            for key in keys(obj) if keys else ():
                served.queue.add(key)
