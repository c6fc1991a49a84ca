"""The conditions of a copy that runs, in the order in which a person debugs them."""

from modelbond.api.conditions import Condition, ConditionType, Reason
from modelbond.reconcile.host_pods import Failure, last_failure
from modelbond.reconcile.host_seen import Seen
from modelbond.serving.containers import FETCH

_PAUSED = "replicas is 0: nothing runs and the endpoint is kept; set replicas to serve again"


def running_conditions(seen: Seen) -> list[Condition]:
    """Return Ready, Accepted, ModelVerified, ModelLoaded and EndpointReady of an accepted copy."""
    accepted = Condition(
        type=ConditionType.ACCEPTED,
        status=True,
        reason=Reason.ACCEPTED,
        message="the host took the order and reserved what it asks for",
    )
    if seen.workload.replicas == 0:
        return [_paused(ConditionType.READY), accepted, *map(_paused, _STEPS)]
    failure = last_failure(seen.current_pods)
    steps = [_verified(seen, failure), _loaded(seen, failure), _endpoint(seen)]
    return [_ready(seen, steps), accepted, *steps]


_STEPS = (
    ConditionType.MODEL_VERIFIED,
    ConditionType.MODEL_LOADED,
    ConditionType.ENDPOINT_READY,
)


def _paused(of: ConditionType) -> Condition:
    return Condition(type=of, status=False, reason=Reason.PAUSED, message=_PAUSED)


def _ready(seen: Seen, steps: list[Condition]) -> Condition:
    wanted = seen.workload.replicas
    ready = sum(1 for pod in seen.current_pods if pod.ready)
    first = next((step for step in steps if not step.status), None)
    if first is not None:
        return Condition(
            type=ConditionType.READY, status=False, reason=first.reason, message=first.message
        )
    if ready < wanted and seen.refusal is not None:
        return _step(ConditionType.READY, seen.refusal.reason, seen.refusal.message)
    if ready < wanted:
        return Condition(
            type=ConditionType.READY,
            status=False,
            reason=Reason.PROGRESSING,
            message=f"{ready} of {wanted} replicas are ready",
        )
    return Condition(
        type=ConditionType.READY,
        status=True,
        reason=Reason.READY,
        message=f"all {wanted} replicas serve the model",
    )


def _verified(seen: Seen, failure: Failure | None) -> Condition:
    digest = seen.workload.model.digest
    pods = seen.current_pods
    if any(pod.verified == digest for pod in pods):
        return _step(ConditionType.MODEL_VERIFIED, Reason.VERIFIED, digest, holds=True)
    if failure is not None and failure.location == FETCH:
        return _step(ConditionType.MODEL_VERIFIED, failure.reason, failure.message)
    if any(pod.fetching for pod in pods):
        return _step(ConditionType.MODEL_VERIFIED, Reason.FETCHING, _arrived(seen))
    return _step(ConditionType.MODEL_VERIFIED, *_not_started(seen))


def _loaded(seen: Seen, failure: Failure | None) -> Condition:
    pods, wanted = seen.current_pods, seen.workload.replicas
    ready = sum(1 for pod in pods if pod.ready)
    if ready:
        message = f"{ready} of {wanted} replicas have the model loaded"
        return _step(ConditionType.MODEL_LOADED, Reason.LOADED, message, holds=True)
    if failure is not None and failure.location != FETCH:
        return _step(ConditionType.MODEL_LOADED, failure.reason, failure.message)
    if any(pod.verified for pod in pods):
        return _step(ConditionType.MODEL_LOADED, Reason.LOADING, "the runtime loads the model")
    return _step(ConditionType.MODEL_LOADED, *_not_started(seen))


def _endpoint(seen: Seen) -> Condition:
    of = ConditionType.ENDPOINT_READY
    reached = bool(seen.endpoints) and any(pod.ready for pod in seen.current_pods)
    if seen.refusal is not None and not reached:
        return _step(of, seen.refusal.reason, seen.refusal.message)
    if not seen.certified:
        message = "the home has not signed the certificate of this endpoint yet"
        return _step(of, Reason.WAITING_FOR_CERTIFICATE, message)
    if seen.addresses == ():
        message = "no address is known: set endpoint.addresses in the HomeCluster"
        return _step(of, Reason.NO_ENDPOINT, message)
    if not reached:
        return _step(of, Reason.NO_ENDPOINT, "no replica is ready yet")
    address, port = seen.endpoints[0]
    message = f"the model is served at {address}, port {port}"
    return _step(of, Reason.ENDPOINT_SERVING, message, holds=True)


def _not_started(seen: Seen) -> tuple[Reason, str]:
    if not seen.workload.offered:
        message = f"this host's values no longer describe runtime {seen.workload.runtime_name!r}"
        return Reason.RUNTIME_NOT_ALLOWED, message
    if seen.refusal is not None:
        return seen.refusal.reason, seen.refusal.message
    waiting = next((pod.unschedulable for pod in seen.current_pods if pod.unschedulable), None)
    if waiting is not None:
        return Reason.UNSCHEDULABLE, f"no node can take the pod: {waiting}"
    if not seen.certified:
        return Reason.WAITING_FOR_CERTIFICATE, "pods start once the home signed the certificate"
    return Reason.PROGRESSING, "the pods are being started"


def _arrived(seen: Seen) -> str:
    if seen.progress is None or seen.progress.total_bytes == 0:
        return "the weights are being fetched"
    done, total = seen.progress.done_bytes, seen.progress.total_bytes
    return f"{done * 100 // total} % of {total} bytes arrived"


def _step(of: ConditionType, reason: Reason, message: str, *, holds: bool = False) -> Condition:
    return Condition(type=of, status=holds, reason=reason, message=message)
