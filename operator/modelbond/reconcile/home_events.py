"""What to tell a person when a deployment's status changed: from two statuses, no memory."""

from modelbond.api.conditions import ConditionType, find
from modelbond.api.kinds import Json
from modelbond.reconcile.home_lease_events import lease_events
from modelbond.reconcile.home_told import Told


def events_between(before: Json, after: Json) -> list[Told]:
    """Return what became true from one status of a deployment to the next, in order."""
    return [
        *_placements(before, after),
        *_declines(before, after),
        *_conditions(before, after),
    ]


def _placements(before: Json, after: Json) -> list[Told]:
    was = {(each["host"], each["epoch"]): each for each in before.get("placements") or ()}
    told = []
    for each in after.get("placements") or ():
        old = was.get((each["host"], each["epoch"]))
        events = (_placement(old, each), _unrouted(old, each))
        told += [event for event in events if event is not None]
        told += lease_events((old or {}).get("lease"), each.get("lease"), host=each["host"])
    return told


def _placement(old: Json | None, new: Json) -> Told | None:
    host, health = new["host"], new["health"]
    if old is None and health != "Withdrawing":
        text = f"slot {new['slot']} goes to {host}, epoch {new['epoch']}; its answer comes next"
        return Told(good=True, reason="Placed", message=text)
    if old is None or old["health"] == health:
        return None
    if health == "Unreachable":
        text = f"{host}: {new.get('message')}; ask its owner, see `kubectl describe mbhost {host}`"
        return Told(good=False, reason="LostContact", message=text)
    if old["health"] == "Unreachable":
        return Told(good=True, reason="ContactBack", message=f"{host} is heard again")
    if health == "Withdrawing":
        text = f"{host} was told to drop its copy and has not confirmed it yet"
        return Told(good=True, reason="Withdrawn", message=text)
    return None


def _unrouted(old: Json | None, new: Json) -> Told | None:
    if new["reason"] not in _HERE or (old or {}).get("reason") == new["reason"]:
        return None
    return Told(good=False, reason=new["reason"], message=f"{new['host']}: {new.get('message')}")


def declines_between(before: Json, after: Json) -> list[Json]:
    """Return the bars of orders that were not taken from one status to the next."""
    was = {each["host"]: (each["generation"], each["times"]) for each in before.get("barred") or ()}
    return [
        each
        for each in after.get("barred") or ()
        if was.get(each["host"]) != (each["generation"], each["times"])
    ]


def _declines(before: Json, after: Json) -> list[Told]:
    return [
        Told(
            good=False,
            reason="Declined",
            message=f"{each['host']} declined: {each['reason']}: {each.get('message', '')}; "
            f"others are tried, this one again after {each['until']}",
        )
        for each in declines_between(before, after)
        if each["reason"] != "OrderRefused"  # the host was never asked; Scheduled tells
    ]


def _conditions(before: Json, after: Json) -> list[Told]:
    told = []
    if _became(before, after, ConditionType.READY, status="True"):
        told.append(Told(good=True, reason="Ready", message=_message(after, ConditionType.READY)))
    for about in (ConditionType.ACCEPTED, ConditionType.SCHEDULED, ConditionType.ENDPOINT_READY):
        entry = find(after.get("conditions") or (), about)
        old = find(before.get("conditions") or (), about)
        if entry is None or entry["status"] != "False" or entry["reason"] in _QUIET:
            continue
        if old is None or old["reason"] != entry["reason"]:
            told.append(Told(good=False, reason=entry["reason"], message=entry["message"]))
    return told


_HERE = ("NameTaken", "RouteRefused")
_QUIET = ("NoEndpoint", "Paused", "WaitingForCertificate", "Progressing")


def _became(before: Json, after: Json, about: ConditionType, *, status: str) -> bool:
    old = find(before.get("conditions") or (), about)
    new = find(after.get("conditions") or (), about)
    return new is not None and new["status"] == status and (old or {}).get("status") != status


def _message(status: Json, about: ConditionType) -> str:
    return str((find(status.get("conditions") or (), about) or {}).get("message", ""))
