"""What the home was answered: declines that stand, and the status written on its orders."""

from dataclasses import dataclass

from modelbond.api.conditions import ConditionType, find
from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.api.versions import declared
from modelbond.controllers import host_metrics
from modelbond.controllers.freshest import Freshest
from modelbond.controllers.link import Link
from modelbond.ports.process import Clock
from modelbond.reconcile.host_admission import Declined
from modelbond.reconcile.host_ledger import Place
from modelbond.reconcile.host_order import Order
from modelbond.reconcile.host_status import Said, status_body
from modelbond.reconcile.host_terms import Terms

ASK_AGAIN_SECONDS = 60.0
_FOR_LACK_OF_ROOM = (Reason.QUOTA_EXCEEDED, Reason.NO_CAPACITY)
_KNOWN_BY_TRYING = (Reason.CAPACITY_LOST, Reason.OBJECT_REFUSED, Reason.LEASE_ENDED)
"""What admission cannot tell again: it came out only when the order was served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decline:
    order_uid: str
    generation: int
    policy_revision: str
    declined: Declined
    since: float


class Answers:
    """Remembers declines by the order's place, and writes only what differs."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._declines: dict[Place, _Decline] = {}
        self._orders = Freshest()

    def standing(self, order: Order, *, terms: Terms, link: Link) -> Declined | None:
        """Return the decline that stands for this generation under these terms, or None.

        One for lack of room stands for a minute: others may have gone. After a restart the
        order's own status tells what only trying could tell; the rest is asked anew, since nobody
        knows under which terms it was answered.
        """
        known = self._declines.get(_place(order, terms=terms))
        if known is None or known.order_uid != order.uid:
            told = self.told(order, link=link)
            if told is None or told.reason not in _KNOWN_BY_TRYING:
                return None
            self.decline(order, terms=terms, declined=told)
            return told
        if (known.generation, known.policy_revision) != (order.generation, terms.revision):
            return None
        over = self._clock.monotonic() - known.since >= ASK_AGAIN_SECONDS
        return None if over and known.declined.reason in _FOR_LACK_OF_ROOM else known.declined

    def decline(self, order: Order, *, terms: Terms, declined: Declined) -> None:
        """Let a decline stand until the generation or our terms change."""
        place = _place(order, terms=terms)
        known = self._declines.get(place)
        if known is None or (known.order_uid, known.declined.reason) != (
            order.uid,
            declined.reason,
        ):
            host_metrics.declined(terms.home, declined.reason)
        self._declines[place] = _Decline(
            order_uid=order.uid,
            generation=order.generation,
            policy_revision=terms.revision,
            declined=declined,
            since=self._clock.monotonic(),
        )

    def taken(self, order: Order, *, terms: Terms) -> None:
        """Let no earlier decline stand against an order that was taken."""
        self._declines.pop(_place(order, terms=terms), None)

    def forget(self, place: Place) -> None:
        """Drop all that is remembered of an order that has ended."""
        self._declines.pop(place, None)
        self._orders.forget(_key(place))

    def told(self, order: Order, *, link: Link) -> Declined | None:
        """Return the decline that this generation of the order carries in its status, or None."""
        status = (self._current(order, link=link) or {}).get("status", {})
        accepted = find(status.get("conditions", []), ConditionType.ACCEPTED)
        if accepted is None or accepted["status"] != "False":
            return None
        if status.get("observedGeneration") != order.generation:
            return None
        reason = next((r for r in Reason if r.value == accepted["reason"]), Reason.DECLINED)
        return Declined(reason=reason, message=accepted["message"])

    async def tell(self, order: Order, said: Said, *, link: Link, generation: int) -> None:
        """Write the order's status where it differs. A link that is down tells it later."""
        current = self._current(order, link=link)
        if current is None or not link.answers:
            return
        before = current.get("status", {})
        status = status_body(said, before=before, generation=generation, now=self._clock.now())
        if declared(status, at="status", version=order.home_version) != before:
            key = _key(_place(order, terms=link.terms))
            self._orders.wrote(key, await link.tell(order, status))

    def _current(self, order: Order, *, link: Link) -> Json | None:
        key = _key(_place(order, terms=link.terms))
        return self._orders.of(key, link.order_object(order.name))


def _place(order: Order, *, terms: Terms) -> Place:
    return Place(home=terms.home, order=order.name)


def _key(place: Place) -> str:
    return f"{place.home}/{place.order}"
