"""One deployed contract: calls to it, what it says at finalized blocks, and its events there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hexbytes import HexBytes
from web3 import Web3 as Addresses
from web3.types import BlockIdentifier, FilterParams, LogReceipt, TxParams

from modelbond.adapters.chain.abi import Values, explained, interface
from modelbond.adapters.chain.actions import Call
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc import Web3
from modelbond.settlement.units import Address

BLOCKS_AT_ONCE = 2_000  # the least that public nodes allow for a question about events


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, with its values by name."""

    name: str
    block: int
    values: Values


class Contract:
    """A contract under its interface's name."""

    def __init__(self, name: str, *, address: Address, pool: RpcPool) -> None:
        self.address = address
        self._abi = interface(name)
        self._pool = pool

    def call(self, function: str, *arguments: Any) -> Call:
        """Return the call, to be carried out by a writer."""
        return Call(target=self.address, data=self._abi.call_data(function, *arguments))

    async def read(self, function: str, *arguments: Any, at: BlockIdentifier = "finalized") -> Any:
        """Return a view's answer. What decides about money is read where it is final."""
        with explained():
            data = await self._pool.read(
                lambda web3: web3.eth.call(self._question(function, *arguments), at)
            )
            return self._abi.answer(function, bytes(data))

    async def read_by(self, web3: Web3, function: str, *arguments: Any, at: BlockIdentifier) -> Any:
        """Return that very node's answer, as a pool's question; for views that never revert."""
        data = await web3.eth.call(self._question(function, *arguments), at)
        return self._abi.answer(function, bytes(data))

    def _question(self, function: str, *arguments: Any) -> TxParams:
        return {
            "to": Addresses.to_checksum_address(self.address),
            "data": HexBytes(self._abi.call_data(function, *arguments)),
        }

    async def events(self, names: Sequence[str], *, since: int) -> tuple[list[Event], int]:
        """Return the finalized events from that block on, and the block from which to go on."""
        topics = {self._abi.topic(name): name for name in names}
        found: list[Event] = []
        last = await self._pool.read(_finalized)
        for first in range(since, last + 1, BLOCKS_AT_ONCE):
            wanted: FilterParams = {
                "address": Addresses.to_checksum_address(self.address),
                "fromBlock": Addresses.to_hex(first),
                "toBlock": Addresses.to_hex(min(first + BLOCKS_AT_ONCE - 1, last)),
                "topics": [[HexBytes(topic) for topic in topics]],
            }
            logs = await self._pool.read(_logs(wanted))
            found += [self._event(topics[bytes(log["topics"][0])], log) for log in logs]
        return found, max(since, last + 1)

    def _event(self, name: str, log: LogReceipt) -> Event:
        values = self._abi.event(
            name, [bytes(topic) for topic in log["topics"]], bytes(log["data"])
        )
        return Event(name=name, block=log["blockNumber"], values=values)


async def _finalized(web3: Web3) -> int:
    return (await web3.eth.get_block("finalized"))["number"]


def _logs(wanted: FilterParams) -> Any:
    async def ask(web3: Web3) -> list[LogReceipt]:
        return await web3.eth.get_logs(wanted)

    return ask
