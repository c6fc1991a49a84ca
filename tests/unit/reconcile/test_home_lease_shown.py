"""What people see of a home's leases: those that run, from reports and from the chain."""

from dataclasses import replace
from typing import Any

from fakes.offers import leaf, offer
from fakes.orders import order
from fakes.ports import FakeQueue
from modelbond.api.reasons import Reason
from modelbond.controllers.lease_book import LeaseBook
from modelbond.reconcile.home_lease_shown import lease_views
from modelbond.reconcile.home_lease_view import (
    PlacementLease,
    Reported,
    proposed,
    standing,
    state_told,
    unreachable,
)
from modelbond.settlement.encoding import keccak
from modelbond.settlement.lease import opened
from modelbond.settlement.units import FrameIndex, LeaseId, SliceCount, SliceIndex
from modelbond.sla.evidence import Measured
from modelbond.sla.lease_view import LeaseView

START = 1_000_000 * 60
OFFER = offer()
ID = LeaseId(keccak(b"lease"))
LEASE = opened(OFFER, slices=SliceCount(1000), time=START)


def report(through: int, *, bad: int = 0, breach: int = 0) -> Reported:
    measured = Measured(leaf=leaf(through, bad, breach), bad=bad)
    return Reported(frame=FrameIndex(1), root=keccak(b"root"), measured=measured)


def stand(reported: Reported | None = None, *, now: int = START, **lease: Any) -> PlacementLease:
    return standing(
        ID,
        offer=OFFER,
        lease=replace(LEASE, **lease),
        now=now,
        reported=reported,
        settlement=None,
    )


class Book:
    """A book of one order's lease, as the home keeps it."""

    def __init__(self, *said: PlacementLease) -> None:
        self.queue, self.order = FakeQueue(), order()
        self.book = LeaseBook(deployments=self.queue)
        for lease in said:
            self.book.say(self.order, lease)

    def told(self) -> PlacementLease:
        return self.book.leases[self.order.key]

    def views(self, *, now: int = START) -> list[LeaseView]:
        return [*lease_views(self.book.leases, self.book.orders, now=now)]


def test_a_lease_that_runs_is_shown_with_its_budget_and_escrow() -> None:
    (view,) = Book(stand()).views(now=START + 600)
    assert (view.namespace, view.name, view.host, view.epoch) == ("models", "llama", "alpha", 1)
    assert (view.budget.period, view.budget.allowance) == (OFFER.period, OFFER.allowance)
    assert view.escrow_remaining_seconds == 1000 * 60 - 600
    assert (view.local.credit, view.counts.known) == (0, 0)


def test_what_reports_count_is_local_and_what_was_settled_is_the_chains() -> None:
    (view,) = Book(stand(report(100, bad=12, breach=2), measured=leaf(60, 11, 1))).views()
    assert (view.local.breach, view.local.credit) == (2, 6000)
    assert view.chain is not None
    assert (view.chain.breach, view.chain.credit) == (1, 3000)


def test_while_no_rpc_answers_the_chains_value_is_not_guessed() -> None:
    (view,) = Book(unreachable(stand(report(100, bad=3)), chain_id=31337)).views()
    assert view.chain is None
    assert view.counts.bad == 3


def test_leases_that_are_not_open_yet_or_over_are_not_shown() -> None:
    assert Book(proposed(Reason.WAITING_FOR_OFFER, "")).views() == []
    assert Book(stand(now=START + 1001 * 60)).views() == []
    (ending,) = Book(stand(noticed=SliceIndex(LEASE.first + 60))).views()
    assert ending.host == "alpha"


def test_each_report_adds_to_what_is_known_of_the_last_hour() -> None:
    book = Book(stand(report(60)), stand(report(120, bad=4)))
    counts = book.told().counts
    assert counts is not None
    assert (counts.good, counts.bad, counts.recent_bad) == (116, 4, 4)
    state = state_told(book.told(), None)
    assert state is not None
    assert (state.period, state.good, state.unknown, state.outages) == (10_080, 116, 0, 1)
    assert (state.recent_bad, state.recent_seconds) == (4, 3600)


def test_another_lease_of_the_same_order_begins_a_history_of_its_own() -> None:
    other = replace(stand(report(30, bad=1)), id=LeaseId(keccak(b"other")))
    counts = Book(stand(report(600, bad=9)), other).told().counts
    assert counts is not None
    assert (counts.good, counts.bad) == (29, 1)


def test_the_same_word_again_wakes_nobody_and_a_forgotten_lease_is_not_shown() -> None:
    book = Book(stand(report(60)))
    assert book.queue.taken() == ["models/llama"]
    book.book.say(book.order, stand(report(60)))
    assert book.queue.taken() == []
    book.book.forget(book.order.key)
    assert book.views() == []
    assert book.book.orders == {}
