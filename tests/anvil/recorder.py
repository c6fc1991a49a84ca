"""A writer that writes down what it shall send and sends nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelbond.adapters.chain.actions import Call, Mined
from modelbond.adapters.chain.keys import Key


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Stands in for a Writer whose every action ends at once."""

    key: Key
    calls: dict[str, Call] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.key.address

    async def begun(self, once: str) -> bool:
        return once in self.calls

    async def intend(self, call: Call, *, once: str) -> None:
        self.calls[once] = call

    async def finish(self, once: str) -> Mined:
        assert once in self.calls
        return Mined(hash=b"", block=0)

    async def carry_out(self, call: Call, *, once: str) -> Mined:
        await self.intend(call, once=once)
        return await self.finish(once)

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        return self.key.sign_typed(message)
