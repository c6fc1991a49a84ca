"""The questions that a host is asked one after the other; its first objection is its reason."""

from collections.abc import Callable, Iterable

from modelbond.placement.host import Heard, Host, Offer
from modelbond.placement.reasons import Objection, Why
from modelbond.placement.request import Request
from modelbond.placement.selector import mismatch, untolerated

_SILENCE = {
    Heard.NEVER: Objection(Why.NEVER_HEARD, "its operator has never reported in"),
    Heard.WAITING: Objection(Why.NOT_HEARD_YET, "not heard since this operator started"),
    Heard.SILENT: Objection(Why.UNREACHABLE, "silent for longer than the home bears"),
}
_STATES = {
    "Cordoned": Objection(Why.CORDONED, "its owner takes no new placements"),
    "Drained": Objection(Why.DRAINED, "its owner drained it"),
}


def objection(request: Request, host: Host) -> Objection | None:
    """Return why the host cannot take the request, or None when it can."""
    found = _standing(host) or _wanted(request, host)
    if found is not None:
        return found
    if host.offer is None or not host.report_valid:
        return Objection(Why.NO_REPORT, "it sent no valid report")
    for question in _OF_OFFER:
        found = question(request, host.offer)
        if found is not None:
            return found
    return None


def breaks_wish(request: Request, host: Host) -> Objection | None:
    """Return why the user's own words now exclude a host that holds a placement."""
    hosts = request.rules.hosts
    if hosts and host.name not in hosts:
        return Objection(Why.NOT_LISTED, "placement.hosts does not name it")
    demand = mismatch(request.rules.selector, host.labels)
    if demand is not None:
        return Objection(Why.SELECTOR_MISMATCH, f"its labels do not meet {demand}")
    return None


def _standing(host: Host) -> Objection | None:
    if not host.accepted:
        return Objection(Why.NOT_ACCEPTED, "its HostCluster has spec.accepted: false")
    if host.identity_changed:
        return Objection(Why.IDENTITY_CHANGED, "another cluster answers under its name")
    return _SILENCE.get(host.heard)


def _wanted(request: Request, host: Host) -> Objection | None:
    found = breaks_wish(request, host)
    if found is not None:
        return found
    tolerations = request.rules.tolerations
    for taint in untolerated(host.taints, tolerations, effect="NoSchedule"):
        return Objection(Why.TAINTED, f"taint {taint.key}={taint.value} is not tolerated")
    if host.name in request.barred:
        return Objection(Why.BARRED, request.barred[host.name])
    return None


def _state(_request: Request, offer: Offer) -> Objection | None:
    return _STATES.get(offer.state)


def _runtime(request: Request, offer: Offer) -> Objection | None:
    if request.runtime in offer.runtimes:
        return None
    return Objection(
        Why.RUNTIME_NOT_OFFERED, f"offers {_listed(offer.runtimes)}, not {request.runtime}"
    )


def _format(request: Request, offer: Offer) -> Objection | None:
    if request.model_format in offer.formats:
        return None
    return Objection(
        Why.FORMAT_NOT_OFFERED, f"offers {_listed(offer.formats)}, not {request.model_format}"
    )


def _gpus(request: Request, offer: Offer) -> Objection | None:
    need = request.need
    if need.gpu_class is None:
        return None
    held = offer.gpus.get(need.gpu_class)
    if held is None:
        return Objection(
            Why.CLASS_NOT_OFFERED, f"offers {_listed(offer.gpus)}, not {need.gpu_class}"
        )
    if held.free < need.gpus:
        return Objection(
            Why.NOT_ENOUGH_GPUS, f"{held.free} {need.gpu_class} free, {need.gpus} needed"
        )
    if held.largest_on_one_node < need.gpus_per_pod:
        return Objection(
            Why.NOT_ENOUGH_ON_ONE_NODE,
            f"at most {held.largest_on_one_node} {need.gpu_class} on one node, "
            f"{need.gpus_per_pod} needed for a pod",
        )
    return None


def _cpu(request: Request, offer: Offer) -> Objection | None:
    if offer.cpu_free_milli >= request.need.cpu_milli:
        return None
    return Objection(
        Why.NOT_ENOUGH_CPU, f"{offer.cpu_free_milli}m CPU free, {request.need.cpu_milli}m needed"
    )


def _memory(request: Request, offer: Offer) -> Objection | None:
    if offer.memory_free_bytes >= request.need.memory_bytes:
        return None
    return Objection(
        Why.NOT_ENOUGH_MEMORY,
        f"{offer.memory_free_bytes >> 20} MiB free, {request.need.memory_bytes >> 20} needed",
    )


def _grouped(request: Request, offer: Offer) -> Objection | None:
    for constraint in request.rules.spread_constraints:
        if not offer.group(constraint.spread_by_field):
            return Objection(Why.GROUP_UNKNOWN, f"it does not say its {constraint.spread_by_field}")
    return None


_OF_OFFER: tuple[Callable[[Request, Offer], Objection | None], ...] = (
    _state,
    _runtime,
    _format,
    _gpus,
    _cpu,
    _memory,
    _grouped,
)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "nothing"
