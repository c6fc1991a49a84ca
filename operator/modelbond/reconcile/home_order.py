"""An order as the home reads it: what we asked, what its host answered, and what is its handle."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelbond.api.conditions import ConditionType
from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.api.v1alpha1 import ConditionEntry, ModelPlacementSpec, ModelPlacementStatus
from modelbond.api.wire import read
from modelbond.errors import Refused
from modelbond.reconcile.home_names import (
    DEPLOYMENT_UID,
    FINALIZER,
    HOME_VERSION,
    LEASE_FINALIZER,
    host_of,
)
from modelbond.reconcile.home_stranger import reason_of, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One condition of a host's answer, cleaned."""

    status: bool | None
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHandle:
    """What can be told of an order whatever version wrote it: enough to withdraw and remove it.

    `held` is by our finalizer, `leased` by that of a lease. `answer` is empty while nothing can be
    read there.
    """

    name: str
    namespace: str
    host: str
    uid: str
    resource_version: str
    generation: int
    deployment_uid: str
    home_version: str
    state: str
    deleting: bool
    held: bool
    leased: bool = False
    answer: ModelPlacementStatus = field(default_factory=ModelPlacementStatus)
    problem: str = ""

    @property
    def key(self) -> str:
        """Return `namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def withdrawn(self) -> bool:
        """Say whether the host was told to drop its copy."""
        return self.deleting or self.state == "Withdrawn"

    @property
    def released(self) -> bool:
        """Say whether the host dropped its copy, in answer to the withdrawal itself.

        A word from before that may be older than a copy that was made since.
        """
        return self.withdrawn and self.current and self.answer.released is True

    @property
    def current(self) -> bool:
        """Say whether the answer is about the order as it is now."""
        return (self.answer.observed_generation or 0) >= self.generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(OrderHandle):
    """One whole order: what we asked, and what its host answered."""

    spec: ModelPlacementSpec

    @property
    def declined(self) -> Said | None:
        """Return the host's refusal of the order as it is now, or None."""
        said = self.said(ConditionType.ACCEPTED)
        return said if self.current and said is not None and said.status is False else None

    def said(self, about: ConditionType) -> Said | None:
        """Return what the host says of this condition, or None."""
        for entry in self.answer.conditions:
            if entry.type == about:
                return _said(entry)
        return None


def _said(entry: ConditionEntry) -> Said:
    status = {"True": True, "False": False}.get(entry.status)
    return Said(
        status=status,
        reason=reason_of(entry.reason, otherwise=_UNKNOWN.get(entry.type, Reason.PROGRESSING)),
        message=shown(entry.message),
    )


_UNKNOWN: Mapping[str, Reason] = {ConditionType.ACCEPTED: Reason.DECLINED}


def is_serving(order: Order) -> bool:
    """Say whether something of the order runs and answers."""
    return bool(order.answer.ready_replicas)


def is_order(obj: Json) -> bool:
    """Say whether it is an order of ours, readable or not, and no copy."""
    meta = obj["metadata"]
    of_ours = host_of(meta.get("namespace")) is not None and DEPLOYMENT_UID in (
        meta.get("labels") or {}
    )
    return of_ours and obj.get("spec", {}).get("role") == "Order"


def handle_of(obj: Json) -> OrderHandle | None:
    """Read what every version writes alike of an order of ours; None for every other object."""
    return OrderHandle(**_handle(obj)) if is_order(obj) else None


def order_of(obj: Json) -> Order | None:
    """Read an order of ours; None for every other object and for one that cannot be read."""
    if not is_order(obj):
        return None
    try:
        spec = read(ModelPlacementSpec, obj["spec"])
    except Refused:
        return None
    return Order(**_handle(obj), spec=spec)


def _handle(obj: Json) -> Json:
    meta = obj["metadata"]
    answer, problem = _answer(obj.get("status") or {})
    return {
        "name": meta["name"],
        "namespace": meta["namespace"],
        "host": host_of(meta["namespace"]),
        "uid": meta["uid"],
        "resource_version": meta["resourceVersion"],
        "generation": meta.get("generation", 1),
        "deployment_uid": meta["labels"][DEPLOYMENT_UID],
        "home_version": (meta.get("annotations") or {}).get(HOME_VERSION, ""),
        "state": str(obj["spec"].get("state", "")),
        "deleting": "deletionTimestamp" in meta,
        "held": FINALIZER in (meta.get("finalizers") or ()),
        "leased": LEASE_FINALIZER in (meta.get("finalizers") or ()),
        "answer": answer,
        "problem": problem,
    }


def _answer(status: Json) -> tuple[ModelPlacementStatus, str]:
    try:
        return read(ModelPlacementStatus, status), ""
    except Refused as refusal:
        return ModelPlacementStatus(), shown(str(refusal))
