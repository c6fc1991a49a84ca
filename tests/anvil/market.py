"""The contracts deployed on a test's chain, with the people who use them.

What a test is not about is done by impersonation; what it is about goes through the real adapter.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import eth_abi.abi
from eth_hash.backends.pycryptodome import keccak256

from anvil.node import CHAIN_ID, Anvil
from anvil.people import WATCHERS, key_of, watchers
from anvil.writers import POLICY, QUICKLY, pool_of
from fakes.offers import offer
from modelbond.adapters.chain.abi import interface
from modelbond.adapters.chain.chain import Acting, Chain
from modelbond.adapters.chain.deployment import Deployed, Deployment
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.pool import RpcPool
from modelbond.settlement.encoding import keccak
from modelbond.settlement.leaves import Leaf, lease_leaf
from modelbond.settlement.offer import Offer, bond_domain, lease_id
from modelbond.settlement.report import NO_ROOT, Proof, Report, ReportRef, tower_domain
from modelbond.settlement.tree import Tree
from modelbond.settlement.typed import Domain
from modelbond.settlement.units import Address, Digest, FrameIndex, LeaseId, address

OUT = Path(__file__).parents[2] / "contracts/out"
FRAME, WINDOW, DAY = 3600, 6 * 3600, 86_400
STAKE, BOUNTY, PLENTY = 1_000_000, 100_000, 10**30
QUORUM = 3
BEGIN = 1_800_000_000  # a frame begins then, and a slice

OWNER, GUARDIAN, STAKER = (key_of(name).address for name in ("owner", "guardian", "staker"))


@dataclass(slots=True, kw_only=True)
class Market:
    """Token, bond contract, host, customer, and a tower with four watchers, three a quorum."""

    chain: Anvil
    deployment: Deployment
    view: Chain
    pool: RpcPool
    root: Digest = NO_ROOT
    seq: int = 0
    host: Key = field(default_factory=lambda: key_of("host"))
    customer: Key = field(default_factory=lambda: key_of("customer"))
    watchers: list[Key] = field(default_factory=watchers)

    @property
    def bond_domain(self) -> Domain:
        return bond_domain(chain_id=CHAIN_ID, contract=self.deployment.model_bond.address)

    @property
    def tower_domain(self) -> Domain:
        return tower_domain(chain_id=CHAIN_ID, contract=self.deployment.watch_tower.address)

    @asynccontextmanager
    async def acting(self, key: Key, folder: Path) -> AsyncIterator[Acting]:
        """Give what that key can do, by the adapter."""
        acting = self.view.acting(key, ledgers=folder, policy=POLICY, poll_seconds=QUICKLY)
        async with acting as made:
            yield made

    def offer(self, **changes: Any) -> Offer:
        """Return an offer of this host to this customer, on this deployment."""
        terms = {
            "customer": address(self.customer.address),
            "host": address(self.host.address),
            "asset": self.deployment.asset,
            "tower": self.deployment.watch_tower.address,
        }
        return offer(**{**terms, **changes})

    def signed(self, made: Offer) -> bytes:
        """Return the host's signature."""
        return self.host.sign_typed(made.typed_data(self.bond_domain))

    def lease(self, made: Offer) -> LeaseId:
        return lease_id(made, domain=self.bond_domain)

    async def do(self, sender: str, contract: str, function: str, *arguments: Any) -> None:
        """Let anybody call a contract, in a block of its own; a revert fails the test."""
        if await self.refuses(sender, contract, function, *arguments):
            raise AssertionError(f"{contract}.{function} reverted")

    async def refuses(self, sender: str, contract: str, function: str, *arguments: Any) -> bool:
        """Let anybody call a contract, in a block of its own; tell whether it reverted."""
        name, to = self._places()[contract]
        data = interface(name).call_data(function, *arguments)
        receipt = await self.chain.transact(sender, to=to, data=data)
        return bool(receipt["status"] != "0x1")

    async def open(self, made: Offer, *, slices: int) -> LeaseId:
        """Open a lease as the customer, whose allowance is large."""
        terms = made.values()
        await self.do(self.customer.address, "bond", "open", terms, self.signed(made), slices)
        return self.lease(made)

    async def post(self, *leaves: Digest, round_: int = 1) -> tuple[ReportRef, Tree]:
        """Post a tree with these leaves, and one more, for the newest frame that ended."""
        tree = Tree.of([*leaves, keccak(f"filler {self.seq}".encode())])
        return await self.post_root(tree.root, round_=round_), tree

    async def post_root(self, root: Digest, *, round_: int = 1, **changes: Any) -> ReportRef:
        """Post that root for the newest frame that ended."""
        report = await self.report(root, round_=round_, **changes)
        signers = sum(1 << place for place in range(QUORUM))
        signatures = [compact(self.sign(report, place)) for place in range(QUORUM)]
        await self.do(OWNER, "tower", "post", report.values(), signers, signatures)
        self.seq, self.root = self.seq + 1, root
        posted_at = await self.chain.time()
        return ReportRef(seq=self.seq, frame=report.frame, round=report.round, posted_at=posted_at)

    async def report(self, root: Digest, *, round_: int = 1, **changes: Any) -> Report:
        """Return a report on the newest frame that ended, to follow on the last one."""
        values: dict[str, Any] = {
            "frame": FrameIndex(await self.chain.time() // FRAME - 1),
            "round": round_,
            "reference_block": await self.chain.head(),
            "previous_root": self.root,
            "root": root,
            "data_hash": keccak(b"data"),
        }
        return Report(**{**values, **changes})

    def sign(self, report: Report, place: int) -> bytes:
        return self.watchers[place].sign_typed(report.typed_data(self.tower_domain))

    async def final_proof(self, lease: LeaseId, counted: Leaf) -> Proof:
        """Post a report with this leaf, and wait until it is final."""
        return await self.final_proof_of(lease_leaf(lease, counted))

    async def final_proof_of(self, one: Digest) -> Proof:
        ref, tree = await self.post(one)
        await self.chain.pass_by(WINDOW)
        return Proof(report=ref, path=tree.proof(one))

    async def events(self, contract: str, event: str) -> int:
        """Count the events of that name in the whole chain as it stands."""
        name, at = self._places()[contract]
        topic = f"0x{interface(name).topic(event).hex()}"
        wanted = {"address": at, "topics": [topic], "fromBlock": "0x0", "toBlock": "latest"}
        return len(await self.chain.ask("eth_getLogs", wanted))

    async def close(self) -> None:
        await self.pool.close()

    def _places(self) -> dict[str, tuple[str, Address]]:
        return {
            "bond": ("ModelBond", self.deployment.model_bond.address),
            "tower": ("WatchTower", self.deployment.watch_tower.address),
            "asset": ("Asset", self.deployment.asset),
        }


def compact(signature: bytes) -> list[bytes]:
    """Return r and vs of a signature, made another way than the adapter does."""
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    return [r, (s | (v - 27) << 255).to_bytes(32, "big")]


async def deployed(
    chain: Anvil, *, frame: int = FRAME, window: int = WINDOW, signers: int = WATCHERS
) -> Market:
    """Deploy everything, seat the watchers, and give host and customer plenty of tokens."""
    await chain.impersonate()
    people = [OWNER, GUARDIAN, STAKER, key_of("host").address, key_of("customer").address]
    for account in [*people, *(key.address for key in watchers())]:
        await chain.fund(account)
    asset = await _deploy(chain, "LocalToken", [], [])
    bond = await _deploy(chain, "ModelBond", ["address"], [asset.address])
    terms = (asset.address, frame, window, STAKE, BOUNTY)
    kinds = ["(address,uint32,uint32,uint96,uint96)", "address", "address"]
    tower = await _deploy(chain, "WatchTower", kinds, [terms, OWNER, GUARDIAN])
    deployment = Deployment(
        chain_id=CHAIN_ID, model_bond=bond, watch_tower=tower, asset=asset.address
    )
    pool = pool_of(chain.url)
    view = Chain(deployment, pool=pool)
    market = Market(
        chain=chain, deployment=deployment, view=view, pool=pool, watchers=watchers()[:signers]
    )
    await _populate(market)
    return market


async def _populate(market: Market) -> None:
    for account in (market.host.address, market.customer.address, STAKER):
        await _mint(market, account)
    for spender, owners in {
        market.deployment.model_bond.address: (market.host.address, market.customer.address),
        market.deployment.watch_tower.address: (STAKER,),
    }.items():
        for owner in owners:
            await market.do(owner, "asset", "approve", spender, PLENTY)
    members = []
    for place, watcher in enumerate(market.watchers):
        await market.do(OWNER, "tower", "grantSeat", watcher.address, STAKER)
        await market.do(STAKER, "tower", "stake", watcher.address, STAKE)
        members.append({"signer": watcher.address, "weight": 1, "domain": bytes([place] * 32)})
    await market.do(OWNER, "tower", "setTable", members)


async def _mint(market: Market, account: str) -> None:
    selector = keccak256(b"mint(address,uint256)")[:4]
    data = selector + eth_abi.abi.encode(["address", "uint256"], [account, PLENTY])
    await market.chain.transact(account, to=market.deployment.asset, data=data)


async def _deploy(
    chain: Anvil, name: str, kinds: Sequence[str], arguments: Sequence[Any]
) -> Deployed:
    artifact = json.loads((OUT / f"{name}.sol/{name}.json").read_text())
    code = bytes.fromhex(artifact["bytecode"]["object"].removeprefix("0x"))
    receipt = await chain.transact(OWNER, data=code + eth_abi.abi.encode(kinds, arguments))
    assert receipt["status"] == "0x1"
    at = address(receipt["contractAddress"])
    standing = await chain.ask("eth_getCode", at, "latest")
    return Deployed(address=at, code_hash=keccak256(bytes.fromhex(standing[2:])))
