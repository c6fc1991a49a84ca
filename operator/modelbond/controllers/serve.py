"""Makes what serves a copy, and says what there is: objects once, replicas and selector after."""

from dataclasses import replace

from modelbond.api.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    NETWORK_POLICY,
    SERVICE,
    Json,
    Kind,
    key_of,
)
from modelbond.controllers.children import ensured
from modelbond.controllers.edge_identity import EdgeIdentity, HostKeys
from modelbond.errors import Conflicted, Forbidden, Invalid, ModelbondError, NameTaken
from modelbond.ports.cluster import KubeApi
from modelbond.ports.process import Clock
from modelbond.reconcile.host_order import endpoint_names
from modelbond.reconcile.host_pods import Progress, progress_in
from modelbond.reconcile.host_seen import (
    NO_IDENTITY,
    Children,
    Refusal,
    Seen,
    pods_refused,
    refusal_of,
)
from modelbond.reconcile.host_status import PROGRESS_PERIOD_SECONDS, progress_to_tell
from modelbond.serving.containers import FETCH, SOURCES
from modelbond.serving.edge import Agreed
from modelbond.serving.names import RENDERED, pod_selector, revision_deployment
from modelbond.serving.network import network_policy, service
from modelbond.serving.pod import config_map, deployment
from modelbond.serving.revision import revision_of
from modelbond.serving.workload import Workload

_LOG_LINES = 5


