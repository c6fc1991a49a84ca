"""What a link knows of one order: present, gone on the home's word, or not seen at present."""

from modelbond.api.conditions import Reason
from modelbond.api.kinds import Json
from modelbond.controllers.link_session import Session
from modelbond.controllers.link_state import Fact
from modelbond.errors import Refused
from modelbond.reconcile.host_course import Gone, Present, Unseen, View
from modelbond.reconcile.host_order import order_of

_LOOKING_IS_REFUSED = (
    Reason.CREDENTIAL_EXPIRED,
    Reason.CREDENTIAL_REVOKED,
    Reason.RIGHTS_MISSING,
)


def view_of(order: str, *, session: Session | None, connected: Fact) -> View:
    """Return what is known of an order now."""
    found = session.order(order) if session else None
    if found is not None:
        return _present(found)
    if connected.reason in _LOOKING_IS_REFUSED:
        return Gone(message=connected.message)
    if session is None:
        return Unseen(reason=connected.reason, message=connected.message)
    if session.orders.failure is not None or not session.orders.synced:
        return Unseen(reason=Reason.UNREACHABLE, message="the home does not list its orders")
    return Gone(message="the home does not list the order any more; it runs on here")


def _present(obj: Json) -> View:
    try:
        return Present(order=order_of(obj))
    except Refused as refusal:
        return Unseen(reason=Reason.SPEC_INVALID, message=str(refusal))
