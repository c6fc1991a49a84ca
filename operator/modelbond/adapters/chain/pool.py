"""Several RPCs of one chain: reads fail over, a signed transaction goes to all of them."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from prometheus_client import Gauge

from modelbond.adapters.chain.heads import HeadLimits, Sighting, Silence, judge
from modelbond.adapters.chain.rpc import Answer, Question, Rpc, Web3
from modelbond.adapters.chain.rpc_errors import AlreadyKnown
from modelbond.errors import ChainUnreachable, ModelbondError, WrongChain
from modelbond.ports.process import Clock

_log = logging.getLogger(__name__)

IN_SERVICE = Gauge("modelbond_chain_rpc_in_service", "1 where an RPC may be asked", ["rpc"])

RECHECK_SECONDS = 30.0
_ROUNDS = 3
_FIRST_WAIT_SECONDS = 0.2


class RpcPool:
    """The nodes of one chain, asked in the order given. A node is trusted while its checks hold."""

    def __init__(
        self,
        rpcs: Sequence[Rpc],
        *,
        chain_id: int,
        clock: Clock,
        limits: HeadLimits | None = None,
        recheck_seconds: float = RECHECK_SECONDS,
    ) -> None:
        self.chain_id = chain_id
        self._rpcs = {rpc.name: rpc for rpc in rpcs}
        self._clock = clock
        self._limits = limits or HeadLimits()
        self._recheck_seconds = recheck_seconds
        self._checked_at: float | None = None
        self._objections: dict[str, str] = {}
        self._checking = asyncio.Lock()

    @property
    def size(self) -> int:
        """Return how many nodes are configured."""
        return len(self._rpcs)

    async def read(self, question: Question[Answer]) -> Answer:
        """Return the first usable node's answer; ChainUnreachable says why there is none."""
        for attempt in range(_ROUNDS):
            if attempt:
                await asyncio.sleep(_FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            for rpc in await self._usable(anew=attempt > 0):
                try:
                    return await rpc.ask(question)
                except ChainUnreachable as failure:
                    self._object(rpc.name, str(failure))
        raise ChainUnreachable(f"no RPC of chain {self.chain_id} can be used: {self._why()}")

    async def read_all(self, question: Question[Answer]) -> list[Answer]:
        """Return the answer of every usable node: for what one node must not decide alone."""
        return list(await asyncio.gather(*(rpc.ask(question) for rpc in await self._usable())))

    async def read_each(self, question: Question[Answer]) -> list[Answer]:
        """Return the answer of every node that gives one; ChainUnreachable where none does."""
        rpcs = await self._usable()
        said = await asyncio.gather(*(rpc.ask(question) for rpc in rpcs), return_exceptions=True)
        answers: list[Answer] = []
        for rpc, answer in zip(rpcs, said, strict=True):
            if isinstance(answer, ChainUnreachable):
                self._object(rpc.name, str(answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                answers.append(answer)
        if not answers:
            raise ChainUnreachable(f"no RPC of chain {self.chain_id} answers: {self._why()}")
        return answers

    async def broadcast(self, raw: bytes) -> None:
        """Hand a signed transaction to every usable node; one that has it is enough."""
        rpcs = await self._usable()
        if not rpcs:
            raise ChainUnreachable(f"no RPC of chain {self.chain_id} takes it: {self._why()}")
        sent = await asyncio.gather(*(_send(rpc, raw) for rpc in rpcs))
        refusals = [failure for failure in sent if failure is not None]
        for rpc, failure in zip(rpcs, sent, strict=True):
            if isinstance(failure, ChainUnreachable):
                self._object(rpc.name, str(failure))
        if len(refusals) == len(sent):
            # What a node says of the transaction tells more than that another one is silent.
            raise min(refusals, key=lambda failure: isinstance(failure, ChainUnreachable))

    def objections(self) -> Mapping[str, str]:
        """Return why which node is not asked at present."""
        return dict(self._objections)

    async def close(self) -> None:
        """Release connections."""
        for rpc in self._rpcs.values():
            await rpc.close()

    async def _usable(self, *, anew: bool = False) -> list[Rpc]:
        async with self._checking:
            now = self._clock.monotonic()
            due = self._checked_at is None or now - self._checked_at >= self._recheck_seconds
            if due or anew or len(self._objections) == len(self._rpcs):
                await self._check()
        return [rpc for name, rpc in self._rpcs.items() if name not in self._objections]

    async def _check(self) -> None:
        seen = await asyncio.gather(*(_sighting(rpc) for rpc in self._rpcs.values()))
        self._checked_at = self._clock.monotonic()
        now = int(self._clock.now().timestamp())
        self._objections = {}
        for verdict in judge(seen, chain_id=self.chain_id, limits=self._limits, now=now):
            IN_SERVICE.labels(verdict.rpc).set(not verdict.objection)
            if verdict.objection:
                self._object(verdict.rpc, verdict.objection)
        self._refuse_other_chains([one for one in seen if isinstance(one, Sighting)])

    def _object(self, rpc: str, reason: str) -> None:
        IN_SERVICE.labels(rpc).set(0)
        self._objections[rpc] = reason
        _log.warning("RPC is left out", extra={"rpc": rpc, "reason": reason})

    def _refuse_other_chains(self, seen: Sequence[Sighting]) -> None:
        if seen and all(one.chain_id != self.chain_id for one in seen):
            one = seen[0]
            raise WrongChain(rpc=one.rpc, expected=self.chain_id, found=one.chain_id)

    def _why(self) -> str:
        return "; ".join(f"{rpc}: {reason}" for rpc, reason in self._objections.items())


async def _sighting(rpc: Rpc) -> Sighting | Silence:
    async def look(web3: Web3) -> Sighting:
        chain_id = await web3.eth.chain_id
        head = await web3.eth.get_block("latest")
        return Sighting(
            rpc=rpc.name, chain_id=chain_id, head=head["number"], head_time=head["timestamp"]
        )

    try:
        return await rpc.ask(look)
    except ModelbondError as failure:
        return Silence(rpc=rpc.name, reason=str(failure))


async def _send(rpc: Rpc, raw: bytes) -> ModelbondError | None:
    """Return the node's refusal, or None where it has the transaction."""
    try:
        await rpc.ask(lambda web3: web3.eth.send_raw_transaction(raw))
    except AlreadyKnown:
        return None
    except ModelbondError as failure:
        return failure
    return None
