"""The code at an address is checked before anything is sent there."""

from collections.abc import Mapping

from eth_hash.backends.pycryptodome import keccak256
from web3 import Web3

from modelbond.adapters.chain.pool import RpcPool
from modelbond.errors import Refused, WrongCode


class CodeCheck:
    """Knows which code stands where; deployed code does not change, so each is read once."""

    def __init__(self, pool: RpcPool, expected: Mapping[str, bytes]) -> None:
        self._pool = pool
        self._expected = expected
        self._passed: set[str] = set()

    async def check(self, address: str) -> None:
        """Return where the finalized code is the expected one; WrongCode, or Refused if unknown."""
        if address in self._passed:
            return
        if address not in self._expected:
            raise Refused(f"{address} is none of the deployment's contracts: nothing is sent there")
        target = Web3.to_checksum_address(address)
        code = await self._pool.read(lambda web3: web3.eth.get_code(target, "finalized"))
        found = keccak256(bytes(code))
        if found != self._expected[address]:
            raise WrongCode(address=address, expected=self._expected[address], found=found)
        self._passed.add(address)
