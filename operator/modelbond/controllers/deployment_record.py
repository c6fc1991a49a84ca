"""ModelDeployments as they are known here, and the two parts of them that are ours to write."""

from collections.abc import Mapping

from modelbond.api.kinds import MODEL_DEPLOYMENT, Json, key_of
from modelbond.controllers.freshest import Freshest
from modelbond.controllers.ready_timer import ReadyTimer
from modelbond.errors import Conflicted
from modelbond.ports.cluster import Events, KubeApi
from modelbond.ports.process import Clock, HomeMeter
from modelbond.reconcile.home_deployment import DeploymentHandle
from modelbond.reconcile.home_events import declines_between, events_between
from modelbond.reconcile.home_names import STATUS_MANAGER


class DeploymentRecord:
    """Writes status and finalizer, and tells the customer what changed by that."""

    def __init__(
        self,
        *,
        api: KubeApi,
        deployments: Mapping[str, Json],
        events: Events,
        meter: HomeMeter,
        clock: Clock,
    ) -> None:
        self._api = api
        self._deployments = deployments
        self._events = events
        self._meter = meter
        self._timer = ReadyTimer(meter=meter, clock=clock)
        self._fresh = Freshest()

    def look(self, key: str) -> Json | None:
        """Return the newest known state, or None of what is gone."""
        obj = self._fresh.of(key, self._deployments.get(key))
        if obj is None:
            self._fresh.forget(key)
            self._timer.forget(key)
        return obj

    async def tell(self, obj: Json, status: Json) -> Json:
        """Write the status where it differs, with events for the news; return what is there now."""
        before = obj.get("status") or {}
        if status == before:
            return obj
        about = _reference(obj)
        wrote = await self._api.apply_status(
            MODEL_DEPLOYMENT, {**about, "status": status}, manager=STATUS_MANAGER
        )
        self._fresh.wrote(key_of(obj), wrote)
        self._measure(key_of(obj), before=before, after=status)
        for told in events_between(before, status):
            record = self._events.normal if told.good else self._events.warning
            await record(about, reason=told.reason, message=told.message)
        return wrote

    def _measure(self, key: str, *, before: Json, after: Json) -> None:
        self._timer.saw(key, before=before, after=after)
        for bar in declines_between(before, after):
            self._meter.declined(bar["reason"])

    async def mark(self, deployment: DeploymentHandle, metadata: Json) -> None:
        """Change finalizers or annotations of that very state; Conflicted when it is another."""
        patch = {
            "metadata": {
                "uid": deployment.uid,
                "resourceVersion": deployment.resource_version,
                **metadata,
            }
        }
        wrote = await self._api.merge(
            MODEL_DEPLOYMENT, deployment.name, patch, namespace=deployment.namespace
        )
        if wrote is None:
            raise Conflicted(f"ModelDeployment {deployment.key} is gone")
        self._fresh.wrote(deployment.key, wrote)


def _reference(obj: Json) -> Json:
    names = ("name", "namespace", "uid")
    return {
        "apiVersion": MODEL_DEPLOYMENT.api_version,
        "kind": MODEL_DEPLOYMENT.kind,
        "metadata": {name: obj["metadata"][name] for name in names},
    }
