"""What is true of the link to one home, in the words of a HomeCluster's conditions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from modelbond.api.conditions import Condition, ConditionType, Reason
from modelbond.errors import (
    ApiUnreachable,
    Forbidden,
    ModelbondError,
    OwnSideFailed,
    Refused,
    Unauthorized,
)

_INVITE = "ask the home to run `modelbond invite` again and apply what it prints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One statement with its reason."""

    holds: bool | None
    reason: Reason
    message: str


CONNECTED = Fact(holds=True, reason=Reason.CONNECTED, message="the home answers")
_UNTRIED = Fact(holds=None, reason=Reason.PROGRESSING, message="the link is being opened")


@dataclass(slots=True, kw_only=True)
class LinkState:
    """Join, connection and identity as they are now. `home_uid` is pinned for good."""

    home_uid: str | None
    host_name: str = ""
    token_ends_at: float = 0.0
    join: Fact = field(default=_UNTRIED)
    connected: Fact = field(default=_UNTRIED)
    identity: Fact = field(default=_UNTRIED)

    def conditions(self) -> list[Condition]:
        """Return Ready and, in the order to debug by, JoinValid, Connected, IdentityPinned."""
        steps = [
            _condition(ConditionType.JOIN_VALID, self.join),
            _condition(ConditionType.CONNECTED, self.connected),
            _condition(ConditionType.IDENTITY_PINNED, self.identity),
        ]
        first = next((step for step in steps if not step.status), None)
        if first is None:
            message = "orders are taken from this home"
            ready = Fact(holds=True, reason=Reason.READY, message=message)
        else:
            ready = Fact(holds=first.status, reason=first.reason, message=first.message)
        return [_condition(ConditionType.READY, ready), *steps]


class Troubles:
    """What of a session fails at present, each until it works again."""

    def __init__(self) -> None:
        self._failures: dict[str, ModelbondError] = {}

    def begin(self, what: str, failure: ModelbondError) -> None:
        """Take note that it fails."""
        self._failures[what] = failure

    def end(self, what: str) -> None:
        """Take note that it works."""
        self._failures.pop(what, None)

    def forget(self) -> None:
        """Start with a clean sheet: another session begins."""
        self._failures.clear()

    @property
    def gravest(self) -> ModelbondError | None:
        """Return the failure to say: a refused token, then silence, then the rest."""
        gravity = (Unauthorized, ApiUnreachable, ModelbondError)
        found = list(self._failures.values())
        return next((each for kind in gravity for each in found if isinstance(each, kind)), None)

    @property
    def silent(self) -> bool:
        """Tell whether the home does not answer."""
        return any(isinstance(each, ApiUnreachable) for each in self._failures.values())


def joined() -> Fact:
    """Return that the join Secret is as it should be."""
    return Fact(holds=True, reason=Reason.JOIN_VALID, message="the invitation is well formed")


def pinned(uid: str) -> Fact:
    """Return that the home is the cluster that first answered."""
    return Fact(holds=True, reason=Reason.IDENTITY_PINNED, message=f"the home is cluster {uid}")


def stranger(*, pinned_uid: str, seen_uid: str) -> Fact:
    """Return that another cluster answers at the home's address."""
    return Fact(
        holds=False,
        reason=Reason.IDENTITY_CHANGED,
        message=f"cluster {seen_uid} answers where {pinned_uid} was pinned: nothing is taken from "
        "it; if the home was really made anew, delete this HomeCluster and join again",
    )


def invalid_join(failure: Refused) -> Fact:
    """Return what is wrong with the invitation."""
    return Fact(holds=False, reason=Reason.JOIN_INVALID, message=str(failure))


@contextmanager
def own_side() -> Iterator[None]:
    """Tell failures of our own API server from the home's: its refusal orphans nothing."""
    try:
        yield
    except Refused:
        raise
    except ModelbondError as failure:
        raise OwnSideFailed(f"this cluster's own API server: {failure}") from failure


def failed(failure: ModelbondError, *, expired: bool) -> Fact:
    """Return why the home cannot be used. `expired` says that the token's own end has passed."""
    match failure:
        case Unauthorized():
            reason = Reason.CREDENTIAL_EXPIRED if expired else Reason.CREDENTIAL_REVOKED
            message = f"the home refuses the token; what runs here runs on; {_INVITE}"
        case Forbidden():
            reason = Reason.RIGHTS_MISSING
            message = f"{failure}; {_INVITE}"
        case OwnSideFailed():
            reason = Reason.UNREACHABLE
            message = f"the link waits, tried again soon: {failure}"
        case _:
            reason = Reason.UNREACHABLE
            message = f"no answer from the home, tried again soon: {failure}"
    return Fact(holds=False, reason=reason, message=message)


def _condition(of: ConditionType, fact: Fact) -> Condition:
    return Condition(type=of, status=fact.holds, reason=fact.reason, message=fact.message)
