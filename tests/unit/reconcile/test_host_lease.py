"""How an offer stands by what nodes show, and what that keeps a host from doing."""

from typing import Any

import pytest

from fakes.offers import offer
from modelbond.api.kinds import Json
from modelbond.errors import Refused
from modelbond.reconcile.host_lease import (
    Bound,
    Ended,
    Free,
    Given,
    Lapsed,
    Offered,
    Over,
    Running,
    Sight,
    given_of,
    hold,
    hold_of,
    standing,
)
from modelbond.reconcile.host_lease_said import lease_condition, offer_json
from modelbond.settlement.lease import Lease, opened
from modelbond.settlement.units import SliceCount
from modelbond.sla.text import hexed

BEGIN = 1_800_000_000
OFFER = offer(expiry=BEGIN + 3600)
LEASE = opened(OFFER, slices=SliceCount(200), time=BEGIN)
END = LEASE.end * 60
GIVEN = Given(offer=OFFER, signature=bytes(65))
COPY: Json = {"metadata": {}, "status": {"offer": offer_json(GIVEN)}}


def sight(time: int, lease: Lease | None = None) -> Sight:
    return Sight(time=time, lease=lease)


def stands(*sights: Sight, witnesses: int = 2) -> object:
    return standing(OFFER, sights, witnesses=witnesses)


def test_an_offer_is_read_as_it_was_written() -> None:
    assert given_of(COPY) == GIVEN
    assert given_of({"metadata": {}}) is None


@pytest.mark.parametrize("said", [{"terms": {}}, {"terms": None, "signature": "0x00"}])
def test_an_offer_that_cannot_be_read_is_not_taken_for_none(said: Json) -> None:
    copy: Json = {"status": {"offer": said}}
    with pytest.raises(Refused, match=r"status\.offer"):
        given_of(copy)
    held = hold_of(copy, None, stop_after_seconds=None)
    assert isinstance(held, Bound)


@pytest.mark.parametrize(
    ("sights", "expected"),
    [
        ((), Offered()),
        ((sight(BEGIN),), Offered()),
        ((sight(OFFER.expiry), sight(OFFER.expiry)), Offered()),
        ((sight(OFFER.expiry + 1), sight(OFFER.expiry)), Offered()),
        ((sight(OFFER.expiry + 1),), Offered()),
        ((sight(OFFER.expiry + 1), sight(OFFER.expiry + 9)), Lapsed()),
        ((sight(BEGIN, LEASE),), Running(lease=LEASE)),
        ((sight(OFFER.expiry + 1), sight(BEGIN, LEASE)), Running(lease=LEASE)),
        ((sight(END, LEASE), sight(END - 1, LEASE)), Running(lease=LEASE)),
        ((sight(END, LEASE),), Running(lease=LEASE)),
        ((sight(END, LEASE), sight(END + 7, LEASE)), Ended(lease=LEASE, at=END, time=END + 7)),
    ],
)
def test_what_binds_ends_only_once_enough_nodes_show_it(
    sights: tuple[Sight, ...], expected: object
) -> None:
    assert stands(*sights) == expected


def test_one_node_is_enough_where_there_is_one() -> None:
    assert stands(sight(END, LEASE), witnesses=1) == Ended(lease=LEASE, at=END, time=END)
    assert stands(sight(OFFER.expiry + 1), witnesses=1) == Lapsed()


def test_of_two_ends_the_later_one_counts() -> None:
    noticed = LEASE.with_notice(BEGIN + 60)
    found = stands(sight(END, noticed), sight(END + 1, LEASE))
    assert found == Ended(lease=LEASE, at=END, time=END + 1)


@pytest.mark.parametrize(
    ("found", "after", "kept"),
    [
        (None, 600, Free),
        (Lapsed(), 600, Free),
        (Offered(), 600, Bound),
        (Running(lease=LEASE), 600, Bound),
        (Ended(lease=LEASE, at=END, time=END + 599), 600, Bound),
        (Ended(lease=LEASE, at=END, time=END + 600), 600, Over),
        (Ended(lease=LEASE, at=END, time=END + 10**9), None, Free),
    ],
)
def test_a_copy_is_held_until_the_owners_time_after_the_lease(
    found: Any, after: int | None, kept: type
) -> None:
    assert isinstance(hold(found, stop_after_seconds=after), kept)
    assert isinstance(hold_of(COPY, found, stop_after_seconds=after), kept)


@pytest.mark.parametrize(
    ("found", "trouble", "told"),
    [
        (Offered(), None, "False/Offered"),
        (Offered(), "no RPC", "False/ChainUnreachable"),
        (Running(lease=LEASE), "no RPC", "True/LeaseOpen"),
        (Running(lease=LEASE.with_notice(BEGIN)), None, "True/LeaseEnding"),
        (Ended(lease=LEASE, at=END, time=END), None, "False/LeaseEnded"),
    ],
)
def test_what_is_said_of_a_lease_is_what_the_chain_last_showed(
    found: Any, trouble: str | None, told: str
) -> None:
    condition = lease_condition(GIVEN, found, wished=None, trouble=trouble)
    assert condition is not None
    assert f"{condition.status}/{condition.reason}" == told


def test_of_a_lapsed_offer_nothing_is_said_so_that_another_may_follow() -> None:
    assert lease_condition(GIVEN, Lapsed(), wished=None, trouble=None) is None


def test_an_offer_on_another_agreement_than_the_order_names_says_so() -> None:
    same = lease_condition(GIVEN, Offered(), wished=hexed(OFFER.agreement), trouble=None)
    other = lease_condition(GIVEN, Offered(), wished="0x00", trouble=None)
    assert same is not None
    assert other is not None
    assert "stands until then" not in same.message
    assert "stands until then" in other.message
