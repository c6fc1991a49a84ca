"""All boards of this watcher: what is known of each frame that may still be reported."""

import logging
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from modelbond.ports.process import Clock
from modelbond.settlement.units import Address, FrameIndex
from modelbond.sla.beyond import Held, held
from modelbond.sla.exchanged import Page, Seals, SignedReport, signed_parts
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.frames import MAX_LAG_FRAMES, Times
from modelbond.sla.merging import MOST_CHECKS, Drop, Item, Merged, merge, restore
from modelbond.sla.page_text import LONGEST_REASON, page_text
from modelbond.sla.quorum import Signer
from modelbond.sla.text import text_hash
from modelbond.watcher.board_store import BoardStore
from modelbond.watcher.reporting_metrics import DROPPED

_log = logging.getLogger(__name__)

_KEPT_REASONS = 8
_TAG_DIGITS = 16
_KEPT_CHECKS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A page as it was shown last, and what it was made from."""

    revision: int
    refusals: tuple[tuple[int, str], ...]
    text: str
    tag: str


class Boards:
    """The last 24 frames. What comes is checked, counted, kept on the disk, and handed on."""

    def __init__(
        self, *, frame_seconds: int, seals: Seals, store: BoardStore, clock: Clock
    ) -> None:
        self._frame_seconds = frame_seconds
        self._seals = replace(seals, recover=lru_cache(_KEPT_CHECKS)(seals.recover))
        self._store = store
        self._clock = clock
        self._boards: dict[FrameIndex, FrameBoard] = {}
        self._refusals: dict[FrameIndex, dict[int, str]] = {}
        self._shown: dict[FrameIndex, _Shown] = {}
        self.dropped: Counter[Drop] = Counter()
        for frame, table in store.frames():
            board = self._boards[frame] = FrameBoard(frame, table=table)
            for kept in store.items(frame):
                restore(board, kept.item, at=kept.at)

    def begin(self, frame: FrameIndex, table: tuple[Signer, ...]) -> FrameBoard:
        """Return a frame's board; from now on its members are heard."""
        if frame not in self._boards:
            self._store.begin(frame, table)
            self._boards[frame] = FrameBoard(frame, table=table)
        return self._boards[frame]

    def get(self, frame: FrameIndex) -> FrameBoard | None:
        """Return a frame's board, if there is one."""
        return self._boards.get(frame)

    @property
    def frames(self) -> list[FrameIndex]:
        """Return the frames that are kept."""
        return sorted(self._boards)

    def times(self, frame: FrameIndex) -> Times:
        """Return a frame's times."""
        return Times.of(frame, frame_seconds=self._frame_seconds)

    def examine(self, page: Page) -> None:
        """Check a page's signatures beforehand; meant for a thread, as each takes milliseconds."""
        for one in islice(signed_parts(page), MOST_CHECKS):
            self._seals.holds(one)

    def receive(self, page: Page) -> Merged | None:
        """Take in what another watcher shows; None for a frame that has no board."""
        board = self._boards.get(page.frame)
        if board is None:
            return None
        at = self._clock.now().timestamp()
        last_round = self.times(page.frame).round_at(at) + 1
        merged = merge(board, page, at=at, last_round=last_round, seals=self._seals)
        if merged.new:
            self._store.keep(page.frame, merged.new, at=at)
        for drop, number in merged.dropped.items():
            DROPPED.labels(drop.value).inc(number)
        self.dropped += merged.dropped
        return merged

    def publish(self, frame: FrameIndex, item: Item) -> None:
        """Show something of one's own."""
        at = self._clock.now().timestamp()
        if restore(self._boards[frame], item, at=at):
            self._store.keep(frame, (item,), at=at)

    def refuse(self, frame: FrameIndex, round_: int, reason: str) -> None:
        """Keep and show why a round's proposal is not signed; an empty reason takes it back."""
        reasons = self._refusals.setdefault(frame, {})
        if reason and reasons.get(round_) != reason:
            _log.warning(
                "proposal is not signed", extra={"frame": frame, "round": round_, "reason": reason}
            )
        if reason:
            reasons[round_] = reason[:LONGEST_REASON]
        else:
            reasons.pop(round_, None)
        for old in sorted(reasons)[:-_KEPT_REASONS]:
            del reasons[old]

    def refusals(self, frame: FrameIndex) -> dict[int, str]:
        """Return the reasons that are kept of a frame, by round."""
        return dict(self._refusals.get(frame, {}))

    def page_text(self, frame: FrameIndex) -> tuple[str, str] | None:
        """Return a frame's page with a tag that changes with it; None where there is no board."""
        board = self._boards.get(frame)
        if board is None:
            return None
        refusals = tuple(sorted(self._refusals.get(frame, {}).items()))
        known = self._shown.get(frame)
        if known is None or (known.revision, known.refusals) != (board.revision, refusals):
            text = page_text(replace(board.page, refusals=refusals))
            known = self._shown[frame] = _Shown(
                revision=board.revision,
                refusals=refusals,
                text=text,
                tag=text_hash(text).hex()[:_TAG_DIGITS],
            )
        return known.text, known.tag

    def held(self, watcher: Address) -> list[Held]:
        """Return what others hold of a watcher's signatures."""
        return [
            held(one.report, where="a watcher's board")
            for board in self._boards.values()
            for one in board.signatures_of(watcher)
        ]

    def equivocations(self, frame: FrameIndex) -> dict[Address, tuple[SignedReport, SignedReport]]:
        """Return a proof for each watcher that is seen to have signed two reports of one round."""
        board = self._boards.get(frame)
        return board.equivocations() if board else {}

    def forget(self, *, current: FrameIndex) -> None:
        """Drop the frames that are too old to be reported."""
        first = FrameIndex(current - MAX_LAG_FRAMES)
        old = [frame for frame in self._boards if frame < first]
        for frame in old:
            del self._boards[frame]
            self._refusals.pop(frame, None)
            self._shown.pop(frame, None)
        if old:
            self._store.forget(before=first)
