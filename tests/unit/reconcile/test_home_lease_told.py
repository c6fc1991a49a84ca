"""What a deployment tells of its leases: conditions, states, events."""

from dataclasses import replace
from typing import Any

from fakes.offers import leaf, offer
from modelbond.api.conditions import ConditionType
from modelbond.api.reasons import Reason
from modelbond.reconcile.home_lease_conditions import lease_conditions
from modelbond.reconcile.home_lease_events import lease_events
from modelbond.reconcile.home_lease_view import (
    NOT_MEASURED,
    PlacementLease,
    Reported,
    Stage,
    hindered,
    no,
    proposed,
    standing,
    state_told,
    unreachable,
    uptime_told,
)
from modelbond.reconcile.home_obstacle import Obstacle
from modelbond.reconcile.home_order import Said
from modelbond.settlement.encoding import keccak
from modelbond.settlement.lease import opened
from modelbond.settlement.units import FrameIndex, LeaseId, SliceCount, SliceIndex
from modelbond.sla.evidence import Measured

START = 1_000_000 * 60
OFFER = offer()
ID = LeaseId(keccak(b"lease"))
LEASE = opened(OFFER, slices=SliceCount(1000), time=START)


def stand(*, now: int = START, problem: Said | None = None, **changes: Any) -> PlacementLease:
    return standing(
        ID,
        offer=OFFER,
        lease=replace(LEASE, **changes),
        now=now,
        reported=None,
        settlement=None,
        problem=problem,
    )


def told(*leases: PlacementLease | None, **facts: Any) -> list[tuple[bool | None, str, str]]:
    by_host = {f"h{number}": lease for number, lease in enumerate(leases)}
    settings = {"wanted": True, "has_chain": True, "before": (), **facts}
    return [(one.status, one.reason, one.message) for one in lease_conditions(by_host, **settings)]


def test_the_worst_placement_speaks_and_all_that_are_alike() -> None:
    waits = proposed(Reason.WAITING_FOR_OFFER, "no offer yet")
    bond, sla = told(stand(), waits, waits)
    assert bond == (False, "WaitingForOffer", "h1: no offer yet; h2: no offer yet")
    assert sla[:2] == (None, "NotMeasured")


def test_a_deployment_without_placements_waits() -> None:
    assert [one[:2] for one in told()] == [(False, "WaitingForOffer"), (None, "NotMeasured")]


def test_where_no_lease_is_wanted_nothing_is_said_unless_one_still_runs() -> None:
    assert told(None, wanted=False) == []
    assert told(stand(), wanted=False)[0][:2] == (True, "LeaseOpen")


def test_what_was_told_stays_until_it_is_known_again() -> None:
    before = [
        {"type": "BondActive", "status": "True", "reason": "LeaseOpen", "message": "so"},
        {"type": "SLAHealthy", "status": "Unknown", "reason": "Odd", "message": "that"},
    ]
    assert told(None, before=before) == [
        (True, "LeaseOpen", "so"),
        (None, "Progressing", "that"),
    ]
    assert told(None)[0][:2] == (False, "WaitingForOffer")
    assert [one.type for one in lease_conditions({}, wanted=True, has_chain=False, before=())] == [
        ConditionType.BOND_ACTIVE,
        ConditionType.SLA_HEALTHY,
    ]


def test_a_problem_is_said_at_every_stage() -> None:
    hint = no(Reason.WALLET_UNUSABLE, "no key")
    assert stand(problem=hint).bond == replace(hint, status=True)
    ending = stand(problem=hint, noticed=SliceIndex(LEASE.first + 60))
    assert ending.stage is Stage.ENDING
    assert ending.bond.message.endswith("; no key")
    ended = stand(problem=hint, now=START + 1000 * 60)
    assert (ended.stage, ended.bond.message) == (
        Stage.ENDED,
        "its last slice is over; no key",
    )


def test_a_state_that_cannot_be_read_is_replaced_and_one_of_another_lease_gives_no_receipt() -> (
    None
):
    state = state_told(stand(), {"state": "Nonsense"})
    assert state is not None
    assert state.state == "Open"
    other = {"state": "Open", "id": f"0x{'11' * 32}", "root": f"0x{'22' * 32}"}
    found = state_told(stand(), other)
    assert found is not None
    assert found.root is None
    assert state_told(None, None) is None


def test_what_nobody_could_be_asked_about_keeps_its_state() -> None:
    before = {"state": "Open", "id": f"0x{'11' * 32}"}
    found = state_told(unreachable(None, chain_id=1), before)
    assert found is not None
    assert (found.state, found.id) == ("Open", before["id"])


def test_what_hinders_us_here_leaves_the_lease_as_it_was_known() -> None:
    obstacle = Obstacle(reason=Reason.ROUTE_REFUSED, message="refused here")
    found = hindered(stand(), obstacle)
    assert found.stage is Stage.OPEN
    assert (found.bond.status, found.bond.message) == (True, "refused here")
    assert hindered(None, obstacle).bond.status is None


def test_uptime_is_what_was_earned_of_what_was_counted_rounded_down() -> None:
    def counted(through: int, unearned: int) -> PlacementLease:
        measured = Measured(leaf=leaf(through, unearned))
        reported = Reported(frame=FrameIndex(1), root=keccak(b"root"), measured=measured)
        return replace(stand(), reported=reported)

    assert uptime_told([stand()]) is None
    assert uptime_told([counted(10_080, 1)]) == "99.99%"
    assert uptime_told([counted(3, 1), counted(3, 1)]) == "66.66%"
    assert uptime_told([counted(0, 0)]) is None


def test_events_are_told_of_each_lease_for_itself() -> None:
    before = {"state": "Released", "id": "0x1", "credited": "900", "frame": 7, "breach": 3}
    after = {"state": "Open", "id": "0x2", "credited": "300", "message": "m"}
    found = [(one.reason, one.message) for one in lease_events(before, after, host="h")]
    assert found == [
        ("LeaseOpened", "h: its lease is open: m"),
        ("CreditSettled", "h: 300 was credited, 300 in all"),
    ]
    assert list(lease_events(before, None, host="h")) == []
    assert NOT_MEASURED.status is None
