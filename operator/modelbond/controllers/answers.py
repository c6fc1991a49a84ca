"""What the home was answered: declines that stand, and the status written on its orders."""

from dataclasses import dataclass

from modelbond.api.conditions import ConditionType, find
from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.api.versions import declared
from modelbond.controllers.freshest import Freshest
from modelbond.controllers.link import Link
from modelbond.ports import Clock
from modelbond.reconcile.host_admission import Declined
from modelbond.reconcile.host_order import Order
from modelbond.reconcile.host_status import Said, status_body
from modelbond.reconcile.host_terms import Terms

ASK_AGAIN_SECONDS = 60.0
_FOR_LACK_OF_ROOM = (Reason.QUOTA_EXCEEDED, Reason.NO_CAPACITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decline:
    generation: int
    policy_revision: str
    declined: Declined
    since: float


class Answers:
    """Remembers declines by the order's UID, and writes only what differs."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._declines: dict[str, _Decline] = {}
        self._orders = Freshest()

    def standing(self, order: Order, *, terms: Terms, link: Link) -> Declined | None:
        """Return the decline that stands for this generation under these terms, or None.

        One for lack of room stands for a minute: others may have gone. After a restart the
        order's own status tells what was answered.
        """
        known = self._declines.get(order.uid)
        if known is None:
            said = self._said(order, link=link)
            if said is None:
                return None
            self.decline(order, terms=terms, declined=said)
            return said
        if (known.generation, known.policy_revision) != (order.generation, terms.revision):
            return None
        over = self._clock.monotonic() - known.since >= ASK_AGAIN_SECONDS
        return None if over and known.declined.reason in _FOR_LACK_OF_ROOM else known.declined

    def decline(self, order: Order, *, terms: Terms, declined: Declined) -> None:
        """Let a decline stand until the generation or our terms change."""
        self._declines[order.uid] = _Decline(
            generation=order.generation,
            policy_revision=terms.revision,
            declined=declined,
            since=self._clock.monotonic(),
        )

    def forget(self, order: Order) -> None:
        """Drop what is remembered of an order that has ended or was taken."""
        self._declines.pop(order.uid, None)

    async def tell(self, order: Order, said: Said, *, link: Link, generation: int) -> None:
        """Write the order's status where it differs. A link that is down tells it later."""
        current = self._current(order, link=link)
        if current is None or not link.state.connected.holds:
            return
        before = current.get("status", {})
        status = status_body(said, before=before, generation=generation, now=self._clock.now())
        if declared(status, at="status", version=order.home_version) != before:
            self._orders.wrote(order.uid, await link.tell(order, status))

    def _current(self, order: Order, *, link: Link) -> Json | None:
        return self._orders.of(order.uid, link.order_object(order.name))

    def _said(self, order: Order, *, link: Link) -> Declined | None:
        status = (self._current(order, link=link) or {}).get("status", {})
        accepted = find(status.get("conditions", []), ConditionType.ACCEPTED)
        if accepted is None or accepted["status"] != "False":
            return None
        if status.get("observedGeneration") != order.generation:
            return None
        reason = next((r for r in Reason if r.value == accepted["reason"]), Reason.DECLINED)
        return Declined(reason=reason, message=accepted["message"])
