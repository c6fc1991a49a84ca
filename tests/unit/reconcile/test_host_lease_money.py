"""What a host does on chain for its own leases, and what it says of its bond."""

from dataclasses import replace
from typing import Any

import pytest

from fakes.offers import leaf, offer
from modelbond.errors import Refused
from modelbond.reconcile.host_lease_money import (
    Account,
    Close,
    Release,
    ReleaseAbandoned,
    Settle,
    Stall,
    Withdraw,
    WithdrawStalled,
    bond_condition,
    moves,
)
from modelbond.reconcile.host_lease_offer import Purse
from modelbond.reconcile.host_lease_record import Signed, record_in, record_json, record_wanted
from modelbond.reconcile.host_maintenance import (
    Window,
    asked_for,
    objection,
    window_of,
    window_text,
)
from modelbond.settlement.accounts import ABANDON_SECONDS, STALL_SECONDS, Bond
from modelbond.settlement.endpoint import EndpointRecord
from modelbond.settlement.lease import opened
from modelbond.settlement.report import Progress
from modelbond.settlement.units import LeaseId, SliceCount, SliceIndex, Wei

BEGIN = 1_800_000_000
LEASE = opened(offer(), slices=SliceCount(200), time=BEGIN)
END = LEASE.end * 60


def done(**changes: Any) -> list[object]:
    facts: dict[str, Any] = {"lease": LEASE, "time": BEGIN + 60, **changes}
    return list(moves(Account(**facts)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"leaving": True}, [Close()]),
        ({"leaving": True, "time": END}, []),
        ({"leaving": True, "lease": LEASE.with_notice(BEGIN)}, []),
        ({"measured": leaf(60)}, []),
        ({"measured": leaf(60), "due": True}, [Withdraw(leaf=leaf(60))]),
        ({"measured": leaf(60, 60), "due": True}, []),
        ({"measured": leaf(60), "due": True, "lease": replace(LEASE, paid=SliceCount(60))}, []),
        ({"measured": leaf(60), "due": True, "lease": replace(LEASE, measured=leaf(61))}, []),
        ({"measured": leaf(60), "due": True, "time": END}, [Withdraw(leaf=leaf(60))]),
        ({"measured": leaf(200), "time": END}, [Release(leaf=leaf(200))]),
        ({"measured": leaf(200), "time": END - 1}, []),
        ({"measured": leaf(200), "time": END, "lease": replace(LEASE, released=True)}, []),
        (
            {"measured": leaf(60), "due": True, "leaving": True},
            [Close(), Withdraw(leaf=leaf(60))],
        ),
    ],
)
def test_a_lease_is_left_paid_and_released_when_it_is_due(
    changes: dict[str, Any], expected: list[object]
) -> None:
    assert done(**changes) == expected


REPORTED = BEGIN + 100 * 60
SILENT_AT = REPORTED + STALL_SECONDS
ABANDONED_AT = END + STALL_SECONDS + ABANDON_SECONDS


def silent(*, stalled_through: int = 0) -> Progress:
    return Progress(reported_through=REPORTED, stalled_through=stalled_through)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"time": SILENT_AT - 1}, []),
        ({"time": SILENT_AT}, [Stall(stalled_through=0)]),
        ({"time": SILENT_AT, "due": False}, []),
        ({"time": SILENT_AT, "tower": None}, []),
        ({"time": SILENT_AT, "lease": replace(LEASE, paid=SliceCount(100))}, []),
        ({"time": SILENT_AT, "lease": replace(LEASE, released=True)}, []),
        (
            {"time": SILENT_AT, "tower": silent(stalled_through=SILENT_AT)},
            [WithdrawStalled(stalled_through=SILENT_AT)],
        ),
        (
            {"time": SILENT_AT, "tower": silent(stalled_through=SILENT_AT), "due": False},
            [],
        ),
        (
            {
                "time": SILENT_AT,
                "tower": silent(stalled_through=SILENT_AT),
                "lease": replace(LEASE, paid=SliceCount(100)),
            },
            [],
        ),
        ({"time": ABANDONED_AT - 1}, [Stall(stalled_through=0)]),
        ({"time": ABANDONED_AT, "due": False}, [ReleaseAbandoned()]),
        ({"time": ABANDONED_AT, "tower": None}, []),
    ],
)
def test_what_a_silent_tower_holds_is_taken_as_the_contract_frees_it(
    changes: dict[str, Any], expected: list[object]
) -> None:
    assert done(**{"tower": silent(), "due": True, **changes}) == expected


def test_a_stall_goes_on_from_the_one_before_once_a_stream_is_due_again() -> None:
    taken = replace(LEASE, paid=SliceCount(20))
    stalled = silent(stalled_through=BEGIN + 120 * 60)
    assert done(lease=taken, tower=stalled, time=SILENT_AT, due=True) == [
        Stall(stalled_through=stalled.stalled_through)
    ]


