"""Asking the other watchers what they know: often, each on its own, and believing no answer.

Everything of theirs is signed, so a peer is only a place where to look. What it costs to ask one
is bounded: a deadline, a longest answer, no redirect, and a growing pause after each failure.
"""

import asyncio
import logging
import random as system_random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from modelbond.adapters.bodies import bounded
from modelbond.errors import Refused
from modelbond.ports.process import Clock
from modelbond.runtime.backoff import Backoff, Random
from modelbond.settlement.units import Digest, FrameIndex
from modelbond.sla.exchanged import Page
from modelbond.sla.page_text import page_of
from modelbond.sla.text import hexed, text_hash
from modelbond.watcher.board import Boards
from modelbond.watcher.reporting_metrics import PEER_REACHABLE

_log = logging.getLogger(__name__)

DEADLINE_SECONDS = 10.0
LONGEST_PAGE_BYTES = 96 * 2**20  # 31 vectors of the longest that are
LONGEST_EVIDENCE_BYTES = 128 * 2**20
_PAUSE = Backoff(first_seconds=0.5, longest_seconds=30)
_MOST_SECONDS, _LEAST_SECONDS = 2.0, 0.25
_POLLS_A_STEP = 8

Frames = Callable[[], Iterable[FrameIndex]]
"""Returns the frames of which news is wanted. At first a peer is asked for all with a board."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another watcher: its name for people, and where it serves."""

    name: str
    url: str


@dataclass(slots=True, kw_only=True)
class _State:
    """How a peer does. `tags` name the pages that are known by heart."""

    asked: bool = False
    failures: int = 0
    trouble: str = ""
    not_before: float = 0.0
    heard_at: float | None = None
    tags: dict[FrameIndex, str] = field(default_factory=dict)


