"""Whether this watcher may sign: only with a record of which nobody knows more than it does.

A record that was lost, or restored from a backup, has forgotten what it signed. So before anything
is signed the chain and every other watcher are asked what they hold of this key's signatures, and
again at each look. What a record does not know seals it, until a person says `--new-record`: then
nothing is signed of the frames up to the one in progress.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

from modelbond.settlement.units import Address, FrameIndex
from modelbond.sla.beyond import Held, beyond_record
from modelbond.watcher.pen import Pen, TypedKey
from modelbond.watcher.reporting_metrics import SIGNING_SEALED
from modelbond.watcher.signing_record import SigningRecord

_log = logging.getLogger(__name__)

NOT_ASKED = "the chain and the other watchers have not been asked what they hold of this key"


class RecordKeeper:
    """Opens the record when it may be opened. `sealed` says why nothing is signed, if so."""

    def __init__(
        self, path: Path, *, key: TypedKey, chain_id: int, tower: Address, new_record: bool = False
    ) -> None:
        self._path = path
        self._key = key
        self._chain_id, self._tower = chain_id, tower
        self._new_record = new_record
        self._beyond = ""
        self.sealed = NOT_ASKED
        self.pen: Pen | None = None
        if path.exists():
            self._open()

    def examine(self, shown: Iterable[Held], *, all_asked: bool, current: FrameIndex) -> None:
        """Judge by what is shown of this key's signatures, once all were asked."""
        if self._new_record:
            self._begin_anew(current)
        held = list(shown)
        self._beyond = self._beyond or self._judged(held)
        if self.pen is None and all_asked and not self._beyond:
            self._open()
        self._seal(self._beyond or ("" if all_asked else NOT_ASKED))

    def close(self) -> None:
        """Give the record back."""
        if self.pen is not None:
            self.pen.record.close()

    def _judged(self, held: list[Held]) -> str:
        if self.pen is not None:
            record = self.pen.record
            return beyond_record(held, signed=record.signed(), floor=record.floor) or ""
        if held:
            return (
                f"the signing record {self._path} is absent, and {held[0].where} has a signature of"
                f" this key for frame {held[0].frame}: bring it back, or say --new-record"
            )
        return ""

    def _begin_anew(self, current: FrameIndex) -> None:
        self._open()
        if self.pen is not None:
            self.pen.record.raise_floor(current)
        self._new_record = False

    def _open(self) -> None:
        if self.pen is None:
            record = SigningRecord(
                self._path,
                chain_id=self._chain_id,
                tower=self._tower,
                signer=_signer(self._key),
            )
            self.pen = Pen(self._key, record=record, chain_id=self._chain_id, tower=self._tower)

    def _seal(self, reason: str) -> None:
        if reason and reason not in (self.sealed, NOT_ASKED):
            _log.error("nothing is signed any more", extra={"reason": reason})
        self.sealed = reason
        SIGNING_SEALED.set(bool(reason))


def _signer(key: TypedKey) -> Address:
    return Address(key.address.lower())
