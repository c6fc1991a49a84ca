"""Orders and copies as this host reads them: a stranger's wish, and our own record of it."""

from dataclasses import dataclass

from modelbond.api.kinds import MODEL_PLACEMENT, Json
from modelbond.api.quantities import cpu_milli, memory_bytes
from modelbond.api.v1alpha1 import ModelPlacementSpec
from modelbond.api.wire import read, written
from modelbond.reconcile.host_ledger import Amounts, Demand
from modelbond.reconcile.host_terms import Terms
from modelbond.serving.names import MANAGED_BY, OURS, home_namespace
from modelbond.serving.workload import NOT_OFFERED, Gpu, Model, Owner, Workload

HOME_VERSION = "modelbond.io/home-version"
OLDEST_VERSION = "0.1.0"
HOME_LABEL = "modelbond.io/home"
_ORIGIN = ("homeCluster", "homeClusterUID", "homeUID")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order at the home, checked against the schema. `withdrawn` is the home's explicit word."""

    name: str
    namespace: str
    uid: str
    generation: int
    withdrawn: bool
    home_version: str
    spec: ModelPlacementSpec


def order_of(obj: Json) -> Order:
    """Read an order; Refused names the field that is not as the schema says."""
    meta, spec = obj["metadata"], read(ModelPlacementSpec, obj["spec"])
    return Order(
        name=meta["name"],
        namespace=meta["namespace"],
        uid=meta["uid"],
        generation=meta.get("generation", 1),
        withdrawn=is_withdrawn(obj),
        home_version=meta.get("annotations", {}).get(HOME_VERSION, OLDEST_VERSION),
        spec=spec,
    )


def is_withdrawn(obj: Json) -> bool:
    """Tell whether the home asks to remove what runs, whatever else the order says."""
    gone = "deletionTimestamp" in obj["metadata"]
    return gone or obj.get("spec", {}).get("state") == "Withdrawn"


def demand_of(spec: ModelPlacementSpec) -> Demand:
    """Return what the order asks for: so much for each replica."""
    resources = spec.resources
    gpus = {resources.gpu.class_: resources.gpu.count} if resources.gpu else {}
    each = Amounts(
        cpu_milli=cpu_milli(resources.cpu),
        memory_bytes=memory_bytes(resources.memory),
        gpus=gpus,
    )
    return Demand(replicas=spec.replicas, each=each)


def copy_body(order: Order, *, terms: Terms, home_uid: str) -> Json:
    """Return the copy to create: the order's wish and where it comes from."""
    return {
        "apiVersion": MODEL_PLACEMENT.api_version,
        "kind": MODEL_PLACEMENT.kind,
        "metadata": {
            "name": order.name,
            "namespace": home_namespace(terms.home),
            "labels": {**OURS, HOME_LABEL: terms.home},
        },
        "spec": {
            **written(order.spec),
            "role": "Copy",
            "state": "Active",
            "origin": {
                "homeCluster": terms.home,
                "homeClusterUID": terms.uid,
                "homeUID": home_uid,
                "orderUID": order.uid,
            },
        },
    }


def is_our_copy(copy: Json, *, terms: Terms, home_uid: str) -> bool:
    """Tell whether a copy counts: made for this HomeCluster and for the home that it pinned."""
    spec = copy.get("spec", {})
    origin = spec.get("origin", {})
    found = (spec.get("role"), *(origin.get(name) for name in _ORIGIN))
    return found == ("Copy", terms.home, terms.uid, home_uid)


def is_made_here(copy: Json, *, home: str) -> bool:
    """Tell whether this operator made the copy for a HomeCluster of that name, living or deleted.

    Only such a copy may be removed: what a person laid into the namespace stays.
    """
    labels, spec = copy["metadata"].get("labels") or {}, copy.get("spec", {})
    labelled = (labels.get(MANAGED_BY), labels.get(HOME_LABEL)) == ("modelbond", home)
    return labelled and (spec.get("origin") or {}).get("homeCluster") == home


def workload_of(copy: Json, *, terms: Terms, edge_image: str) -> Workload:
    """Return what to run for a copy, with NOT_OFFERED for a runtime that is no longer here."""
    meta, spec = copy["metadata"], read(ModelPlacementSpec, copy["spec"])
    model, resources = spec.model, spec.resources
    return Workload(
        order=meta["name"],
        host=spec.host,
        namespace=meta["namespace"],
        owner=Owner(name=meta["name"], uid=meta["uid"]),
        model=Model(
            name=model.name,
            format=model.format,
            digest=model.digest,
            size_bytes=model.size,
            sources=tuple(model.sources),
        ),
        replicas=spec.replicas,
        cpu=resources.cpu,
        memory=resources.memory,
        gpu=Gpu(gpu_class=resources.gpu.class_, count=resources.gpu.count)
        if resources.gpu
        else None,
        runtime_name=spec.runtime,
        runtime=terms.runtimes.get(spec.runtime, NOT_OFFERED),
        edge_image=edge_image,
        allowed_sources=terms.sources,
        cache_claim=terms.cache_claim,
    )


def endpoint_names(copy: Json) -> tuple[str, ...]:
    """Return the DNS names under which the home reaches it. The home signs those it knows."""
    name, namespace = (copy["spec"]["deployment"][key] for key in ("name", "namespace"))
    service = f"{name}.{namespace}"
    return (
        copy["metadata"]["name"],
        name,
        service,
        f"{service}.svc",
        f"{service}.svc.cluster.local",
    )
