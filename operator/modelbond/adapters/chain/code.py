"""The code at an address is checked before anything is sent there."""

from collections.abc import Mapping

from eth_hash.backends.pycryptodome import keccak256
from web3 import Web3

from modelbond.adapters.chain.contract import Contract
from modelbond.adapters.chain.pool import RpcPool
from modelbond.errors import Refused, WrongCode


class CodeCheck:
    """Knows which code stands where; deployed code does not change, so each is read once.

    An asset is no code of ours, and often a proxy: it is the one that a ModelBond names whose
    code was checked. `assets` has that contract by the asset's address.
    """

    def __init__(
        self,
        pool: RpcPool,
        expected: Mapping[str, bytes],
        *,
        assets: Mapping[str, Contract] | None = None,
    ) -> None:
        self._pool = pool
        self._expected = expected
        self._assets = assets or {}
        self._passed: set[str] = set()

    async def check(self, address: str) -> None:
        """Return where the finalized code is the expected one; WrongCode, or Refused if unknown."""
        if address in self._passed:
            return
        if address in self._assets:
            await self._check_named(address, by=self._assets[address])
        elif address in self._expected:
            await self._check_code(address)
        else:
            raise Refused(f"{address} is none of the deployment's contracts: nothing is sent there")
        self._passed.add(address)

    async def _check_code(self, address: str) -> None:
        target = Web3.to_checksum_address(address)
        code = await self._pool.read(lambda web3: web3.eth.get_code(target, "finalized"))
        found = keccak256(bytes(code))
        if found != self._expected[address]:
            raise WrongCode(address=address, expected=self._expected[address], found=found)

    async def _check_named(self, asset: str, *, by: Contract) -> None:
        await self.check(by.address)
        named = await by.read("asset")
        if named != asset:
            raise Refused(f"{by.address} is for the asset {named}, not {asset}")
