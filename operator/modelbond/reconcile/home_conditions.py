"""The conditions of a ModelDeployment, from its placements and the last decision."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from modelbond.api.conditions import Condition, ConditionType
from modelbond.api.reasons import Reason
from modelbond.placement.explain import summary
from modelbond.placement.reasons import Why
from modelbond.reconcile.home_deployment import Deployment, serves_wish
from modelbond.reconcile.home_health import Health, Placement
from modelbond.reconcile.home_lease_conditions import lease_conditions
from modelbond.reconcile.home_lease_view import PlacementLease
from modelbond.reconcile.home_obstacle import Obstacle
from modelbond.reconcile.home_order import Said
from modelbond.reconcile.home_plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What conditions are made of.

    `refused` has, by host, the orders that could not be made, changed or withdrawn just now;
    `entrance` what keeps every customer out, whatever serves. `leases` are by the key of their
    order; without `has_chain` there can be none.
    """

    deployment: Deployment
    plan: Plan
    placements: Sequence[Placement]
    refused: Mapping[str, Obstacle]
    entrance: Obstacle | None
    client_secret: bool
    leases: Mapping[str, PlacementLease] = field(default_factory=dict)
    has_chain: bool = False

    @property
    def live(self) -> list[Placement]:
        """Return the placements that are not on their way out."""
        return [each for each in self.placements if each.health is not Health.WITHDRAWING]

    @property
    def ready(self) -> list[Placement]:
        """Return those of which all replicas serve what is wished now."""
        wish = self.deployment
        return [each for each in self.live if each.counts and serves_wish(wish, each.order.spec)]


def refused(reason: Reason, message: str) -> list[Condition]:
    """Return the conditions of a deployment for which nothing is done."""
    return [
        Condition(type=ConditionType.READY, status=False, reason=reason, message=message),
        Condition(type=ConditionType.ACCEPTED, status=False, reason=reason, message=message),
    ]


def conditions(facts: Facts) -> list[Condition]:
    """Return all conditions: Ready, then the others in the order a person debugs."""
    scheduled = _scheduled(facts)
    endpoint = _endpoint(facts)
    return [
        _ready(facts, scheduled=scheduled, endpoint=endpoint),
        _true(ConditionType.ACCEPTED, Reason.ACCEPTED, "the home places this deployment"),
        scheduled,
        _of_all(facts, ConditionType.MODEL_VERIFIED, Reason.VERIFIED, _verified_text),
        _of_all(facts, ConditionType.MODEL_LOADED, Reason.LOADED, _loaded_text),
        endpoint,
        *lease_conditions(
            {each.order.host: facts.leases.get(each.order.key) for each in facts.live},
            wanted=facts.deployment.spec.lease is not None,
            has_chain=facts.has_chain,
            before=facts.deployment.status.get("conditions") or (),
        ),
    ]


def _scheduled(facts: Facts) -> Condition:
    plan, rules = facts.plan, facts.deployment.spec.placement
    about = ConditionType.SCHEDULED
    if stuck := _stuck(facts):
        return _false(about, Reason.ORDER_REFUSED, "; ".join(stuck))
    if plan.unwished:
        kept = ", ".join(f"{each.order.host} ({each.why})" for each in plan.unwished)
        text = f"kept on {kept} until another host fits. {summary(plan.decision)}"
        return _false(about, Reason.NO_HOST_FITS, text)
    if plan.decision.lacks_owners(rules.min_owners):
        text = f"{plan.decision.owners} of {rules.min_owners} owners. {summary(plan.decision)}"
        return _false(about, Reason.TOO_FEW_OWNERS, text)
    if plan.decision.vacant:
        placed = rules.count - plan.decision.vacant
        text = f"{placed} of {rules.count} placed. {summary(plan.decision)}"
        return _false(about, Reason.NO_HOST_FITS, text)
    return _true(about, Reason.SCHEDULED, f"all {rules.count} slots have a host")


def _stuck(facts: Facts) -> list[str]:
    """Return which orders are refused here: just now, or before while a slot still lacks them."""
    decision = facts.plan.decision
    barred = {each.host for each in decision.verdicts if each.why is Why.BARRED and decision.vacant}
    texts = {host: obstacle.message for host, obstacle in facts.refused.items()}
    for bar in facts.plan.bars:
        if bar.reason == Reason.ORDER_REFUSED and bar.host in barred | texts.keys():
            texts[bar.host] = f"{bar.message}; others are tried, it again after {bar.until}"
    return [f"{host}: {texts[host]}" for host in sorted(texts)]


