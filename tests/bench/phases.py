"""The two measurements: from apply to the copy at the host, and from the pod to Ready at home."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench import pretence
from bench.api import APPLY, DEPLOYMENTS, PLACEMENTS, PODS, Api, Json
from bench.pretence import PaperPod
from bench.sightings import Look, Sightings, watching
from federation.deployments import Model, deployment
from federation.install import CUSTOMER

ROUND_SECONDS = 180.0
_MODEL = Model(
    name="paper", digest=f"sha256:{'0' * 64}", size=1, sources=["https://models.invalid/paper"]
)

Latencies = Mapping[str, Sequence[float]]
"""Seconds since the write that began each round, by what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many writes, and how many in a second."""

    count: int
    rate: float

    def turns(self) -> Iterator[int]:
        """Yield 0, 1, 2... each when its turn has come."""
        began = time.monotonic()
        for number in range(self.count):
            time.sleep(max(0.0, began + number / self.rate - time.monotonic()))
            yield number


@contextmanager
def watched(*, home: Api, host: Api) -> Iterator[Mapping[str, Sightings]]:
    """Watch what a deployment passes through: itself, its order, its copy and its pod."""
    looks = {
        "deployment": Look(api=home, resource=DEPLOYMENTS, facts=_deployment_facts),
        "order": Look(api=home, resource=PLACEMENTS, facts=_placement_facts),
        "copy": Look(api=host, resource=PLACEMENTS, facts=_placement_facts),
        "pod": Look(api=host, resource=PODS, facts=_pod_facts),
    }
    with watching(looks) as sightings:
        yield sightings


def names(count: int) -> list[str]:
    """Return the names of the deployments."""
    return [f"bench-{number:04}" for number in range(count)]


def applied(home: Api, seen: Mapping[str, Sightings], pace: Pace) -> Latencies:
    """Apply the deployments and return how long each took to show up everywhere."""
    wanted, began = names(pace.count), {}
    with home.session() as ask:
        for number in pace.turns():
            name = wanted[number]
            body = deployment(name, _MODEL, resources={"cpu": "1m", "memory": "1Mi"})
            path = f"{DEPLOYMENTS.path(CUSTOMER, name)}?fieldManager=bench"
            began[name] = time.monotonic()
            ask("PATCH", path, body, APPLY)
    looks = ("deployment", "order", "copy")
    return {look: _since(began, seen[look], suffix="") for look in looks}


def toggled(
    host: Api, seen: Mapping[str, Sightings], pace: Pace, *, pods: Sequence[PaperPod], to: str
) -> Latencies:
    """Set the readiness of every pod and return how long each took to be known on the way up."""
    for each in seen.values():
        each.forget()
    began = {}
    with host.session() as ask:
        for number in pace.turns():
            pod = pods[number]
            began[_deployment_of(pod.order)] = time.monotonic()
            pretence.tell(ask, pod, readiness=to)
    looks = ("pod", "copy", "order", "deployment")
    return {look: _since(began, seen[look], suffix=f" {to}") for look in looks}


def remove(home: Api) -> None:
    """Begin to delete every deployment of the customer."""
    with home.session() as ask:
        for item in ask("GET", DEPLOYMENTS.path(CUSTOMER))["items"]:
            ask("DELETE", DEPLOYMENTS.path(CUSTOMER, item["metadata"]["name"]))


def _since(began: Mapping[str, float], seen: Sightings, *, suffix: str) -> list[float]:
    wanted = [name + suffix for name in began]
    found = seen.await_all(wanted, within_seconds=ROUND_SECONDS)
    return [found[name + suffix] - at for name, at in began.items() if name + suffix in found]


def _deployment_facts(obj: Json) -> Sequence[str]:
    return _facts(obj["metadata"]["name"], obj)


def _placement_facts(obj: Json) -> Sequence[str]:
    return _facts(obj["spec"]["deployment"]["name"], obj)


def _pod_facts(obj: Json) -> Sequence[str]:
    order = obj["metadata"].get("labels", {}).get(pretence.PLACEMENT)
    return _facts(_deployment_of(order), obj) if order else ()


def _facts(name: str, obj: Json) -> Sequence[str]:
    conditions = obj.get("status", {}).get("conditions", [])
    ready = [each["status"] for each in conditions if each["type"] == "Ready"]
    return (name, *(f"{name} {status}" for status in ready))


def _deployment_of(order: str) -> str:
    return order.rpartition("-")[0]