class Exchange:
    """The other watchers. `asked` says that each was tried at least once."""

    def __init__(  # noqa: PLR0913 - the parts that it is put together from
        self,
        peers: Sequence[Peer],
        *,
        boards: Boards,
        frames: Frames,
        clock: Clock,
        deadline_seconds: float = DEADLINE_SECONDS,
        longest_page_bytes: int = LONGEST_PAGE_BYTES,
        longest_evidence_bytes: int = LONGEST_EVIDENCE_BYTES,
        random: Random = system_random.random,
    ) -> None:
        self._peers = {peer: _State() for peer in peers}
        self._boards = boards
        self._frames = frames
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._longest_page = longest_page_bytes
        self._longest_evidence = longest_evidence_bytes
        self._random = random
        self._session: aiohttp.ClientSession | None = None

    @property
    def asked(self) -> bool:
        """Tell whether every peer answered, or failed to, since this process began."""
        return all(state.asked for state in self._peers.values())

    def states(self) -> Mapping[str, Mapping[str, Any]]:
        """Return for each peer whether it answers, and what is wrong with it."""
        return {
            peer.name: {"trouble": state.trouble, "heardAt": state.heard_at}
            for peer, state in self._peers.items()
        }

    async def run(self, *, step: int) -> None:
        """Poll each peer for ever, a slow one beside the others: meant for a Supervisor."""
        seconds = poll_seconds(step)
        async with asyncio.TaskGroup() as group:
            for peer in self._peers:
                group.create_task(self._follow(peer, seconds=seconds))

    async def poll(self) -> None:
        """Ask every peer that is not in a pause once."""
        await asyncio.gather(*(self._visit(peer) for peer in self._peers))

    async def evidence(self, data_hash: Digest) -> str | None:
        """Return the text of that hash from the first peer that has it."""
        for peer, state in self._peers.items():
            if self._clock.monotonic() < state.not_before:
                continue
            try:
                text = await self._evidence_of(peer, data_hash)
            except _Unusable as failure:
                _log.info("no evidence", extra={"peer": peer.name, "reason": str(failure)})
                continue
            if text is not None:
                return text
        return None

    async def close(self) -> None:
        """Release connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _follow(self, peer: Peer, *, seconds: float) -> None:
        while True:
            await self._visit(peer)
            await asyncio.sleep(seconds)

    async def _visit(self, peer: Peer) -> None:
        state = self._peers[peer]
        if self._clock.monotonic() < state.not_before or not self._boards.frames:
            return
        wanted = self._boards.frames if state.heard_at is None else list(self._frames())
        try:
            for frame in wanted:
                await self._look(peer, frame)
        except _Unusable as failure:
            self._failed(peer, str(failure))
        else:
            self._answered(peer)

    async def _look(self, peer: Peer, frame: FrameIndex) -> None:
        state = self._peers[peer]
        known = state.tags.get(frame)
        headers = {"If-None-Match": known} if known else {}
        answer = await self._get(
            peer, f"/v1/frames/{frame}", headers=headers, longest=self._longest_page
        )
        if answer is None:
            return
        text, tag = answer
        page = await self._read_page(text)
        if page.frame != frame:
            raise _Unusable(f"it answered with frame {page.frame} for {frame}")
        await asyncio.to_thread(self._boards.examine, page)
        merged = self._boards.receive(page)
        if merged is not None and merged.is_whole and tag:
            state.tags[frame] = tag
        if merged is not None and not merged.is_honest:
            raise _Unusable(f"its page has entries that are none: {dict(merged.dropped)}")

    async def _read_page(self, text: str) -> Page:
        try:
            return await asyncio.to_thread(page_of, text)
        except Refused as failure:
            raise _Unusable(str(failure)) from None

    async def _evidence_of(self, peer: Peer, data_hash: Digest) -> str | None:
        answer = await self._get(
            peer, f"/v1/evidence/{hexed(data_hash)}", headers={}, longest=self._longest_evidence
        )
        if answer is None:
            return None
        if text_hash(answer[0]) != data_hash:
            raise _Unusable("its evidence is another text")
        return answer[0]

    async def _get(
        self, peer: Peer, path: str, *, headers: Mapping[str, str], longest: int
    ) -> tuple[str, str] | None:
        """Return an answer with its tag; None where there is nothing, or nothing new."""
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False, trust_env=False)
        try:
            async with (
                asyncio.timeout(self._deadline_seconds),
                self._session.get(
                    f"{peer.url}{path}", headers=headers, allow_redirects=False
                ) as response,
            ):
                if response.status in (304, 404):
                    return None
                if response.status != 200:
                    raise _Unusable(f"HTTP {response.status}")
                body = await _read(response.content, longest=longest)
                return body.decode(), response.headers.get("ETag", "")
        except (TimeoutError, aiohttp.ClientError, OSError, UnicodeDecodeError) as failure:
            raise _Unusable(type(failure).__name__) from None

    def _answered(self, peer: Peer) -> None:
        state = self._peers[peer]
        state.asked, state.failures, state.trouble = True, 0, ""
        state.heard_at = self._clock.now().timestamp()
        kept = set(self._boards.frames)
        state.tags = {frame: tag for frame, tag in state.tags.items() if frame in kept}
        PEER_REACHABLE.labels(peer.name).set(1)

    def _failed(self, peer: Peer, reason: str) -> None:
        state = self._peers[peer]
        state.asked = True
        state.failures += 1
        if state.trouble != reason:
            _log.warning("peer cannot be used", extra={"peer": peer.name, "reason": reason})
        state.trouble = reason
        pause = _PAUSE.seconds(state.failures, random=self._random)
        state.not_before = self._clock.monotonic() + pause
        PEER_REACHABLE.labels(peer.name).set(0)


class _Unusable(Exception):
    """A peer's answer cannot be used; the message says why, and quotes nothing of it."""


def poll_seconds(step: int) -> float:
    """Return how often a peer is asked: so that nothing takes a quarter of a step to come by."""
    return min(_MOST_SECONDS, max(_LEAST_SECONDS, step / _POLLS_A_STEP))


async def _read(content: aiohttp.StreamReader, *, longest: int) -> bytes:
    body = await bounded(content, limit_bytes=longest)
    if body is None:
        raise _Unusable(f"its answer is longer than {longest} bytes")
    return body
