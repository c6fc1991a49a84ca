"""The one writer of a key: each named action happens exactly once, whatever is killed or lost.

An action is written to the ledger before it is signed, and signed bytes before they are sent. So
there is no state here that a crash could take along: every step reads the ledger and the chain
anew, decides (following.py) and acts.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, assert_never

from eth_hash.backends.pycryptodome import keccak256
from prometheus_client import Counter, Gauge
from web3 import Web3 as Addresses
from web3.types import Nonce, TxParams, Wei

from modelbond.adapters.chain.actions import Call, Entry, Mined, Signed, State
from modelbond.adapters.chain.code import CodeCheck
from modelbond.adapters.chain.fees import FeePolicy, Fees, first_fees
from modelbond.adapters.chain.following import Finish, Foreign, Seen, Send, Sign, Wait, next_move
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.ledger import Ledger
from modelbond.adapters.chain.looking import looking_at, market, nonces_of
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc_errors import NoncePassed, Underpriced
from modelbond.errors import (
    ActionPending,
    Bug,
    ModelbondError,
    NonceTaken,
    Refused,
    Reverted,
    TerminalError,
)

_log = logging.getLogger(__name__)

OPEN_ACTIONS = Gauge("modelbond_chain_open_actions", "Actions not final yet", ["role"])
ACTIONS = Counter("modelbond_chain_actions", "Actions by how they ended", ["role", "state"])
REPLACEMENTS = Counter("modelbond_chain_replacements", "Fees that were raised", ["role"])
BALANCE = Gauge("modelbond_chain_key_balance_wei", "What a key can pay with", ["role"])

POLL_SECONDS = 6.0
PATIENCE_SECONDS = 1800.0
_HIGHEST_GAS = 2**24  # EIP-7825: no transaction may have more
_FOREIGN_QUORUM = 2
_STANDING = frozenset({State.OPEN, State.DONE})


class Writer:
    """Sends for one key on one chain. Nobody else may send with that key."""

    def __init__(  # noqa: PLR0913 - the parts that it is put together from
        self,
        *,
        pool: RpcPool,
        key: Key,
        ledger: Ledger,
        code: CodeCheck,
        policy: FeePolicy | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._pool = pool
        self._key = key
        self._ledger = ledger
        self._code = code
        self._policy = policy or FeePolicy()
        self._poll_seconds = poll_seconds
        self._one_at_a_time = asyncio.Lock()

    @property
    def address(self) -> str:
        """Return whose writer this is."""
        return self._key.address

    async def carry_out(
        self, call: Call, *, once: str, within_seconds: float = PATIENCE_SECONDS
    ) -> Mined:
        """Return once the action of that name is final: its first call stands, however often asked.

        ActionPending says that it is on its way: ask again, also after a restart. Reverted says
        that the contract refused; nothing happened, and asking again tries again.
        """
        await self.intend(call, once=once)
        return await self.finish(once, within_seconds=within_seconds)

    async def finish(self, once: str, *, within_seconds: float = PATIENCE_SECONDS) -> Mined:
        """Return once the action that was begun under that name is final; errors as above."""
        entry = await asyncio.to_thread(self._ledger.entry, once)
        if entry is None:
            raise Bug(f"{once}: was never begun")
        why = "not looked at yet"
        try:
            async with asyncio.timeout(within_seconds):
                while True:
                    problem = (await self.step()).get(entry.nonce)
                    if isinstance(problem, TerminalError):
                        raise problem
                    mined = await self._outcome(once)
                    if mined is not None:
                        return mined
                    why = str(problem or "sent, not final yet")
                    await asyncio.sleep(self._poll_seconds)
        except TimeoutError:
            raise ActionPending(once=once, what=why) from None

    async def begun(self, once: str) -> bool:
        """Tell whether the action of that name is under way, or done."""
        entry = await asyncio.to_thread(self._ledger.entry, once)
        return entry is not None and entry.state in _STANDING

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        """Return this key's signature over EIP-712 typed data."""
        return self._key.sign_typed(message)

    async def intend(self, call: Call, *, once: str) -> None:
        """Write the action down unless one of that name is open or done.

        From then on it will happen: `step` and `run` see to it, in this process or the next.
        """
        async with self._one_at_a_time:
            entry = await asyncio.to_thread(self._ledger.entry, once)
            if entry is not None and entry.state in _STANDING:
                _refuse_other(entry, call)
                return
            await self._code.check(call.target)
            first_fees(await self._pool.read(market), policy=self._policy)
            gas = await self._gas(call)
            chain_nonce = await self._next_nonce()
            await asyncio.to_thread(
                self._ledger.record, once, call, gas=gas, chain_nonce=chain_nonce
            )

    async def run(self) -> None:
        """Go on with all that is open, for ever: meant for a Supervisor."""
        while True:
            await self.step()
            await asyncio.sleep(self._poll_seconds)

    async def step(self) -> dict[int, ModelbondError]:
        """Move every open action on as far as it goes now; return what is in the way, by nonce."""
        async with self._one_at_a_time:
            entries = await asyncio.to_thread(self._ledger.open_entries)
            OPEN_ACTIONS.labels(self._key.role).set(len(entries))
            if not entries:
                return {}
            try:
                seen = await self._pool.read(looking_at(entries, sender=self.address))
            except ModelbondError as failure:
                return dict.fromkeys((entry.nonce for entry in entries), failure)
            BALANCE.labels(self._key.role).set(seen.balance)
            return await self._advance_all(entries, seen)

    async def _advance_all(self, entries: list[Entry], seen: Seen) -> dict[int, ModelbondError]:
        problems: dict[int, ModelbondError] = {}
        for entry in entries:
            try:
                await self._advance(entry, seen)
            except ModelbondError as failure:
                problems[entry.nonce] = failure
                _log.warning("action waits", extra={"once": entry.once, "reason": str(failure)})
        return problems

    async def _advance(self, entry: Entry, seen: Seen) -> None:
        match next_move(entry, seen, policy=self._policy):
            case Sign(fees=fees):
                await self._broadcast(await self._sign(entry, fees, head=seen.head))
            case Send():
                await self._broadcast(entry.signed[-1])
            case Finish(state=state, mined=mined):
                await self._finish(entry, state, mined)
            case Foreign():
                await self._lose(entry)
            case Wait():
                pass
            case move:
                assert_never(move)

    async def _gas(self, call: Call) -> int:
        """Return the gas to allow; Reverted where the contract would refuse now."""
        transaction = self._transaction(call)
        estimate = await self._pool.read(lambda web3: web3.eth.estimate_gas(transaction))
        gas = estimate + estimate // 5 + 5_000  # the state may be another one when it runs
        if estimate > _HIGHEST_GAS:
            raise Refused(
                f"a call of {call.target} needs {estimate} gas, more than any block takes"
            )
        return min(gas, _HIGHEST_GAS)

    async def _next_nonce(self) -> int:
        """Return the nonce after the last one in a block, as `pending` differs between nodes."""
        included, pending = await self._pool.read(nonces_of(self.address))
        if included < pending and await asyncio.to_thread(self._ledger.is_empty):
            what = "the ledger is new, and the key has transactions under way"
            raise ActionPending(once=self.address, what=what)
        return included

    async def _sign(self, entry: Entry, fees: Fees, *, head: int) -> Signed:
        transaction: TxParams = {
            **self._transaction(entry.call),
            "type": 2,
            "chainId": self._pool.chain_id,
            "nonce": Nonce(entry.nonce),
            "gas": entry.gas,
            "maxFeePerGas": Wei(fees.max_fee),
            "maxPriorityFeePerGas": Wei(fees.tip),
        }
        del transaction["from"]
        raw = self._key.sign_transaction(transaction)
        signed = Signed(hash=keccak256(raw), raw=raw, fees=fees, head=head)
        await asyncio.to_thread(self._ledger.record_signed, entry.nonce, signed)
        if entry.signed:
            REPLACEMENTS.labels(self._key.role).inc()
        return signed

    async def _broadcast(self, signed: Signed) -> None:
        try:
            await self._pool.broadcast(signed.raw)
        except NoncePassed:
            _log.info("the nonce is in a block already", extra={"hash": signed.hash.hex()})
        except Underpriced:
            _log.info("the node wants a higher fee", extra={"hash": signed.hash.hex()})

    async def _finish(self, entry: Entry, state: State, mined: Mined | None) -> None:
        await asyncio.to_thread(self._ledger.record_outcome, entry.nonce, state, mined)
        ACTIONS.labels(self._key.role, state.value).inc()
        _log.info("action ended", extra={"once": entry.once, "state": state.value})

    async def _lose(self, entry: Entry) -> None:
        """Write the nonce off where several nodes agree; one alone may show half the truth."""
        views = await self._pool.read_all(looking_at([entry], sender=self.address))
        moves = [next_move(entry, seen, policy=self._policy) for seen in views]
        if len(moves) >= _FOREIGN_QUORUM and all(isinstance(move, Foreign) for move in moves):
            await self._finish(entry, State.TAKEN, None)
        raise NonceTaken(sender=self.address, nonce=entry.nonce, once=entry.once)

    async def _outcome(self, once: str) -> Mined | None:
        entry = await asyncio.to_thread(self._ledger.entry, once)
        if entry is None:
            raise Bug(f"{once}: the ledger lost it")
        if entry.state is State.TAKEN:
            raise NonceTaken(sender=self.address, nonce=entry.nonce, once=once)
        if entry.state is State.REVERTED and entry.mined is not None:
            raise await self._why_reverted(entry, entry.mined)
        return entry.mined

    async def _why_reverted(self, entry: Entry, mined: Mined) -> Reverted:
        """Return the refusal with the contract's reason, as the block before gives it."""
        transaction = self._transaction(entry.call)
        where = f"{entry.once} reverted in block {mined.block}, transaction 0x{mined.hash.hex()}"
        try:
            await self._pool.read(lambda web3: web3.eth.call(transaction, mined.block - 1))
        except Reverted as failure:
            return Reverted(f"{where}: {failure}", data=failure.data)
        except ModelbondError as failure:
            return Reverted(f"{where}; the reason cannot be read: {failure}")
        return Reverted(f"{where}; it would not have in the block before")

    def _transaction(self, call: Call) -> TxParams:
        return {
            "from": Addresses.to_checksum_address(self.address),
            "to": Addresses.to_checksum_address(call.target),
            "value": Wei(call.value),
            "data": Addresses.to_hex(call.data),
        }


def _refuse_other(entry: Entry, call: Call) -> None:
    """Refuse another action under a name that is in use: that would be dropped in silence."""
    named = (entry.call.target, entry.call.value, entry.call.data[:4])
    if named != (call.target, call.value, call.data[:4]):
        raise Bug(f"{entry.once} names a call of {entry.call.target} already")
