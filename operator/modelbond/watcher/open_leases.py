"""The leases that are open where the chain is final: only those are probed."""

from collections.abc import Mapping

from modelbond.adapters.chain.chain import Chain
from modelbond.settlement.units import LeaseId
from modelbond.sla.leases import OpenLease


class OpenLeases:
    """Reads on from where it was; an RPC that is behind shows what was known already."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._book = chain.lease_book()
        self._block = 0

    async def now(self) -> Mapping[LeaseId, OpenLease]:
        """Return the leases by id; ChainUnreachable where nobody can say."""
        self._block = max(self._block, await self._chain.blocks.finalized())
        return await self._book.at(self._block)