def _of_all(
    facts: Facts, about: ConditionType, good: Reason, text: Callable[[Facts], str]
) -> Condition:
    if not facts.live:
        return _unknown(about, Reason.NO_HOST_FITS, "no placement yet")
    said = [(each, _word(each, about)) for each in facts.live]
    missing = [(each, word) for each, word in said if word is None or word.status is not True]
    if not missing:
        return _true(about, good, text(facts))
    missing.sort(key=lambda pair: (_rank(pair[1]), pair[0].order.spec.slot))
    worst, word = missing[0]
    if word is None:
        return _unknown(about, Reason.WAITING_FOR_HOST, f"{worst.order.host} has not said yet")
    return Condition(
        type=about,
        status=word.status,
        reason=word.reason,
        message=f"{worst.order.host}: {word.message}",
    )


def _word(placement: Placement, about: ConditionType) -> Said | None:
    if placement.frozen:
        return Said(status=None, reason=placement.reason, message=placement.message)
    return placement.order.said(about)


def _rank(word: Said | None) -> int:
    if word is None:
        return 2
    return 0 if word.status is False else 1


def _verified_text(facts: Facts) -> str:
    return f"{facts.deployment.spec.model.digest} on {_hosts(facts.live)}"


def _loaded_text(facts: Facts) -> str:
    return f"loaded on {_hosts(facts.live)}"


def _endpoint(facts: Facts) -> Condition:
    about = ConditionType.ENDPOINT_READY
    if facts.entrance is not None:
        return _false(about, facts.entrance.reason, facts.entrance.message)
    serving = [each for each in facts.live if each.serving]
    routed = [each for each in serving if each.unrouted is None]
    if routed:
        return _true(about, Reason.ENDPOINT_SERVING, f"{_hosts(routed)} serve")
    blocked = next(((each, each.unrouted) for each in serving if each.unrouted), None)
    if blocked is not None:
        return _false(about, blocked[1].reason, f"{blocked[0].order.host}: {blocked[1].message}")
    for each in facts.live:
        if each.reason in (Reason.ENDPOINT_REFUSED, Reason.WAITING_FOR_CERTIFICATE):
            return _false(about, each.reason, f"{each.order.host}: {each.message}")
    if facts.deployment.spec.replicas == 0:
        return _false(about, Reason.PAUSED, "replicas is 0: set it to 1 or more to serve")
    return _false(about, Reason.NO_ENDPOINT, "no placement serves yet")


def _ready(facts: Facts, *, scheduled: Condition, endpoint: Condition) -> Condition:
    about, wanted = ConditionType.READY, facts.deployment.spec.placement.count
    ready = facts.ready
    tally = f"{len(ready)} of {wanted} hosts ready"
    if facts.deployment.spec.replicas == 0:
        return _false(about, Reason.PAUSED, "replicas is 0: set it to 1 or more to serve")
    if facts.entrance or facts.refused:
        worst = endpoint if facts.entrance else scheduled
        return _false(about, worst.reason, f"{tally}; {worst.message}")
    if len(ready) >= wanted:
        return _true(about, Reason.READY, tally)
    behind = sorted(
        (each for each in facts.live if each not in ready), key=lambda each: _urgency[each.health]
    )
    if behind and behind[0].health in (Health.UNREACHABLE, Health.DEGRADED, Health.DECLINED):
        return _false(about, behind[0].reason, f"{tally}; {_named(behind[0])}")
    if scheduled.status is False:
        return _false(about, scheduled.reason, f"{tally}; {scheduled.message}")
    return _false(about, Reason.PROGRESSING, "; ".join([tally, *map(_named, behind)]))


_urgency = {
    Health.UNREACHABLE: 0,
    Health.DEGRADED: 1,
    Health.DECLINED: 2,
    Health.PROGRESSING: 3,
    Health.PENDING: 4,
    Health.HEALTHY: 5,
    Health.WITHDRAWING: 6,
}


def _named(placement: Placement) -> str:
    return f"{placement.order.host}: {placement.reason}: {placement.message}"


def _hosts(placements: Sequence[Placement]) -> str:
    return ", ".join(sorted(each.order.host for each in placements))


def _true(about: ConditionType, reason: Reason, message: str) -> Condition:
    return Condition(type=about, status=True, reason=reason, message=message)


def _false(about: ConditionType, reason: Reason, message: str) -> Condition:
    return Condition(type=about, status=False, reason=reason, message=message)


def _unknown(about: ConditionType, reason: Reason, message: str) -> Condition:
    return Condition(type=about, status=None, reason=reason, message=message)