@pytest.mark.parametrize("time", [SILENT_AT, ABANDONED_AT])
def test_the_last_leaf_goes_before_what_is_had_without_a_report(time: int) -> None:
    """Slices that a report speaks of are freed by nothing: without its leaf they are not paid."""
    facts = {"tower": silent(stalled_through=time), "time": time, "due": time == SILENT_AT}
    paid = replace(LEASE, paid=SliceCount(60))
    assert done(lease=paid, measured=leaf(100, 40), **facts) == [Settle(leaf=leaf(100, 40))]
    settled = replace(paid, measured=leaf(100, 40))
    (move,) = done(lease=settled, measured=leaf(100, 40), **facts)
    assert isinstance(move, WithdrawStalled if time == SILENT_AT else ReleaseAbandoned)
    assert done(lease=settled, measured=leaf(90, 40), **facts) == [move]


@pytest.mark.parametrize(
    ("free", "target", "told"),
    [
        (1_000, 0, "True/BondSufficient"),
        (999, 1_000, "True/BondSufficient"),
        (999, 999, "False/BondTooSmall"),
    ],
)
def test_a_home_cluster_says_whether_one_offer_more_is_covered(
    free: int, target: int, told: str
) -> None:
    bond = Bond(total=Wei(free), reserved=Wei(0))
    purse = Purse(bond=bond, promised=Wei(0), target=Wei(target))
    said = bond_condition(purse, cover=Wei(1_000), trouble=None)
    assert f"{said.status}/{said.reason}" == told


def test_a_bond_that_was_not_seen_is_unknown() -> None:
    said = bond_condition(None, cover=Wei(1), trouble="no RPC")
    assert (said.status, said.reason.value) == (None, "ChainUnreachable")


RECORD = EndpointRecord(
    lease=LeaseId(bytes(32)), sequence=4, address="192.0.2.1:30000", from_slice=SliceIndex(7)
)
SIGNED = Signed(record=RECORD, signature=bytes(65))


def test_a_record_is_read_as_it_was_written() -> None:
    assert record_in({"status": {"endpointRecord": record_json(SIGNED)}}) == SIGNED
    assert record_in({}) is None


@pytest.mark.parametrize("said", [{}, {**record_json(SIGNED), "lease": "0x00"}])
def test_a_record_that_cannot_be_read_is_none_to_go_on_from(said: dict[str, Any]) -> None:
    assert record_in({"status": {"endpointRecord": said}}) is None


def test_a_record_of_an_earlier_lease_is_not_gone_on_from() -> None:
    wanted = record_wanted(
        RECORD,
        lease_id=LeaseId(bytes([1] * 32)),
        lease=LEASE,
        endpoints=[("192.0.2.1", 30000)],
        now=BEGIN,
    )
    assert wanted is not None
    assert (wanted.sequence, wanted.from_slice) == (1, LEASE.first)


def test_without_an_endpoint_the_record_before_stays() -> None:
    lease = RECORD.lease
    assert record_wanted(RECORD, lease_id=lease, lease=LEASE, endpoints=[], now=BEGIN) is None


def test_maintenance_covers_every_slice_that_it_touches() -> None:
    window = window_of(window_text(start="2027-01-15T08:00:30Z", duration="2m"))
    assert window == Window(start=BEGIN + 30, seconds=120)
    assert window.slices(slice_seconds=60) == (BEGIN // 60, 3)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2027-01-15T08:00:30Z/soon", "'soon'"),
        ("tomorrow/5m", "'tomorrow'"),
        ("2027-01-15T08:00:30/5m", "no moment"),
        ("", "no time"),
    ],
)
def test_odd_words_for_maintenance_are_refused_by_name(text: str, word: str) -> None:
    with pytest.raises(Refused, match=word):
        window_of(text)


def test_maintenance_is_asked_for_by_an_annotation() -> None:
    assert asked_for({"metadata": {}}) is None
    assert asked_for({"metadata": {"annotations": {"modelbond.io/maintenance": "x"}}}) == "x"


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (Window(start=BEGIN + 1_441 * 60, seconds=120 * 60), None),
        (Window(start=BEGIN + 1_441 * 60 - 1, seconds=60), "not before 2027-01-16T08:01:00Z"),
        (Window(start=BEGIN + 1_441 * 60, seconds=120 * 60 + 1), "7200 s of maintenance"),
    ],
)
def test_maintenance_that_the_lease_does_not_allow_is_told_at_once(
    window: Window, said: str | None
) -> None:
    found = objection(window, offer=offer(), now=BEGIN)
    assert found is None if said is None else said in str(found)
