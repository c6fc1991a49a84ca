"""What to do about one order and its copy: the whole decision, from what is known of both."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from modelbond.api.conditions import Condition, ConditionType, Reason, find, timestamp
from modelbond.api.kinds import Json
from modelbond.api.v1alpha1 import ModelPlacementSpec
from modelbond.api.wire import read
from modelbond.reconcile.host_admission import Declined, forbidden
from modelbond.reconcile.host_lease import Bound, Free, Hold, Over
from modelbond.reconcile.host_order import Order, is_made_here, is_our_copy
from modelbond.reconcile.host_terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The order, as the home last showed it."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The home answers and shows no such order, or does not let us look: 401, 403, 404."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Nothing is known of the order at present."""

    reason: Reason
    message: str


View = Present | Gone | Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Nothing is to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Drop what is remembered of an order that ended without a trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Tell the home that nothing of a withdrawn order is here."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Tell the home that an order is not taken, while something else of that name runs on."""

    order: Order
    declined: Declined


@dataclass(frozen=True, slots=True, kw_only=True)
class Consider:
    """Put an order that has no copy, or has changed, to admission."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """Run what the copy says. `linked` is what is known of its order.

    `declined` is a change that is not taken, and `leaving` why a withdrawn order's copy serves on.
    """

    linked: Condition
    order: Order | None
    declined: Declined | None = None
    leaving: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismiss:
    """Write on the copy that the host takes it back; it is removed next."""

    order: Order | None
    declined: Declined


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Remove the copy and all that serves it. `declined` is why, unless the home withdrew it."""

    order: Order | None
    declined: Declined | None


_FREE = Free()
_SEEN = "the order is seen at the home"

WithoutCopy = Rest | Forget | Release | Consider
WithCopy = Rest | Refuse | Consider | Serve | Dismiss | Remove


def course_without_copy(view: View) -> WithoutCopy:
    """Return what to do where no copy exists."""
    if not isinstance(view, Present):
        return Forget() if isinstance(view, Gone) else Rest()
    return Release(order=view.order) if view.order.withdrawn else Consider(order=view.order)


def course_with_copy(  # noqa: PLR0913 - all that is known
    copy: Json, *, view: View, terms: Terms, home_uid: str, now: datetime, hold: Hold = _FREE
) -> WithCopy:
    """Return what to do about a copy. It is removed on an explicit word only.

    While a lease binds it there is one such word: that its HomeCluster is gone.
    """
    order = view.order if isinstance(view, Present) else None
    if copy["spec"].get("origin", {}).get("homeClusterUID") != terms.uid:
        made_here = is_made_here(copy, home=terms.home)
        return Remove(order=None, declined=None) if made_here else Rest()
    if not _counts(copy, terms=terms, home_uid=home_uid, order=order):
        return Rest()
    if order is not None and not _carries(copy, order):
        return Refuse(order=order, declined=_NAME_TAKEN)
    if isinstance(hold, Bound) and dismissed(copy) is None:
        return _course_while_bound(copy, hold, view=view, terms=terms)
    return _ending(copy, order=order, terms=terms, hold=hold) or _course_on(
        copy, order=order, view=view, terms=terms, now=now
    )


def dismissed(copy: Json) -> Declined | None:
    """Return why the host took the copy back, or None while it stands."""
    accepted = find(copy.get("status", {}).get("conditions", []), ConditionType.ACCEPTED)
    if accepted is None or accepted["status"] != "False":
        return None
    reason = next((r for r in Reason if r.value == accepted["reason"]), Reason.DECLINED)
    return Declined(reason=reason, message=accepted["message"])


def carried_generation(copy: Json) -> int | None:
    """Return the generation of the order that the copy carries; None before it was written."""
    generation = copy.get("status", {}).get("orderGeneration")
    return int(generation) if generation is not None else None


def orphaned_seconds(copy: Json, *, now: datetime) -> float:
    """Return for how long the home has not shown the order; 0 while it is seen.

    The copy itself remembers since when, so that cut links and restarts do not start it anew.
    """
    since = copy.get("status", {}).get("orphanedSince")
    return (now - datetime.fromisoformat(since)).total_seconds() if since else 0.0


