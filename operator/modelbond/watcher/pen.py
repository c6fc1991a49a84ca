"""The one way to this watcher's signature: past its record, so that no two contents get one."""

from collections.abc import Mapping
from typing import Any, Protocol

from modelbond.settlement.report import Report, tower_domain
from modelbond.settlement.units import Address, FrameIndex, address
from modelbond.sla.exchanged import SignedReport
from modelbond.sla.vector import (
    Commitment,
    SignedVector,
    commitment_of,
    watcher_domain,
)
from modelbond.watcher.signing_record import SigningRecord


class TypedKey(Protocol):
    """A key that signs EIP-712 typed data."""

    @property
    def address(self) -> str:
        """Return whose it is."""

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        """Return r, s, v."""


class Pen:
    """Signs for one watcher. What it signs is in the record before."""

    def __init__(
        self, key: TypedKey, *, record: SigningRecord, chain_id: int, tower: Address
    ) -> None:
        self._key = key
        self._reports = tower_domain(chain_id=chain_id, contract=tower)
        self._commitments = watcher_domain(chain_id=chain_id, tower=tower)
        self.record = record
        self.signer = address(key.address)

    def sign(self, report: Report) -> SignedReport:
        """Return the signed report; Refused where the record has one of that round, or later."""
        self.record.admit(report)
        signature = self._key.sign_typed(report.typed_data(self._reports))
        return SignedReport(signer=self.signer, report=report, signature=signature)

    def commit(self, frame: FrameIndex, *, text: str, salt: bytes) -> SignedVector:
        """Return the frame's vector with its signed commitment: the first one, for ever."""
        known = self.record.vector(frame)
        if known is not None:
            return known
        commitment = Commitment(frame=frame, commitment=commitment_of(salt=salt, text=text))
        signature = self._key.sign_typed(commitment.typed_data(self._commitments))
        made = SignedVector(watcher=self.signer, text=text, salt=salt, signature=signature)
        return self.record.keep_vector(frame, made)
