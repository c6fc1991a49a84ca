"""What three watchers show of a frame, under signatures that are quick to make and to check."""

from dataclasses import replace
from typing import Any

from fakes.frames import FRAME, HOUR, LEASE, SLICES, TOWER, WATCHERS
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import NO_ROOT, Report, tower_domain
from modelbond.settlement.units import Address, Digest, FrameIndex, address
from modelbond.sla.exchanged import Proposal, Seals, SignedCommitment, SignedReport, committed
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.frames import Times
from modelbond.sla.quorum import Signer
from modelbond.sla.vector import Commitment, SignedVector, Vector, commitment_of, watcher_domain

CHAIN_ID = 31337
TIMES = Times.of(FRAME, frame_seconds=HOUR)
TABLE = tuple(Signer(signer=one, weight=1) for one in WATCHERS)
BLOCK = 7


def signature(signer: Address, digest: Digest) -> bytes:
    return bytes.fromhex(signer[2:]) + digest + bytes(13)


def recover(digest: Digest, given: bytes) -> Address | None:
    return address(f"0x{given[:20].hex()}") if given[20:52] == digest else None


SEALS = Seals(chain_id=CHAIN_ID, tower=TOWER, recover=recover)


def board(*, table: tuple[Signer, ...] = TABLE) -> FrameBoard:
    return FrameBoard(FRAME, table=table)


def vector(
    place: int, letters: str = "g" * SLICES, *, salt: int = 0, **changes: Any
) -> SignedVector:
    """Return a watcher's vector, signed; fields of the vector may be wrong."""
    seen = Vector(
        chain_id=CHAIN_ID,
        tower=TOWER,
        frame=FRAME,
        watcher=WATCHERS[place],
        leases={LEASE: letters},
    )
    return of_text(place, replace(seen, **changes).text, salt=salt)


def of_text(place: int, text: str, *, salt: int = 0) -> SignedVector:
    watcher, salted = WATCHERS[place], bytes([salt] * 32)
    commitment = Commitment(frame=FRAME, commitment=commitment_of(salt=salted, text=text))
    digest = commitment.digest(watcher_domain(chain_id=CHAIN_ID, tower=TOWER))
    return SignedVector(
        watcher=watcher, text=text, salt=salted, signature=signature(watcher, digest)
    )


def commitment(one: SignedVector) -> SignedCommitment:
    return committed(one, frame=FRAME)


def report(*, round_: int = 1, root: str = "root", frame: FrameIndex = FRAME) -> Report:
    return Report(
        frame=frame,
        round=round_,
        reference_block=BLOCK,
        previous_root=NO_ROOT,
        root=keccak(root.encode()),
        data_hash=keccak(b"data"),
    )


def signed(place: int, made: Report | None = None) -> SignedReport:
    made = made or report()
    domain = tower_domain(chain_id=CHAIN_ID, contract=TOWER)
    return SignedReport(
        signer=WATCHERS[place],
        report=made,
        signature=signature(WATCHERS[place], made.digest(domain)),
    )


def turn(round_: int) -> int:
    """Return the place of a round's proposer."""
    return (FRAME + round_) % len(WATCHERS)


def proposal(*vectors: SignedVector, made: Report | None = None) -> Proposal:
    """Return what a round's proposer proposes."""
    made = made or report()
    by = signed(turn(made.round), made)
    return Proposal(signed=by, vectors=tuple(map(commitment, vectors)))
