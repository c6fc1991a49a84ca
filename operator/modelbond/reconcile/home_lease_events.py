"""What to tell a person of a lease: from two states of it, no memory."""

from collections.abc import Iterator

from modelbond.api.kinds import Json
from modelbond.reconcile.home_told import Told

_STAGES = {
    "Open": (True, "LeaseOpened", "its lease is open"),
    "Ending": (True, "LeaseEnding", "its lease ends"),
    "Ended": (True, "LeaseEnded", "its lease is over"),
    "Released": (True, "LeaseReleased", "all money of its lease was dealt out"),
    "Refused": (False, "LeaseRefused", "no lease is opened"),
}


def lease_events(before: Json | None, after: Json | None, *, host: str) -> Iterator[Told]:
    """Yield what became true of a placement's lease, in the order in which it happened."""
    if after is None:
        return
    old = before or {}
    if old.get("id") not in (None, after.get("id")):
        old = {}
    yield from _stage(old, after, host)
    yield from _reported(old, after, host)
    yield from _credited(old, after, host)


def _stage(old: Json, new: Json, host: str) -> Iterator[Told]:
    same_words = new["state"] != "Refused" or old.get("message") == new.get("message")
    if new["state"] not in _STAGES or (old.get("state") == new["state"] and same_words):
        return
    good, reason, text = _STAGES[new["state"]]
    yield Told(good=good, reason=reason, message=f"{host}: {text}: {new.get('message', '')}")


def _reported(old: Json, new: Json, host: str) -> Iterator[Told]:
    if new.get("frame") is None or new["frame"] == old.get("frame"):
        return
    counts = f"{new['through']} slices, {new['unearned']} unearned, {new['breach']} in breach"
    text = f"{host}: the report of frame {new['frame']} is final: {counts}"
    yield Told(good=True, reason="ReportFinal", message=text)
    more = new["breach"] - (old.get("breach") or 0)
    if more > 0:
        text = f"{host}: {more} more slices are in breach; they are credited without a claim"
        yield Told(good=False, reason="BreachCounted", message=text)


def _credited(old: Json, new: Json, host: str) -> Iterator[Told]:
    amount = int(new.get("credited") or 0) - int(old.get("credited") or 0)
    if amount <= 0:
        return
    place = [f"root {new['root']}"] if "root" in new else []
    place += [f"transaction {new['transaction']}"] if "transaction" in new else []
    text = f"{host}: {amount} was credited, {new['credited']} in all"
    yield Told(good=True, reason="CreditSettled", message="; ".join([text, *place]))
