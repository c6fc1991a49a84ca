"""Proving to the tower who signed two reports of one round: each proof is sent once, by one key."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modelbond.errors import ActionPending, ModelbondError, Reverted
from modelbond.ports.process import Clock
from modelbond.settlement.units import Address
from modelbond.sla.exchanged import SignedReport
from modelbond.watcher.attempts import Attempts
from modelbond.watcher.board import Boards
from modelbond.watcher.reporting_metrics import PROOFS
from modelbond.watcher.reporting_ports import PostPort, TowerPort

_log = logging.getLogger(__name__)

PROVEN, NOTHING_AT_STAKE = "proven", "nothing is at stake"
NO_PAYING_KEY = "this watcher has no paying key"
OWN_KEY = "it is this watcher's own key: others prove it"
_WAITS, _UNDER_WAY = "waits", "under way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivocation:
    """Two reports of one round by one signer; who has `place` 0 sends the proof at once."""

    one: SignedReport
    other: SignedReport
    place: int

    @property
    def signer(self) -> Address:
        """Return who signed both."""
        return self.one.signer


def seen_on(boards: Boards, *, me: Address) -> Iterator[Equivocation]:
    """Yield what boards hold; places are the frame's table's, and who is not in it comes last."""
    for frame in boards.frames:
        board = boards.get(frame)
        if board is not None:
            seat = board.place_of(me)
            place = len(board.table) if seat is None else seat
            for one, other in board.equivocations().values():
                yield Equivocation(one=one, other=other, place=place)


class Prover:
    """Sends proofs, one at a time for each signer. What was sent once is in the writer's ledger.

    The tower pays its bounty once. So watchers take turns, `pause_seconds` each, and whoever finds
    that nothing is at stake any more sends nothing.
    """

    def __init__(
        self,
        *,
        me: Address,
        tower: TowerPort,
        post: PostPort | None,
        clock: Clock,
        pause_seconds: float,
    ) -> None:
        self._me = me
        self._tower, self._post = tower, post
        self._pause_seconds = pause_seconds
        self._states: dict[SignedReport, str] = {}
        self._attempts: Attempts[Address] = Attempts(
            "proving an equivocation", clock=clock, pause_seconds=pause_seconds, outcomes=PROOFS
        )

    def state(self, one: SignedReport) -> str:
        """Return how far the proof is that begins with that report."""
        if one.signer == self._me:
            return OWN_KEY
        if self._post is None:
            return NO_PAYING_KEY
        return self._states.get(one, _WAITS)

    def look(self, seen: Iterable[Equivocation]) -> None:
        """Begin what is due of all that is seen; what is not seen any more is forgotten."""
        known = {each.one: each for each in seen}
        for one in self._states.keys() - known.keys():
            del self._states[one]
        signers = {one.signer for one in known}
        self._attempts.keep(signers.__contains__)
        for one, each in known.items():
            if one not in self._states:
                self._notice(each)
            if self._is_due(one):
                self._attempts.begin(one.signer, self._proved(each), about=_fields(each))

    async def close(self) -> None:
        """Leave what is under way to the ledger: the next process goes on with it."""
        await self._attempts.close()

    def _notice(self, each: Equivocation) -> None:
        self._states[each.one] = _WAITS
        # Whoever does it again in each round keeps nobody waiting for longer.
        self._attempts.wait(each.signer, seconds=each.place * self._pause_seconds)
        _log.error("a watcher signed two reports of one round", extra=_fields(each))

    def _is_due(self, one: SignedReport) -> bool:
        is_ours = self._post is not None and one.signer != self._me
        is_open = self._states[one] not in (PROVEN, NOTHING_AT_STAKE)
        return is_ours and is_open and one.signer not in self._attempts.busy

    async def _proved(self, each: Equivocation) -> str:
        """Return how it went; a failure is told in the state as well."""
        try:
            return await self._outcome(each)
        except ModelbondError as failure:
            self._states[each.one] = str(failure)
            raise
        except Exception:
            self._states[each.one] = "failed by our own mistake"
            raise

    async def _outcome(self, each: Equivocation) -> str:
        """Return how it went. A block that may still vanish is looked at again."""
        if self._post is None or not await self._tower.stake_of(each.signer):
            self._states[each.one] = NOTHING_AT_STAKE
            return "others"
        self._states[each.one] = _UNDER_WAY
        one, other = each.one, each.other
        try:
            await self._post.prove_equivocation(
                one.report,
                other.report,
                signature=one.signature,
                other_signature=other.signature,
            )
        except ActionPending as failure:
            self._states[each.one] = str(failure)
            return "pending"
        except Reverted as failure:
            self._states[each.one] = str(failure)
            return "reverted"
        self._states[each.one] = PROVEN
        _log.info("equivocation proven", extra=_fields(each))
        return "proven"


def _fields(each: Equivocation) -> dict[str, object]:
    report = each.one.report
    return {"signer": each.signer, "frame": report.frame, "round": report.round}
