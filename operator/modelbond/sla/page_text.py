"""A watcher's page of a frame as JSON, written and read.

Reading is forgiving where the text is a stranger's or a newer version's: an entry that is not as
it must be is left out and counted, and fields that are not known are passed over.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from modelbond.errors import Refused
from modelbond.settlement.report import Report
from modelbond.settlement.units import Address, Digest, FrameIndex
from modelbond.sla.exchanged import Page, Proposal, SignedCommitment, SignedReport
from modelbond.sla.text import address_of, bytes_of, canonical, count_of, hexed
from modelbond.sla.vector import SALT_BYTES, Commitment, SignedVector

VERSION = 1
LONGEST_REASON = 200
_HASH_BYTES = 32
_SIGNATURE_BYTES = 65
_HIGHEST_ROUND = 2**16
_MOST_ENTRIES = 1_000  # 31 members, two of each, in eight rounds: half of that

Entry = TypeVar("Entry")


def page_text(page: Page) -> str:
    """Return the page as it is served."""
    return canonical(
        {
            "version": VERSION,
            "frame": page.frame,
            "commitments": [_commitment_values(one) for one in page.commitments],
            "vectors": [_vector_values(one) for one in page.vectors],
            "proposals": [
                {
                    "signed": _signed_values(one.signed),
                    "vectors": [_commitment_values(listed) for listed in one.vectors],
                }
                for one in page.proposals
            ],
            "signatures": [_signed_values(one) for one in page.signatures],
            "refusals": [{"round": round_, "reason": why} for round_, why in page.refusals],
        }
    )


def page_of(text: str) -> Page:
    """Read a page; Refused where it is none at all."""
    said = _object(text)
    if said.get("version") != VERSION:
        raise Refused(f"page.version: {said.get('version')!r} is not {VERSION}: upgrade modelbond")
    frame = FrameIndex(count_of(said.get("frame"), name="page.frame"))
    reader = _Reader(frame)
    return Page(
        frame=frame,
        commitments=reader.all(said.get("commitments"), reader.commitment),
        vectors=reader.all(said.get("vectors"), _vector),
        proposals=reader.all(said.get("proposals"), reader.proposal),
        signatures=reader.all(said.get("signatures"), reader.signed),
        refusals=reader.all(said.get("refusals"), _refusal),
        malformed=reader.malformed,
    )


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as failure:
        raise Refused("page: it is not JSON") from failure
    if not isinstance(said, dict):
        raise Refused("page: it must be an object")
    return said


class _Reader:
    """Reads entries of one frame, and counts those that are none."""

    def __init__(self, frame: FrameIndex) -> None:
        self._frame = frame
        self.malformed = 0

    def all(self, said: Any, read: Callable[[Any], Entry]) -> tuple[Entry, ...]:
        entries = said if isinstance(said, list) else [] if said is None else [None]
        self.malformed += len(entries[_MOST_ENTRIES:])
        return tuple(self._each(entries[:_MOST_ENTRIES], read))

    def _each(self, said: Iterable[Any], read: Callable[[Any], Entry]) -> Iterable[Entry]:
        for one in said:
            try:
                yield read(one)
            except Refused:
                self.malformed += 1

    def commitment(self, said: Any) -> SignedCommitment:
        return SignedCommitment(
            watcher=_address(said, "watcher"),
            commitment=Commitment(frame=self._frame, commitment=_hash(said, "commitment")),
            signature=_signature(said),
        )

    def signed(self, said: Any) -> SignedReport:
        values = _field(said, "report")
        number = count_of(_field(values, "referenceBlock"), name="report.referenceBlock")
        report = Report(
            frame=self._frame,
            round=_round(values),
            reference_block=number,
            previous_root=_hash(values, "previousRoot"),
            root=_hash(values, "root"),
            data_hash=_hash(values, "dataHash"),
        )
        return SignedReport(
            signer=_address(said, "signer"), report=report, signature=_signature(said)
        )

    def proposal(self, said: Any) -> Proposal:
        listed = _field(said, "vectors")
        if not isinstance(listed, list):
            raise Refused("proposal.vectors: it must be a list")
        return Proposal(
            signed=self.signed(_field(said, "signed")),
            vectors=tuple(self.commitment(one) for one in listed),
        )


def _vector(said: Any) -> SignedVector:
    text = _text(said, "vector")
    if not text.isascii():
        raise Refused("vector: it is not canonical JSON")
    return SignedVector(
        watcher=_address(said, "watcher"),
        text=text,
        salt=bytes_of(_text(said, "salt"), size=SALT_BYTES, name="salt"),
        signature=_signature(said),
    )


def _refusal(said: Any) -> tuple[int, str]:
    return _round(said), _text(said, "reason")[:LONGEST_REASON]


def _field(said: Any, name: str) -> Any:
    if not isinstance(said, dict) or name not in said:
        raise Refused(f"{name}: it is missing")
    return said[name]


def _round(said: Any) -> int:
    round_ = count_of(_field(said, "round"), name="round")
    if not 0 < round_ < _HIGHEST_ROUND:
        raise Refused(f"round: {round_} must be from 1 to {_HIGHEST_ROUND - 1}")
    return round_


def _text(said: Any, name: str) -> str:
    text = _field(said, name)
    if not isinstance(text, str):
        raise Refused(f"{name}: it must be a string")
    return text


def _address(said: Any, name: str) -> Address:
    return address_of(_text(said, name), name=name)


def _hash(said: Any, name: str) -> Digest:
    return Digest(bytes_of(_text(said, name), size=_HASH_BYTES, name=name))


def _signature(said: Any) -> bytes:
    return bytes_of(_text(said, "signature"), size=_SIGNATURE_BYTES, name="signature")


def _commitment_values(one: SignedCommitment) -> dict[str, Any]:
    return {
        "watcher": one.watcher,
        "commitment": hexed(one.commitment.commitment),
        "signature": hexed(one.signature),
    }


def _vector_values(one: SignedVector) -> dict[str, Any]:
    return {
        "watcher": one.watcher,
        "salt": hexed(one.salt),
        "vector": one.text,
        "signature": hexed(one.signature),
    }


def _signed_values(one: SignedReport) -> dict[str, Any]:
    report = one.report
    return {
        "signer": one.signer,
        "report": {
            "round": report.round,
            "referenceBlock": report.reference_block,
            "previousRoot": hexed(report.previous_root),
            "root": hexed(report.root),
            "dataHash": hexed(report.data_hash),
        },
        "signature": hexed(one.signature),
    }
