"""One decision: hosts for the vacant slots of a deployment, and a verdict for every host."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modelbond.placement.filters import objection
from modelbond.placement.host import Host
from modelbond.placement.reasons import Objection, Verdict, Why
from modelbond.placement.request import Occupied, Request
from modelbond.placement.spread import Tally, choose

SLOTS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A vacant slot and the host that gets it."""

    slot: int
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided. `placed` counts hosts that stay; `vacant` slots that found no host.

    `owners` are the different owners once the assignments hold.
    """

    assignments: tuple[Assignment, ...]
    verdicts: tuple[Verdict, ...]
    placed: int
    vacant: int
    owners: int

    def lacks_owners(self, wanted: int) -> bool:
        """Say whether it is owners that lack: all is placed, or a host waits for their sake."""
        kept = any(each.why is Why.KEPT_FOR_OTHER_OWNER for each in self.verdicts)
        return self.owners < wanted and (self.vacant == 0 or kept)


def decide(request: Request, hosts: Iterable[Host], occupied: Sequence[Occupied]) -> Decision:
    """Fill vacant slots; a host that holds a slot keeps it. The order of hosts is irrelevant."""
    known = {host.name: host for host in sorted(hosts, key=lambda host: host.name)}
    staying = [each for each in occupied if not each.leaving]
    objections = {name: _objection(request, host, occupied) for name, host in known.items()}
    fit = [known[name] for name, found in objections.items() if found is None]
    placed = [known[each.host] for each in staying if each.host in known]
    vacant = max(0, request.rules.count - len(staying))
    chosen = choose(request, fit, placed=placed, vacant=vacant)
    tally = Tally(request, [*placed, *chosen])
    left = vacant - len(chosen)
    verdicts = tuple(
        _verdict(host, objections[name], chosen=chosen, tally=tally, left=left)
        for name, host in known.items()
    )
    return Decision(
        assignments=_assigned(chosen, staying),
        verdicts=verdicts,
        placed=len(staying),
        vacant=left,
        owners=tally.owners(),
    )


def _objection(request: Request, host: Host, occupied: Sequence[Occupied]) -> Objection | None:
    for each in occupied:
        if each.host == host.name and each.leaving:
            return Objection(Why.STILL_WITHDRAWING, "its former order is not released yet")
        if each.host == host.name:
            return Objection(Why.PLACED, f"holds slot {each.slot}")
    return objection(request, host)


def _verdict(
    host: Host, found: Objection | None, *, chosen: Sequence[Host], tally: Tally, left: int
) -> Verdict:
    if found is None and any(host is each for each in chosen):
        found = Objection(Why.CHOSEN, "gets a slot")
    if found is None and left:
        found = tally.objection(host, vacant=left)
    if found is None:
        found = Objection(Why.FITS, "would fit, and is not needed")
    return Verdict(host=host.name, why=found.why, detail=found.detail)


def _assigned(chosen: Sequence[Host], staying: Sequence[Occupied]) -> tuple[Assignment, ...]:
    taken = {each.slot for each in staying}
    free = (slot for slot in range(SLOTS) if slot not in taken)
    return tuple(
        Assignment(slot=slot, host=host.name) for slot, host in zip(free, chosen, strict=False)
    )
