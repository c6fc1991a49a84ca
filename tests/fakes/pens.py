"""A key that tells what it signed, and reports for it. Run as a module, it signs till it dies."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from fakes.frames import TOWER
from fakes.offers import account
from modelbond.errors import Refused
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import NO_ROOT, Report
from modelbond.settlement.units import Digest, FrameIndex, address
from modelbond.watcher.pen import Pen
from modelbond.watcher.signing_record import SigningRecord

CHAIN_ID = 31337
SIGNER = account("signer")
FRAMES = range(100, 103)


@dataclass(slots=True)
class TellingKey:
    """Signs nothing, and knows all that left it: by frame and round, the contents."""

    signed: dict[tuple[int, int], set[bytes]] = field(default_factory=dict)
    address: str = SIGNER

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        said = message["message"]
        if "round" in said:
            self.signed.setdefault((said["frame"], said["round"]), set()).add(said["root"])
        return bytes(65)

    @property
    def equivocated(self) -> bool:
        return any(len(contents) > 1 for contents in self.signed.values())


def report(frame: int = FRAMES[0], *, round_: int = 1, content: str = "content") -> Report:
    return Report(
        frame=FrameIndex(frame),
        round=round_,
        reference_block=7,
        previous_root=NO_ROOT,
        root=keccak(content.encode()),
        data_hash=Digest(keccak(b"data")),
    )


def record(path: Path) -> SigningRecord:
    return SigningRecord(path, chain_id=CHAIN_ID, tower=TOWER, signer=address(SIGNER))


def pen(path: Path, key: TellingKey) -> Pen:
    return Pen(key, record=record(path), chain_id=CHAIN_ID, tower=TOWER)


def sign_for_ever(path: Path, *, content: str) -> None:
    """Sign every round of every frame that the record admits, and say so after each."""
    mine = pen(path, TellingKey())
    for round_ in count(1):
        for frame in FRAMES:
            try:
                mine.sign(report(frame, round_=round_, content=content))
            except Refused:
                continue
            sys.stdout.write(f"{frame} {round_} {content}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    sign_for_ever(Path(sys.argv[1]), content=sys.argv[2])
