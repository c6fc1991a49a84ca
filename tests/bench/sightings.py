"""When what was first seen: watches in threads, each event stamped as its line arrives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from bench.api import Api, Json, Resource

Facts = Callable[[Json], Sequence[str]]
"""Names everything that an object shows, in words of the watcher's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One kind at one API server and what its objects are watched for."""

    api: Api
    resource: Resource
    facts: Facts


class Sightings:
    """The moments, on the monotonic clock, at which each fact was first seen since `forget`."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._news = threading.Condition()

    def see(self, facts: Sequence[str], *, at: float) -> None:
        """Note facts; only the first sighting of each counts."""
        with self._news:
            for fact in facts:
                self._seen.setdefault(fact, at)
            self._news.notify_all()

    def forget(self) -> None:
        """Begin anew."""
        with self._news:
            self._seen.clear()

    def await_all(self, facts: Sequence[str], *, within_seconds: float) -> Mapping[str, float]:
        """Return when each fact was seen; facts that did not come in time are missing."""
        with self._news:
            self._news.wait_for(
                lambda: all(fact in self._seen for fact in facts), timeout=within_seconds
            )
            return dict(self._seen)


@contextmanager
def watching(looks: Mapping[str, Look]) -> Iterator[Mapping[str, Sightings]]:
    """Watch everything at once; inside, the sightings of each look grow by themselves."""
    closing = threading.Event()
    sightings = {name: Sightings() for name in looks}
    for name, look in looks.items():
        since = str(look.api.list(look.resource)["metadata"]["resourceVersion"])
        arguments = (look, sightings[name], since, closing)
        # A daemon: a watch that is silent ends with the process.
        threading.Thread(target=_follow, args=arguments, daemon=True).start()
    try:
        yield sightings
    finally:
        closing.set()


def _follow(look: Look, sightings: Sightings, since: str, closing: threading.Event) -> None:
    while not closing.is_set():
        for line in look.api.watch(look.resource, since=since):
            at = time.monotonic()
            event = msgspec.json.decode(line, type=dict[str, Any])
            since = str(event["object"]["metadata"]["resourceVersion"])
            if event["type"] != "DELETED":
                sightings.see(look.facts(event["object"]), at=at)
            if closing.is_set():
                return