class Serve:
    """Brings one copy's objects to what its workload says. Idempotent; a fresh look each time."""

    def __init__(
        self,
        *,
        api: KubeApi,
        keys: HostKeys,
        clock: Clock,
    ) -> None:
        self._api = api
        self._identity = EdgeIdentity(api=api, keys=keys)
        self._clock = clock
        self._progress: dict[str, tuple[Progress | None, float]] = {}

    async def seen(  # noqa: PLR0913 - what it is made of
        self,
        copy: Json,
        *,
        workload: Workload,
        children: Children,
        sent: Json | None,
        agreed: Agreed | None = None,
        addresses: tuple[str, ...] | None,
    ) -> Seen:
        """Make what is missing, and return what is there. `sent` is the home's edge Secret."""
        revision = _revision(workload, copy)
        refusal: Refusal | None = None
        identity = NO_IDENTITY
        try:
            identity = await self._identity.kept(
                workload,
                names=endpoint_names(copy),
                secret=children.secret,
                sent=sent,
                agreed=agreed,
            )
            children = await self._objects(workload, revision=revision, children=children)
            if identity.certified:
                await self._pods(workload, revision=revision, children=children)
        except (NameTaken, Forbidden, Invalid) as failure:
            refusal = refusal_of(failure)
        running = children.deployments.get(revision_deployment(workload.order, revision))
        seen = Seen(
            workload=workload,
            revision=revision,
            children=children,
            addresses=addresses,
            progress=None,
            identity=identity,
            refusal=refusal or pods_refused(running),
        )
        return replace(seen, progress=await self._arrived(copy, seen))

    def forget(self, copy: Json) -> None:
        """Drop what is remembered of a copy that is gone."""
        self._progress.pop(str(copy["metadata"]["uid"]), None)

    async def _objects(self, workload: Workload, *, revision: str, children: Children) -> Children:
        policy = network_policy(workload)
        policy = await ensured(self._api, NETWORK_POLICY, policy, known=children.network_policy)
        wanted = network_policy(workload)["spec"]
        if policy["spec"].get("egress") != wanted["egress"]:
            change = {"spec": {"egress": wanted["egress"]}}
            policy = await self._patched(NETWORK_POLICY, policy, change)
        body = service(workload, revision=revision)
        found = await ensured(self._api, SERVICE, body, known=children.service)
        selector = pod_selector(workload.order, revision)
        if found["spec"].get("selector") != selector:
            found = await self._patched(SERVICE, found, {"spec": {"selector": selector}})
        return replace(children, service=found, network_policy=policy)

    async def _pods(self, workload: Workload, *, revision: str, children: Children) -> None:
        """Run one revision. The one before it goes first: this host promised room for one only."""
        name = revision_deployment(workload.order, revision)
        before = [obj for key, obj in children.deployments.items() if key != name]
        for obj in before:
            await self._deleted(DEPLOYMENT, obj)
        if before or any(pod.revision != revision[:8] for pod in children.pods):
            return
        # Once its weights are there a pod is a running model: it is left as it was rendered.
        fixed = not workload.offered or any(pod.verified for pod in children.pods)
        body = config_map(workload, revision=revision)
        await self._config(body, known=children.config_maps, fixed=fixed)
        known = children.deployments.get(name)
        if known is not None or workload.offered:
            body = deployment(workload, revision=revision)
            await self._deployment(body, known=known, fixed=fixed)

    async def _config(self, body: Json, *, known: dict[str, Json], fixed: bool) -> None:
        """Keep what pods read when they start. Sources are current always, as the owner says."""
        name = body["metadata"]["name"]
        for key, obj in known.items():
            if key != name:
                await self._deleted(CONFIG_MAP, obj)
        found = await ensured(self._api, CONFIG_MAP, body, known=known.get(name))
        wanted = {SOURCES: body["data"][SOURCES]} if fixed else body["data"]
        if any(found["data"].get(key) != text for key, text in wanted.items()):
            await self._patched(CONFIG_MAP, found, {"data": wanted})

    async def _deployment(self, body: Json, *, known: Json | None, fixed: bool) -> None:
        """Keep the replicas, and until a pod has its weights all that was corrected meanwhile."""
        found = await ensured(self._api, DEPLOYMENT, body, known=known)
        annotations = found["metadata"].get("annotations") or {}
        wanted = body["metadata"]["annotations"]
        if not fixed and annotations.get(RENDERED) != wanted[RENDERED]:
            parts = ("replicas", "progressDeadlineSeconds", "template")
            spec = {part: body["spec"][part] for part in parts}
            change = {"metadata": {"annotations": wanted}, "spec": spec}
            await self._patched(DEPLOYMENT, found, change)
        elif found["spec"].get("replicas") != body["spec"]["replicas"]:
            await self._patched(DEPLOYMENT, found, {"spec": {"replicas": body["spec"]["replicas"]}})

    async def _patched(self, kind: Kind, obj: Json, change: Json) -> Json:
        meta = obj["metadata"]
        patch = {**change, "metadata": {"uid": meta["uid"], **change.get("metadata", {})}}
        found = await self._api.merge(kind, meta["name"], patch, namespace=meta["namespace"])
        if found is None:
            raise Conflicted(f"{kind.kind} {key_of(obj)} went meanwhile")
        return found

    async def _deleted(self, kind: Kind, obj: Json) -> None:
        meta = obj["metadata"]
        await self._api.delete(kind, meta["name"], namespace=meta["namespace"], uid=meta["uid"])

    async def _arrived(self, copy: Json, seen: Seen) -> Progress | None:
        """Return the progress to publish; the log of fetch is read no oftener than it is told."""
        uid, now = str(copy["metadata"]["uid"]), self._clock.monotonic()
        told, told_at = self._progress.get(uid, (None, -PROGRESS_PERIOD_SECONDS))
        arrived: Progress | None
        if any(pod.verified for pod in seen.current_pods):
            size = seen.workload.model.size_bytes
            arrived = Progress(done_bytes=size, total_bytes=size)
        elif now - told_at < PROGRESS_PERIOD_SECONDS:
            return told
        else:
            arrived = await self._read_log(seen)
        if arrived is None:
            return told
        publish = progress_to_tell(told, arrived, seconds_since=now - told_at)
        if publish != told:
            self._progress[uid] = (publish, now)
        return publish

    async def _read_log(self, seen: Seen) -> Progress | None:
        pod = next((pod for pod in seen.current_pods if pod.fetching), None)
        if pod is None:
            return None
        try:
            text = await self._api.log_tail(
                pod.name, namespace=seen.workload.namespace, container=FETCH, lines=_LOG_LINES
            )
        except ModelbondError:
            # How far a download came is worth no failure: the pod itself tells how it ended.
            return None
        return progress_in(text)


def _revision(workload: Workload, copy: Json) -> str:
    """Return the revision to run; of a runtime that is no longer described, the one that runs."""
    if workload.offered:
        return revision_of(workload)
    return str(copy.get("status", {}).get("revision", ""))
