"""Watched leases: a frame ends, evidence says what the contract's views say, a quorum posts it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anvil.market import FRAME, OWNER, QUORUM, WINDOW, Market, compact
from fakes.evidence import NOBODY, WATCHERS, Leased, evidence, text_of
from modelbond.settlement.encoding import keccak
from modelbond.settlement.leaves import Leaf, lease_leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.report import Proof, ReportRef
from modelbond.settlement.tree import Tree
from modelbond.settlement.units import Digest, FrameIndex, SliceCount, SlotId, Wei
from modelbond.verify.hashes import NO_HASH, leaves
from modelbond.verify.report import RULES, read
from modelbond.verify.text import Values

SLICES, MORE_SLICES, CLOSED_AFTER_MINUTES = 120, 50, 70
FIRST_REPORT: Values = {"carried": NOBODY, "previous": {"root": NO_HASH, "dataHash": NO_HASH}}


@dataclass(slots=True, kw_only=True)
class Watched:
    """Two leases of the market's tower, one of them with cover for one breach, and a stranger's."""

    market: Market
    offers: list[Offer]
    announced: tuple[tuple[int, int], ...]

    @classmethod
    async def begun(cls, market: Market) -> "Watched":
        """Open; of the first, announce maintenance twice, give notice, and only then top up.

        Where notice is given the escrow ends the lease sooner; after the top-up the notice does.
        """
        short = {"maintenance_notice": SliceCount(1), "maintenance_budget": SliceCount(60)}
        rules = Digest(bytes.fromhex(RULES[2:]))
        one = market.offer(rules=rules, allowance=SliceCount(3), **short)
        slot, cover = SlotId(keccak(b"other")), one.credit_per_slice
        other = replace(one, slot=slot, grace=SliceCount(0), cover=cover)
        elsewhere = market.deployment.model_bond.address
        strange = replace(one, slot=SlotId(keccak(b"strange")), tower=elsewhere)
        host, chain = market.host.address, market.chain
        await market.do(host, "bond", "bond", Wei(10_000_000))
        for offer in (one, other, strange):
            await market.open(offer, slices=SLICES)
        begin = await chain.time() // 60
        announced = ((begin + 80, 5), (begin + 60, 10))
        for start, slices in announced:
            await market.do(host, "bond", "announce", one.values(), start, slices)
        await chain.pass_by(CLOSED_AFTER_MINUTES * 60)
        await market.do(host, "bond", "close", one.values())
        await market.do(market.customer.address, "bond", "topUp", one.values(), MORE_SLICES)
        return cls(market=market, offers=[one, other], announced=announced)

    async def evidence(self, *letters: str, after: Values | None = None) -> Values:
        """Let the frame of this moment end, and return its evidence.

        Each of `letters` is what every watcher says of one lease.
        """
        chain = self.market.chain
        await chain.mine(8)
        frame = await chain.time() // FRAME
        views = [
            await self._leased(offer, said)
            for offer, said in zip(self.offers, letters, strict=True)
        ]
        await chain.warp((frame + 1) * FRAME)
        block = await block_of(self.market, await chain.head())
        await chain.pass_by(1)
        return evidence(
            *views,
            tower=self.market.deployment.watch_tower.address,
            bond=self.market.deployment.model_bond.address,
            frame=frame,
            frameSeconds=FRAME,
            referenceBlock=block,
            table=[{"signer": watcher, "weight": 1} for watcher in WATCHERS],
            **(following(after) if after else FIRST_REPORT),
        )

    async def post(self, values: Values, *, final: bool = True) -> ReportRef:
        """Let a quorum post a report with this evidence, in a block that is final then, or not."""
        market, said = self.market, read(text_of(values))
        report = await market.report(
            _digest(said.root),
            frame=FrameIndex(values["frame"]),
            reference_block=values["referenceBlock"]["number"],
            data_hash=_digest(said.data_hash),
        )
        signers = sum(1 << place for place in range(QUORUM))
        signatures = [compact(market.sign(report, place)) for place in range(QUORUM)]
        await market.do(OWNER, "tower", "post", report.values(), signers, signatures)
        market.seq, market.root = market.seq + 1, report.root
        posted_at = await market.chain.time()
        if final:
            await market.chain.finalize()
        return ReportRef(seq=market.seq, frame=report.frame, round=1, posted_at=posted_at)

    async def settle(self, offer: Offer, values: Values, ref: ReportRef) -> None:
        """Let the report become final, and settle a lease by it."""
        lease = self.market.lease(offer)
        counts = values["result"]["leases"][f"0x{lease.hex()}"]["leaf"]
        leaf = dict(zip(("through", "unearned", "breach"), counts, strict=True))
        tree = Tree.of(map(Digest, leaves(values["result"], bond=values["bond"])))
        own = lease_leaf(lease, Leaf(**{name: SliceCount(count) for name, count in leaf.items()}))
        proof = Proof(report=ref, path=tree.proof(own))
        shown = {"report": ref.values(), "path": list(proof.path)}
        await self.market.chain.pass_by(WINDOW)
        await self.market.do(OWNER, "bond", "settle", offer.values(), leaf, shown)

    async def release(self, offer: Offer) -> None:
        """Release a lease that is settled through its end: that needs no leaf."""
        nothing = {"through": 0, "unearned": 0, "breach": 0}
        nowhere = {"report": {"seq": 0, "frame": 0, "round": 0, "postedAt": 0}, "path": []}
        await self.market.do(OWNER, "bond", "release", offer.values(), nothing, nowhere)
        self.offers.remove(offer)

    def deployment_file(self, folder: Path, **changes: Any) -> Path:
        """Write where the contracts are, as the deployment's script does, or otherwise."""
        deployment = self.market.deployment
        path = folder / "31337.json"
        said = {
            "chainId": deployment.chain_id,
            "modelBond": f"0x{deployment.model_bond.address[2:].upper()}",
            "modelBondCodeHash": f"0x{deployment.model_bond.code_hash.hex()}",
            "watchTower": f"0x{deployment.watch_tower.address[2:].upper()}",
            "watchTowerCodeHash": f"0x{deployment.watch_tower.code_hash.hex()}",
            **changes,
        }
        path.write_text(json.dumps(said))
        return path

    async def _leased(self, offer: Offer, letters: str) -> Leased:
        seen = await self.market.view.bond.lease(self.market.lease(offer))
        assert seen is not None
        counted = seen.measured
        return Leased(
            first=seen.first,
            end=seen.end,
            settled=(counted.through, counted.unearned, counted.breach),
            announced=self.announced if offer.grace else (),
            letters=[letters] * len(WATCHERS),
            offer=terms_of(offer),
        )


def following(values: Values) -> Values:
    """Return what evidence says of the report before it."""
    said = read(text_of(values))
    previous = {"root": said.root, "dataHash": said.data_hash}
    return {"carried": values["result"], "previous": previous}


def terms_of(offer: Offer) -> Mapping[str, Any]:
    """Return an offer as evidence has it."""
    values: dict[str, Any] = dict(offer.values())
    for name in ("rate", "fee", "cover", "creditPerSlice"):
        values[name] = str(values[name])
    return {
        name: f"0x{value.hex()}" if isinstance(value, bytes) else value
        for name, value in values.items()
    }


async def block_of(market: Market, number: int) -> Values:
    """Return a block as evidence has it."""
    block = await market.chain.ask("eth_getBlockByNumber", hex(number), False)  # noqa: FBT003 - JSON-RPC
    return {"number": number, "time": int(block["timestamp"], 16), "hash": block["hash"]}


def _digest(text: str) -> Digest:
    return Digest(bytes.fromhex(text[2:]))
