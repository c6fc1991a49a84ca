"""A ModelDeployment as its home reads it, and what it asks of placement and of each host."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelbond.api.kinds import MODEL_PLACEMENT, Json
from modelbond.api.v1alpha1 import DeploymentReference, ModelDeploymentSpec, ModelPlacementSpec
from modelbond.api.versions import declared
from modelbond.api.wire import read, written
from modelbond.placement.decide import Assignment
from modelbond.placement.request import Request, need_of
from modelbond.reconcile.home_lease_spending import NOTHING_SPENT, Spending, spending_of
from modelbond.reconcile.home_names import (
    CLAIM_ASKED,
    DEPLOYMENT_UID,
    FINALIZER,
    HOME_VERSION,
    LAST_EPOCH,
    host_namespace,
    order_name,
    owned_labels,
)

_EPOCH_DIGITS = 9
_MARK_DIGITS = 64
_CHANGEABLE = ("model", "runtime", "resources", "replicas")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentHandle:
    """What can be told of a ModelDeployment whatever version wrote it: enough to let it go.

    `status` is what was last written, as JSON.
    """

    name: str
    namespace: str
    uid: str
    resource_version: str
    generation: int
    status: Json
    finalizers: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return `namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def held(self) -> bool:
        """Say whether our finalizer holds it."""
        return FINALIZER in self.finalizers


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment(DeploymentHandle):
    """One whole ModelDeployment."""

    spec: ModelDeploymentSpec
    last_epoch: int
    spending: Spending = NOTHING_SPENT
    claim_asked: str = ""

    @property
    def order(self) -> str:
        """Return the name of its orders."""
        return order_name(self.name, uid=self.uid)


def handle_of(obj: Json) -> DeploymentHandle:
    """Read what every version writes alike."""
    return DeploymentHandle(**_handle(obj))


def deployment_of(obj: Json) -> Deployment:
    """Read a ModelDeployment; Refused when its spec is not as the schema says."""
    annotations = obj["metadata"].get("annotations") or {}
    return Deployment(
        **_handle(obj),
        spec=read(ModelDeploymentSpec, obj["spec"]),
        last_epoch=_epoch(annotations.get(LAST_EPOCH, "0")),
        spending=spending_of(annotations, obj.get("status") or {}),
        claim_asked=str(annotations.get(CLAIM_ASKED, ""))[:_MARK_DIGITS],
    )


def _handle(obj: Json) -> Json:
    meta = obj["metadata"]
    return {
        "name": meta["name"],
        "namespace": meta["namespace"],
        "uid": meta["uid"],
        "resource_version": meta["resourceVersion"],
        "generation": meta.get("generation", 1),
        "status": obj.get("status") or {},
        "finalizers": tuple(meta.get("finalizers") or ()),
    }


def _epoch(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _EPOCH_DIGITS else 0


def request_of(deployment: Deployment, *, barred: Mapping[str, str]) -> Request:
    """Return what the deployment asks of placement."""
    spec = deployment.spec
    return Request(
        uid=deployment.uid,
        runtime=spec.runtime,
        model_format=spec.model.format,
        rules=spec.placement,
        need=need_of(spec.resources, replicas=spec.replicas),
        barred=barred,
    )


def order_body(
    deployment: Deployment, assigned: Assignment, *, epoch: int, home: str, reader: str
) -> Json:
    """Return the order to create. `home` is our version, `reader` that of the host."""
    spec = ModelPlacementSpec(
        role="Order",
        deployment=_reference(deployment),
        host=assigned.host,
        slot=assigned.slot,
        epoch=epoch,
        state="Active",
        model=deployment.spec.model,
        runtime=deployment.spec.runtime,
        resources=deployment.spec.resources,
        replicas=deployment.spec.replicas,
    )
    return {
        "apiVersion": MODEL_PLACEMENT.api_version,
        "kind": MODEL_PLACEMENT.kind,
        "metadata": {
            "name": deployment.order,
            "namespace": host_namespace(assigned.host),
            "labels": {**owned_labels(deployment.uid), DEPLOYMENT_UID: deployment.uid},
            "annotations": {HOME_VERSION: home},
            "finalizers": [FINALIZER],
        },
        "spec": declared(written(spec), at="spec", version=reader),
    }


def _reference(deployment: Deployment) -> DeploymentReference:
    return DeploymentReference(
        namespace=deployment.namespace,
        name=deployment.name,
        uid=deployment.uid,
        generation=deployment.generation,
    )


def order_change(
    deployment: Deployment, held: ModelPlacementSpec, *, reader: str, leased: bool = False
) -> Json:
    """Return the merge patch of `spec` that makes the order say what is wished; often empty.

    A change that no host needs to know, such as one of placement, changes no order; and what is
    leased keeps its model, which was agreed on.
    """
    if leased and not serves_wish(deployment, held):
        return {}
    wished = declared(written(deployment.spec), at="spec", version=reader)
    said = declared(written(held), at="spec", version=reader)
    patch = {
        name: difference(said.get(name), wished[name])
        for name in _CHANGEABLE
        if said.get(name) != wished[name]
    }
    if not patch:
        return {}
    return {**patch, "deployment": {"generation": deployment.generation}}


def serves_wish(deployment: Deployment, held: ModelPlacementSpec) -> bool:
    """Tell whether an order is for the model that the deployment names now."""
    wished = deployment.spec.model
    return (held.model.digest, held.model.name) == (wished.digest, wished.name)


def difference(old: object, new: object) -> object:
    """Return the JSON merge patch from old to new: what is gone becomes null."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    changed = {k: difference(old.get(k), v) for k, v in new.items() if old.get(k) != v}
    return {**changed, **{k: None for k in old if k not in new}}
