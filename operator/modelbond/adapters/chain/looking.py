"""What one node shows of a key's actions: all questions go to that one node, in a safe order."""

from collections.abc import Iterable, Sequence

from hexbytes import HexBytes
from web3 import Web3 as Addresses
from web3.exceptions import TransactionNotFound

from modelbond.adapters.chain.actions import Entry
from modelbond.adapters.chain.fees import Market
from modelbond.adapters.chain.following import Receipt, Seen
from modelbond.adapters.chain.rpc import Question, Web3

_FEE_BLOCKS = 5
_MIDDLE_TIP = 50.0


def looking_at(entries: Sequence[Entry], *, sender: str) -> Question[Seen]:
    """Return the question that yields a node's view of these entries."""
    address = Addresses.to_checksum_address(sender)

    async def look(web3: Web3) -> Seen:
        # The finalized head first: a receipt above it is not taken for final, though it may be.
        final_head = (await web3.eth.get_block("finalized"))["number"]
        final = await web3.eth.get_transaction_count(address, "finalized")
        included = await web3.eth.get_transaction_count(address, "latest")
        ended = [entry for entry in entries if entry.nonce < final]
        return Seen(
            head=await web3.eth.block_number,
            final_head=final_head,
            included=included,
            final=final,
            balance=await web3.eth.get_balance(address, "latest"),
            market=await market(web3),
            receipts=await _receipts(web3, ended),
        )

    return look


def nonces_of(sender: str) -> Question[tuple[int, int]]:
    """Return the question that yields how many nonces are used in blocks, and with what waits."""
    address = Addresses.to_checksum_address(sender)

    async def look(web3: Web3) -> tuple[int, int]:
        included = await web3.eth.get_transaction_count(address, "latest")
        return included, await web3.eth.get_transaction_count(address, "pending")

    return look


async def market(web3: Web3) -> Market:
    """Return what the next block asks for, and the middle tip of each of the last few."""
    history = await web3.eth.fee_history(_FEE_BLOCKS, "latest", [_MIDDLE_TIP])
    tips = [int(block[0]) for block in history.get("reward") or () if block]
    return Market(base_fee=int(history["baseFeePerGas"][-1]), tips=tips)


async def _receipts(web3: Web3, entries: Iterable[Entry]) -> dict[bytes, Receipt]:
    found: dict[bytes, Receipt] = {}
    for signed in (signed for entry in entries for signed in entry.signed):
        try:
            receipt = await web3.eth.get_transaction_receipt(HexBytes(signed.hash))
        except TransactionNotFound:
            continue
        found[signed.hash] = Receipt(block=receipt["blockNumber"], succeeded=receipt["status"] == 1)
    return found
