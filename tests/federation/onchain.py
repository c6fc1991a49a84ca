"""What happened on the chain, by the events of its contracts, and how it is undone again."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from federation.chain import BLOCK_SECONDS, Chain
from federation.polling import eventually
from modelbond.adapters.chain.abi import interface

CONTRACTS = {"ModelBond": "modelBond", "WatchTower": "watchTower"}
UNDONE_WITHIN_SECONDS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event: its fields by the contract's names, its block and its transaction."""

    values: Mapping[str, Any]
    block: int
    transaction: str


def happened(chain: Chain, contract: str, event: str, *, since: int = 0) -> list[Happened]:
    """Return the events of that name up to the newest block, the oldest first."""
    abi = interface(contract)
    wanted = {
        "address": json.loads(chain.deployment_file.read_text())[CONTRACTS[contract]],
        "topics": [f"0x{abi.topic(event).hex()}"],
        "fromBlock": hex(since),
        "toBlock": "latest",
    }
    found = []
    for log in chain.ask("eth_getLogs", wanted):
        topics = [bytes.fromhex(one[2:]) for one in log["topics"]]
        values = abi.event(event, topics, bytes.fromhex(log["data"][2:]))
        block, transaction = int(log["blockNumber"], 16), str(log["transactionHash"])
        found.append(Happened(values=values, block=block, transaction=transaction))
    return found


def undo(chain: Chain, contract: str, event: str, **fields: object) -> Happened:
    """Wait for the next event with these fields, and put other blocks in the place of its own.

    Returns it with the newest block of that moment: what happens again stands in a later one.
    """
    known = {one.transaction for one in happened(chain, contract, event)}

    def next_one() -> Happened | None:
        since = chain.finalized() + 1
        seen = happened(chain, contract, event, since=since)
        new = (one for one in seen if one.transaction not in known)
        return next((one for one in new if fields.items() <= one.values.items()), None)

    found = eventually(next_one, bool, within_seconds=UNDONE_WITHIN_SECONDS)
    assert found is not None
    with _no_block(chain):
        newest = int(chain.ask("eth_blockNumber"), 16)
        chain.ask("anvil_reorg", newest - found.block + 1, [])
        assert chain.ask("eth_getTransactionReceipt", found.transaction) is None
    return replace(found, block=newest)


@contextmanager
def _no_block(chain: Chain) -> Iterator[None]:
    """Let no block be made meanwhile."""
    chain.ask("evm_setIntervalMining", 0)
    try:
        yield
    finally:
        chain.ask("evm_setIntervalMining", BLOCK_SECONDS)
