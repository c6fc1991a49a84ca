"""What happens next with an action: decided by its nonce, and by finalized blocks alone."""

from dataclasses import replace
from typing import Any

import pytest

from modelbond.adapters.chain.actions import Call, Entry, Mined, Signed, State
from modelbond.adapters.chain.fees import FeePolicy, Fees, Market
from modelbond.adapters.chain.following import (
    Finish,
    Foreign,
    Receipt,
    Seen,
    Send,
    Sign,
    Wait,
    next_move,
)
from modelbond.errors import FeeAboveCap

GWEI = 10**9
POLICY = FeePolicy(cap=100 * GWEI, patience_blocks=5)
FIRST = Signed(hash=b"first", raw=b"", fees=Fees(max_fee=3 * GWEI, tip=GWEI), head=100)
SECOND = replace(FIRST, hash=b"second", fees=Fees(max_fee=4 * GWEI, tip=2 * GWEI), head=105)
ENTRY = Entry(once="gift", call=Call(target="0x"), gas=21_000, nonce=7, signed=(FIRST, SECOND))
SEEN = Seen(
    head=106,
    final_head=90,
    included=7,
    final=7,
    balance=0,
    market=Market(base_fee=GWEI, tips=[GWEI]),
    receipts={},
)


def seen(**changes: Any) -> Seen:
    return replace(SEEN, **changes)


def move(entry: Entry = ENTRY, **changes: Any) -> object:
    return next_move(entry, seen(**changes), policy=POLICY)


def test_what_was_never_signed_is_signed() -> None:
    assert move(replace(ENTRY, signed=())) == Sign(fees=Fees(max_fee=3 * GWEI, tip=GWEI))


def test_what_was_never_signed_waits_while_fees_are_above_the_cap() -> None:
    with pytest.raises(FeeAboveCap):
        move(replace(ENTRY, signed=()), market=Market(base_fee=200 * GWEI, tips=[]))


def test_what_is_in_no_block_is_sent_again() -> None:
    assert move() == Send()


def test_the_next_nonce_is_raised_once_patience_is_over() -> None:
    assert move(head=109) == Send()
    assert isinstance(move(head=110), Sign)


def test_a_nonce_behind_a_stuck_one_waits_for_it_at_its_own_price() -> None:
    assert move(included=6, final=6, head=500) == Send()


def test_at_the_cap_it_is_sent_again_as_it_is() -> None:
    dear = replace(SECOND, fees=Fees(max_fee=95 * GWEI, tip=GWEI))
    assert move(replace(ENTRY, signed=(FIRST, dear)), head=500) == Send()


def test_a_block_that_is_not_final_decides_nothing() -> None:
    receipts = {b"first": Receipt(block=104, succeeded=True)}
    assert isinstance(move(included=8, receipts=receipts), Wait)


@pytest.mark.parametrize("hash_", [b"first", b"second"])
def test_any_transaction_of_the_nonce_in_a_final_block_is_the_outcome(hash_: bytes) -> None:
    receipts = {hash_: Receipt(block=90, succeeded=True)}
    expected = Finish(state=State.DONE, mined=Mined(hash=hash_, block=90))
    assert move(included=8, final=8, receipts=receipts) == expected


def test_a_final_failure_is_an_outcome_too() -> None:
    receipts = {b"second": Receipt(block=80, succeeded=False)}
    expected = Finish(state=State.REVERTED, mined=Mined(hash=b"second", block=80))
    assert move(included=8, final=8, receipts=receipts) == expected


def test_a_receipt_above_the_final_head_is_waited_for() -> None:
    receipts = {b"first": Receipt(block=91, succeeded=True)}
    assert isinstance(move(included=8, final=8, receipts=receipts), Wait)


def test_a_final_nonce_with_none_of_our_receipts_is_somebody_elses() -> None:
    assert move(included=8, final=8) == Foreign()
    assert move(replace(ENTRY, signed=()), included=8, final=8) == Foreign()