def orphaned_since(before: Json, *, linked: Condition | None, now: datetime) -> str | None:
    """Return since when the copy is orphaned; only its order, seen again, ends that."""
    if linked is not None and linked.status:
        return None
    orphaned = linked is not None and linked.reason is Reason.ORPHANED
    return before.get("orphanedSince") or (timestamp(now) if orphaned else None)


_NAME_TAKEN = Declined(
    reason=Reason.NAME_TAKEN,
    message="a copy of an earlier order of this name still runs here: the host's owner can "
    "delete it, or place elsewhere",
)


def _course_while_bound(copy: Json, hold: Bound, *, view: View, terms: Terms) -> WithCopy:
    """Return how the copy is served although something may speak against it."""
    if not isinstance(view, Present):
        return _course_without_order(view, after=None, orphaned=0)
    order, spec = view.order, read(ModelPlacementSpec, copy["spec"])
    linked = _linked(Reason.LINKED, _SEEN, holds=True)
    if order.withdrawn:
        return Serve(linked=linked, order=order, leaving=hold.why)
    declined = forbidden(spec, terms=terms)
    if declined is not None:
        return Serve(linked=linked, order=order, declined=_yet(declined, hold))
    changed = withheld(spec, order.spec)
    if changed:
        message = f"{', '.join(changed)}: not changed, since {hold.why}; place it anew"
        return Serve(
            linked=linked,
            order=order,
            declined=Declined(reason=Reason.LEASE_HOLDS, message=message),
        )
    return _course_with_order(copy, order)


def withheld(before: ModelPlacementSpec, wanted: ModelPlacementSpec) -> tuple[str, ...]:
    """Return what an order changes that a lease was made about. Where weights lie is not of it."""
    model = msgspec.structs.replace(wanted.model, sources=before.model.sources)
    compared = {
        "model": (before.model, model),
        "runtime": (before.runtime, wanted.runtime),
        "resources": (before.resources, wanted.resources),
        "replicas": (before.replicas, wanted.replicas),
    }
    return tuple(name for name, (old, new) in compared.items() if old != new)


def _yet(declined: Declined, hold: Bound) -> Declined:
    return Declined(reason=declined.reason, message=f"{declined.message}; {hold.why}")


def _ending(copy: Json, *, order: Order | None, terms: Terms, hold: Hold) -> WithCopy | None:
    """Return how the copy ends by the home's or the owner's word; None when neither was said."""
    if order is not None and order.withdrawn:
        return Remove(order=order, declined=None)
    taken_back = dismissed(copy)
    if taken_back is not None:
        return Remove(order=order, declined=taken_back)
    if isinstance(hold, Over):
        ended = Declined(reason=Reason.LEASE_ENDED, message=hold.why)
        return Dismiss(order=order, declined=ended)
    declined = forbidden(read(ModelPlacementSpec, copy["spec"]), terms=terms)
    return Dismiss(order=order, declined=declined) if declined is not None else None


def _course_on(
    copy: Json, *, order: Order | None, view: View, terms: Terms, now: datetime
) -> WithCopy:
    if order is not None:
        return _course_with_order(copy, order)
    orphaned = orphaned_seconds(copy, now=now)
    return _course_without_order(view, after=terms.orphan_after_seconds, orphaned=orphaned)


def _course_with_order(copy: Json, order: Order) -> WithCopy:
    if carried_generation(copy) != order.generation:
        return Consider(order=order)
    return Serve(linked=_linked(Reason.LINKED, _SEEN, holds=True), order=order)


def _course_without_order(view: View, *, after: int | None, orphaned: float) -> WithCopy:
    if isinstance(view, Unseen):
        return Serve(linked=_linked(view.reason, view.message), order=None)
    message = view.message if isinstance(view, Gone) else ""
    if after is not None and orphaned >= after:
        return Remove(order=None, declined=None)
    return Serve(linked=_linked(Reason.ORPHANED, message), order=None)


def _linked(reason: Reason, message: str, *, holds: bool = False) -> Condition:
    return Condition(type=ConditionType.LINKED, status=holds, reason=reason, message=message)


def _counts(copy: Json, *, terms: Terms, home_uid: str, order: Order | None) -> bool:
    if not is_our_copy(copy, terms=terms, home_uid=home_uid):
        return False
    seen_now = order is not None and _carries(copy, order)
    return seen_now or carried_generation(copy) is not None


def _carries(copy: Json, order: Order) -> bool:
    return bool(copy["spec"]["origin"]["orderUID"] == order.uid)
