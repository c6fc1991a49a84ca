"""The objects that serve one home's copies: watched by label, made by POST, never taken over."""

from collections.abc import Callable, Mapping
from typing import Any

from modelbond.api.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    NETWORK_POLICY,
    POD,
    SECRET,
    SERVICE,
    Json,
    Kind,
)
from modelbond.errors import AlreadyExists, Conflicted, Forbidden, NameTaken
from modelbond.ports.cluster import Informer, KubeApi, MakeInformer
from modelbond.ports.process import Supervisor
from modelbond.reconcile.host_lease_papers import papers_secret
from modelbond.reconcile.host_pods import pod_facts
from modelbond.reconcile.host_seen import Children
from modelbond.serving.names import OURS, OWNER_UID, PLACEMENT, edge_secret, home_namespace

KINDS = (DEPLOYMENT, POD, SERVICE, SECRET, CONFIG_MAP, NETWORK_POLICY)
# What is deleted by name; pods go with their Deployments.
REMOVED = (DEPLOYMENT, SERVICE, NETWORK_POLICY, CONFIG_MAP, SECRET)


class Workloads:
    """Local copies of all our objects in one home's namespace."""

    def __init__(
        self,
        home: str,
        *,
        api: KubeApi,
        make_informer: MakeInformer,
        supervisor: Supervisor,
        on_order: Callable[[str], None],
    ) -> None:
        self._home = home
        self._namespace = home_namespace(home)
        self._supervisor = supervisor
        self._on_order = on_order
        self._informers: dict[str, Informer] = {
            kind.plural: make_informer(
                api, kind, on_change=self._changed, namespace=self._namespace, labels=OURS
            )
            for kind in KINDS
        }

    def start(self) -> None:
        """Begin to watch."""
        for plural, informer in self._informers.items():
            self._supervisor.start(f"workloads/{self._home}/{plural}", informer.run)

    def stop(self) -> None:
        """Cease to watch."""
        for plural in self._informers:
            self._supervisor.stop(f"workloads/{self._home}/{plural}")

    @property
    def synced(self) -> bool:
        """Tell whether every kind was listed once: nothing is decided before."""
        return all(informer.synced for informer in self._informers.values())

    @property
    def blocked(self) -> Exception | None:
        """Return why our own objects cannot be seen at present: a right, or no first list yet."""
        failing = (each for each in self._informers.values() if each.failure is not None)
        blocking = (
            each for each in failing if isinstance(each.failure, Forbidden) or not each.synced
        )
        return next((each.failure for each in blocking), None)

    def of(self, order: str, *, owner_uid: str) -> Children:
        """Return what serves the copy with that UID."""
        return Children(
            deployments=self._owned(DEPLOYMENT, order, owner_uid),
            config_maps=self._owned(CONFIG_MAP, order, owner_uid),
            pods=tuple(pod_facts(pod) for pod in self._owned(POD, order, owner_uid).values()),
            service=self._owned(SERVICE, order, owner_uid).get(order),
            secret=self._owned(SECRET, order, owner_uid).get(edge_secret(order)),
            papers=self._owned(SECRET, order, owner_uid).get(papers_secret(order)),
            network_policy=self._owned(NETWORK_POLICY, order, owner_uid).get(order),
        )

    def _owned(self, kind: Kind, order: str, owner_uid: str) -> dict[str, Json]:
        return {
            obj["metadata"]["name"]: obj
            for obj in self._informers[kind.plural].objects().values()
            if obj["metadata"].get("labels", {}).get(PLACEMENT) == order
            and is_owned(obj, owner_uid)
        }

    def _changed(self, obj: Json, _deleted: bool) -> None:  # noqa: FBT001 - the port's shape
        order = obj["metadata"].get("labels", {}).get(PLACEMENT)
        if order:
            self._on_order(order)


def is_owned(obj: Json, owner_uid: str) -> bool:
    """Tell whether an object is that copy's: nobody else's object is ever changed."""
    return bool(obj["metadata"].get("labels", {}).get(OWNER_UID) == owner_uid)


async def ensured(api: KubeApi, kind: Kind, body: Mapping[str, Any], *, known: Json | None) -> Json:
    """Return our object, made if it was absent; NameTaken when somebody else has its name."""
    if known is not None:
        return known
    meta = body["metadata"]
    try:
        return await api.create(kind, dict(body))
    except AlreadyExists:
        place = {"kind": kind.kind, "namespace": meta["namespace"], "name": meta["name"]}
        found = await api.get(kind, meta["name"], namespace=meta["namespace"])
        if found is None:
            raise Conflicted(f"{kind.kind} {meta['name']} came and went") from None
        if not is_owned(found, meta["labels"][OWNER_UID]):
            raise NameTaken(**place) from None
        return found


async def removed(api: KubeApi, order: str, *, namespace: str, owner_uid: str) -> bool:
    """Delete all that serves a copy; tell whether the last of it, pods included, is gone.

    Reads the API server itself: a local copy may lag, and "gone" is a promise to the home.
    """
    wanted = {**OURS, PLACEMENT: order, OWNER_UID: owner_uid}
    left = False
    for kind in REMOVED:
        for obj in (await api.list(kind, namespace=namespace, labels=wanted)).items:
            meta = obj["metadata"]
            await api.delete(kind, meta["name"], namespace=namespace, uid=meta["uid"])
            left = True
    pods = await api.list(POD, namespace=namespace, labels=wanted)
    return not left and not pods.items
