"""Which contracts, on which chain: what every signature is bound to."""

from dataclasses import dataclass

from modelbond.settlement.endpoint import endpoint_domain
from modelbond.settlement.offer import bond_domain
from modelbond.settlement.typed import Domain
from modelbond.settlement.units import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPlace:
    """One ModelBond with its asset, and the tower whose reports are believed."""

    chain_id: int
    bond: Address
    asset: Address
    tower: Address

    @property
    def offers(self) -> Domain:
        """Return the domain in which offers are signed."""
        return bond_domain(chain_id=self.chain_id, contract=self.bond)

    @property
    def endpoints(self) -> Domain:
        """Return the domain in which endpoint records are signed."""
        return endpoint_domain(chain_id=self.chain_id, contract=self.bond)
