"""One chain's deployment, put together: views for everybody, actions for whoever has a key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from modelbond.adapters.chain.asset import Asset
from modelbond.adapters.chain.blocks import BlockViews
from modelbond.adapters.chain.bond import BondActions
from modelbond.adapters.chain.bond_views import BondViews
from modelbond.adapters.chain.code import CodeCheck
from modelbond.adapters.chain.contract import Contract
from modelbond.adapters.chain.deployment import Deployment
from modelbond.adapters.chain.fees import FeePolicy
from modelbond.adapters.chain.final_reports import FinalReports
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.lease_book import LeaseBook
from modelbond.adapters.chain.ledger import Ledger
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.tower import TowerActions
from modelbond.adapters.chain.tower_views import TowerViews
from modelbond.adapters.chain.writer import POLL_SECONDS, Writer
from modelbond.errors import Refused
from modelbond.settlement.units import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What one key can do. `writer.run` belongs to a Supervisor: it finishes what was begun."""

    writer: Writer
    asset: Asset
    bond: BondActions
    tower: TowerActions


class Chain:
    """The contracts of a deployment, asked through one pool."""

    def __init__(self, deployment: Deployment, *, pool: RpcPool) -> None:
        if pool.chain_id != deployment.chain_id:
            raise Refused(
                f"chain: the RPCs are for {pool.chain_id}, the deployment for {deployment.chain_id}"
            )
        self._deployment = deployment
        self._pool = pool
        self._model_bond = self._contract("ModelBond", deployment.model_bond.address)
        self._watch_tower = self._contract("WatchTower", deployment.watch_tower.address)
        self._asset = self._contract("Asset", deployment.asset)
        self.bond = BondViews(self._model_bond)
        self.tower = TowerViews(self._watch_tower)
        self.blocks = BlockViews(pool)

    @property
    def since(self) -> int:
        """Return the block from which there may be events of these contracts."""
        return self._deployment.block

    def lease_book(self) -> LeaseBook:
        """Return a book of leases that has read nothing yet."""
        return LeaseBook(self._model_bond, since=self.since)

    def final_reports(self) -> FinalReports:
        """Return the tower's final reports, to be followed."""
        return FinalReports(self.tower, pool=self._pool, since=self.since)

    @asynccontextmanager
    async def acting(
        self,
        key: Key,
        *,
        ledgers: Path,
        policy: FeePolicy | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> AsyncIterator[Acting]:
        """Give what this key can do; its ledger is held in that folder until the block ends."""
        chain_id = self._deployment.chain_id
        path = ledgers / f"{chain_id}-{key.address}.sqlite"
        ledger = Ledger(path, chain_id=chain_id, sender=key.address)
        try:
            writer = Writer(
                pool=self._pool,
                key=key,
                ledger=ledger,
                code=CodeCheck(
                    self._pool,
                    self._deployment.code_hashes,
                    assets={self._deployment.asset: self._model_bond},
                ),
                policy=policy,
                poll_seconds=poll_seconds,
            )
            yield self._acting(writer)
        finally:
            ledger.close()

    def _acting(self, writer: Writer) -> Acting:
        asset = Asset(self._asset, writer=writer)
        chain_id = self._deployment.chain_id
        return Acting(
            writer=writer,
            asset=asset,
            bond=BondActions(self._model_bond, asset=asset, writer=writer, chain_id=chain_id),
            tower=TowerActions(self._watch_tower, asset=asset, writer=writer),
        )

    def _contract(self, name: str, address: Address) -> Contract:
        return Contract(name, address=address, pool=self._pool)
