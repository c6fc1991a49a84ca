"""The reference block of a frame, whose signature it is, and what vetoes and bars leave."""

from dataclasses import replace

import pytest

from anvil.market import FRAME, GUARDIAN, OWNER, Market
from anvil.node import Anvil
from anvil.people import key_of
from anvil.writers import pool_of
from modelbond.adapters.chain.blocks import BlockViews
from modelbond.adapters.chain.signatures import signer_of
from modelbond.adapters.chain.tower_views import Reports
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import NO_ROOT, ReportRef
from modelbond.settlement.units import FrameIndex, address

SECONDS = (3, 3, 9, 1, 1, 30, 2, 7)


async def times(chain: Anvil) -> list[int]:
    """Return the time of every block."""
    blocks = [
        await chain.ask("eth_getBlockByNumber", hex(number), False)  # noqa: FBT003 - JSON-RPC
        for number in range(await chain.head() + 1)
    ]
    return [int(block["timestamp"], 16) for block in blocks]


async def test_the_reference_block_is_the_last_one_until_a_time_once_a_later_one_is_final(
    chain: Anvil,
) -> None:
    for seconds in SECONDS:
        await chain.pass_by(seconds)
    known = await times(chain)
    final = known[-5]
    pool = pool_of(chain.url)
    views = BlockViews(pool)
    for time in range(known[0], known[-1] + 2):
        found = await views.last_until(time)
        if time >= final:
            assert found is None
        else:
            assert found is not None
            number = max(n for n, made in enumerate(known) if made <= time)
            assert (found.number, found.time) == (number, known[number])
    assert await views.last_until(known[0] - 1) is None
    await pool.close()


async def test_a_signer_is_who_the_tower_takes_it_for(market: Market) -> None:
    await market.chain.pass_by(2 * FRAME)
    report = await market.report(keccak(b"root"))
    digest, signature = report.digest(market.tower_domain), market.sign(report, 1)
    assert signer_of(digest, signature) == address(market.watchers[1].address)
    other = replace(report, round=2).digest(market.tower_domain)
    assert signer_of(other, signature) != address(market.watchers[1].address)


@pytest.mark.parametrize("kind", ["short", "long", "another v", "nothing", "no point", "high s"])
def test_a_signature_that_no_tower_takes_is_nobodys(kind: str) -> None:
    digest = keccak(b"digest")
    made = key_of("signer")._account.unsafe_sign_hash(digest)
    r, s = made.r.to_bytes(32, "big"), made.s.to_bytes(32, "big")
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    wrong = {
        "short": r + s,
        "long": r + s + bytes([made.v, 0]),
        "another v": r + s + bytes([made.v - 27]),
        "nothing": bytes(64) + bytes([made.v]),
        "no point": b"\xff" * 32 + s + bytes([made.v]),
        "high s": r + (order - made.s).to_bytes(32, "big") + bytes([55 - made.v]),
    }
    assert signer_of(digest, r + s + bytes([made.v])) == address(key_of("signer").address)
    assert signer_of(digest, wrong[kind]) is None


async def test_a_towers_head_tells_its_vetoes_and_its_reports_who_signed(market: Market) -> None:
    tower = market.view.tower
    before = await market.view._watch_tower.read("head", at="latest")
    await market.chain.pass_by(2 * FRAME)
    ref, tree = await market.post(keccak(b"leaf"), round_=4)
    await market.chain.mine(8)
    known = await tower.reports(Reports())
    (posted,) = known.posted
    assert [posted.signed_at(place) for place in range(4)] == [True, True, True, False]
    assert (await tower.head()).frame == ref.frame
    born = ReportRef(seq=0, frame=before["frame"], round=0, posted_at=before["postedAt"])
    veto = ref.values(), tree.root, born.values(), NO_ROOT
    await market.do(GUARDIAN, "tower", "veto", *veto)
    assert (await tower.head()).veto_mark == 0
    newest = await tower.head(at="latest")
    assert (newest.seq, newest.veto_mark, newest.veto_round) == (0, ref.frame, 4)
    await market.chain.mine(8)
    after = await tower.reports(known)
    assert (after.standing, after.posted) == ((), (posted,))


async def test_a_slashed_signers_place_is_barred(market: Market) -> None:
    one = await market.report(keccak(b"one"))
    other = replace(one, root=keccak(b"other"))
    signatures = [[market.sign(each, 3)[:32], market.sign(each, 3)[32:64]] for each in (one, other)]
    odd = [market.sign(each, 3)[64] == 28 for each in (one, other)]
    compact = [
        [r, bytes([vs[0] | 0x80 * is_odd]) + vs[1:]]
        for (r, vs), is_odd in zip(signatures, odd, strict=True)
    ]
    proof = one.values(), other.values(), *compact
    await market.do(OWNER, "tower", "proveEquivocation", *proof)
    await market.chain.mine(8)
    frame = FrameIndex(await market.chain.time() // FRAME)
    assert (await market.view.tower.signers(frame)).barred == {3}
