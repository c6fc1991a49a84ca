"""Proofs of equivocation: each is sent once, by whose turn it is, until nothing is at stake."""

import asyncio
from dataclasses import dataclass, field

import pytest

from fakes.clocks import ManualClock
from fakes.exchanged import report, signed
from fakes.frames import WATCHERS
from fakes.polling import until
from modelbond.errors import ActionPending, ChainUnreachable, Reverted
from modelbond.settlement.report import Report
from modelbond.settlement.units import Address, Wei
from modelbond.watcher.proving import (
    NO_PAYING_KEY,
    NOTHING_AT_STAKE,
    OWN_KEY,
    PROVEN,
    Equivocation,
    Prover,
)

PAUSE_SECONDS = 5
CROOK, ME = 0, 1


def equivocation(*, place: int = 0, round_: int = 1) -> Equivocation:
    one = signed(CROOK, report(round_=round_))
    other = signed(CROOK, report(round_=round_, root="another"))
    return Equivocation(one=one, other=other, place=place)


PROOF = equivocation()


@dataclass(slots=True)
class Chain:
    """A tower with one stake, and a paying key that fails as told."""

    stake: int = 1
    failure: Exception | None = None
    blocked: bool = False
    sent: list[tuple[Report, Report]] = field(default_factory=list)

    async def stake_of(self, signer: Address) -> Wei:
        assert signer == WATCHERS[CROOK]
        return Wei(self.stake)

    async def prove_equivocation(
        self, one: Report, other: Report, *, signature: bytes, other_signature: bytes
    ) -> None:
        assert signature == signed(CROOK, one).signature
        assert other_signature == signed(CROOK, other).signature
        self.sent.append((one, other))
        if self.blocked:
            await asyncio.sleep(3600)
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100)


def prover_of(chain: Chain, clock: ManualClock, *, me: int = ME, pays: bool = True) -> Prover:
    return Prover(
        me=WATCHERS[me],
        tower=chain,  # type: ignore[arg-type] # the one question that a prover asks
        post=chain if pays else None,  # type: ignore[arg-type]
        clock=clock,
        pause_seconds=PAUSE_SECONDS,
    )


async def looked(prover: Prover, *seen: Equivocation) -> None:
    prover.look(seen)
    await until(lambda: not prover._attempts.under_way)


async def test_a_proof_is_sent_once(chain: Chain, clock: ManualClock) -> None:
    prover = prover_of(chain, clock)
    for _ in range(3):
        await looked(prover, PROOF)
        clock.time += PAUSE_SECONDS
    assert chain.sent == [(PROOF.one.report, PROOF.other.report)]
    assert prover.state(PROOF.one) == PROVEN


async def test_who_is_later_in_the_table_waits_and_sends_nothing_where_others_were_quicker(
    chain: Chain, clock: ManualClock
) -> None:
    prover, third = prover_of(chain, clock), equivocation(place=2)
    await looked(prover, third)
    clock.time += 2 * PAUSE_SECONDS - 1
    await looked(prover, third)
    assert prover.state(third.one) == "waits"
    chain.stake = 0
    clock.time += 1
    await looked(prover, third)
    assert prover.state(third.one) == NOTHING_AT_STAKE
    clock.time += PAUSE_SECONDS
    await looked(prover, third)
    assert chain.sent == []


async def test_a_crook_that_does_it_again_each_round_keeps_nobody_waiting_for_longer(
    chain: Chain, clock: ManualClock
) -> None:
    prover = prover_of(chain, clock)
    for round_ in (1, 2, 3):
        await looked(prover, equivocation(place=2, round_=round_))
        clock.time += PAUSE_SECONDS
    assert len(chain.sent) == 1


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Reverted("WatchTowerSignerNotSlashable"), "WatchTowerSignerNotSlashable"),
        (ActionPending(once="equivocation", what="not final yet"), "equivocation: not final yet"),
        (ChainUnreachable("no RPC answers"), "no RPC answers"),
        (RuntimeError("a mistake"), "failed by our own mistake"),
    ],
)
async def test_whatever_goes_wrong_is_said_and_tried_again_after_a_pause(
    chain: Chain, clock: ManualClock, failure: Exception, said: str
) -> None:
    prover, chain.failure = prover_of(chain, clock), failure
    await looked(prover, PROOF)
    assert prover.state(PROOF.one) == said
    await looked(prover, PROOF)
    assert len(chain.sent) == 1
    chain.failure = None
    clock.time += PAUSE_SECONDS
    await looked(prover, PROOF)
    assert prover.state(PROOF.one) == PROVEN


async def test_two_proofs_of_one_signer_are_not_under_way_at_once(
    chain: Chain, clock: ManualClock
) -> None:
    prover, chain.blocked = prover_of(chain, clock), True
    both = (PROOF, equivocation(round_=2))
    prover.look(both)
    await until(lambda: chain.sent)
    prover.look(both)
    await asyncio.sleep(0)
    assert len(chain.sent) == 1
    assert prover.state(PROOF.one) == "under way"
    await prover.close()
    assert not prover._attempts.under_way


@pytest.mark.parametrize(
    ("me", "pays", "said"), [(ME, False, NO_PAYING_KEY), (CROOK, True, OWN_KEY)]
)
async def test_without_a_paying_key_or_against_oneself_it_is_shown_and_not_sent(
    chain: Chain, clock: ManualClock, me: int, *, pays: bool, said: str
) -> None:
    prover = prover_of(chain, clock, me=me, pays=pays)
    await looked(prover, PROOF)
    assert prover.state(PROOF.one) == said
    assert chain.sent == []


async def test_what_no_board_holds_any_more_is_forgotten(chain: Chain, clock: ManualClock) -> None:
    prover = prover_of(chain, clock)
    await looked(prover, PROOF)
    await looked(prover)
    assert prover.state(PROOF.one) == "waits"
