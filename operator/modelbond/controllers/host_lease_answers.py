"""Whether the own endpoint gave the agreed answers: asked once for each agreement and revision."""

from dataclasses import dataclass

from modelbond.ports.leases import OwnEdge, OwnEndpoint
from modelbond.ports.process import Clock
from modelbond.reconcile.host_lease_papers import Papers
from modelbond.reconcile.host_seen import Seen
from modelbond.settlement.units import Digest

TRY_AGAIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    agreement: Digest
    revision: str
    said: str
    at: float


class OwnAnswers:
    """Remembers answers by copy. One that did not agree is asked for again after a while."""

    def __init__(self, endpoint: OwnEndpoint, *, clock: Clock) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._answers: dict[str, _Answer] = {}

    def known(self, seen: Seen, papers: Papers) -> str | None:
        """Return what is known: empty where the answers agreed, None where it is to be asked."""
        answer = self._answers.get(seen.workload.owner.uid)
        about = (papers.agreement.hash, seen.revision)
        if answer is None or (answer.agreement, answer.revision) != about:
            return None
        old = self._clock.monotonic() - answer.at >= TRY_AGAIN_SECONDS
        return None if answer.said and old else answer.said

    async def ask(self, seen: Seen, papers: Papers) -> None:
        """Ask by the way that watchers will take, with their token."""
        host, port = seen.endpoints[0]
        edge = OwnEdge(
            host=host,
            port=port,
            model=seen.workload.model.name,
            certificate=seen.identity.certificate,
            token=papers.token,
        )
        bound = papers.agreement.latency_bound_ms
        said = await self._endpoint.answers(papers.canaries, edge=edge, within_ms=bound)
        self._answers[seen.workload.owner.uid] = _Answer(
            agreement=papers.agreement.hash,
            revision=seen.revision,
            said=said or "",
            at=self._clock.monotonic(),
        )

    def forget(self, uid: str) -> None:
        """Drop what is remembered of a copy that is gone."""
        self._answers.pop(uid, None)
