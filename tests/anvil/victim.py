"""A writer in a process of its own that is killed at a chosen point: `python -m anvil.victim`."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account

from anvil import writers
from modelbond.adapters.chain.actions import Call
from modelbond.adapters.chain.code import CodeCheck
from modelbond.adapters.chain.following import Seen
from modelbond.adapters.chain.keys import Key, Role
from modelbond.adapters.chain.ledger import Ledger
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc import Question
from modelbond.adapters.chain.writer import Writer

POINTS = (
    "before the intent is on disk",
    "before signing",
    "before the signature is on disk",
    "before sending",
    "after sending",
    "after a block took it",
    "before the outcome is on disk",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What the victim shall do, and where it dies."""

    url: str
    path: Path
    secret: bytes
    call: Call
    once: str
    point: str
    expected: dict[str, bytes]

    def arguments(self) -> list[str]:
        """Return the errand as a command line."""
        words = {
            "url": self.url,
            "path": str(self.path),
            "secret": self.secret.hex(),
            "target": self.call.target,
            "data": self.call.data.hex(),
            "value": self.call.value,
            "once": self.once,
            "point": self.point,
            "expected": {address: code.hex() for address, code in self.expected.items()},
        }
        return [sys.executable, "-m", "anvil.victim", json.dumps(words)]

    @classmethod
    def parsed(cls, text: str) -> "Errand":
        words = json.loads(text)
        return cls(
            url=words["url"],
            path=Path(words["path"]),
            secret=bytes.fromhex(words["secret"]),
            call=Call(
                target=words["target"], data=bytes.fromhex(words["data"]), value=words["value"]
            ),
            once=words["once"],
            point=words["point"],
            expected={at: bytes.fromhex(code) for at, code in words["expected"].items()},
        )


def die() -> None:
    """End as by a power cut: nothing is flushed, nothing is said."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingLedger(Ledger):
    """Dies with a transaction begun and not committed."""

    point = ""

    def record(self, *args: Any, **kwargs: Any) -> Any:
        return self._dying("before the intent is on disk", super().record, *args, **kwargs)

    def record_signed(self, *args: Any, **kwargs: Any) -> None:
        self._dying("before the signature is on disk", super().record_signed, *args, **kwargs)

    def record_outcome(self, *args: Any, **kwargs: Any) -> None:
        self._dying("before the outcome is on disk", super().record_outcome, *args, **kwargs)

    def _dying(self, point: str, write: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if point == self.point:
            self._rows.set_trace_callback(lambda said: die() if said == "COMMIT" else None)
        return write(*args, **kwargs)


class DyingKey(Key):
    """Dies when it shall sign."""

    def sign_transaction(self, transaction: Any) -> bytes:  # noqa: ARG002 - as the key
        die()
        return b""


class DyingPool(RpcPool):
    """Dies around sending, or once a block has the transaction."""

    point = ""

    async def broadcast(self, raw: bytes) -> None:
        if self.point == "before sending":
            die()
        await super().broadcast(raw)
        if self.point == "after sending":
            die()

    async def read(self, question: Question[Any]) -> Any:
        answer = await super().read(question)
        if (
            self.point == "after a block took it"
            and isinstance(answer, Seen)
            and answer.included > answer.final
        ):
            die()
        return answer


async def run(errand: Errand) -> None:
    """Carry the errand out, or die."""
    DyingPool.point = DyingLedger.point = errand.point
    pool = writers.pool_of(errand.url, kind=DyingPool)
    signs = DyingKey if errand.point == "before signing" else Key
    key = signs(Account.from_key(errand.secret), role=Role.PAYING)
    writer = Writer(
        pool=pool,
        key=key,
        ledger=DyingLedger(errand.path, chain_id=pool.chain_id, sender=key.address),
        code=CodeCheck(pool, errand.expected),
        policy=writers.POLICY,
        poll_seconds=writers.QUICKLY,
    )
    await writer.carry_out(errand.call, once=errand.once, within_seconds=30)


if __name__ == "__main__":
    asyncio.run(run(Errand.parsed(sys.argv[1])))
