"""Evidence on the disk: whole or not there, found by its hash, kept as long as it is asked for."""

from pathlib import Path

import pytest

from fakes.clocks import ManualClock
from fakes.frames import FRAME, inputs
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import NO_ROOT
from modelbond.settlement.units import Digest, FrameIndex
from modelbond.sla.evidence import Evidence
from modelbond.sla.evidence_text import evidence
from modelbond.sla.standing import Standing
from modelbond.sla.tally import tally
from modelbond.watcher.evidence_keeping import EvidenceKeeping
from modelbond.watcher.evidence_store import EvidenceStore


def of_frame(frame: int) -> Evidence:
    made = inputs(["g" * 60], frame=frame)
    return evidence(made, tally(made))


MADE = of_frame(FRAME)
OLDER = of_frame(FRAME - 1)
STANDING = Standing(seq=1, frame=FRAME, root=NO_ROOT, data_hash=MADE.hash)


def test_what_is_kept_is_found_by_its_hash_also_after_a_restart(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    assert store.text(MADE.hash) is None
    store.keep(MADE)
    store.keep(MADE)
    for each in (store, EvidenceStore(tmp_path)):
        assert each.text(MADE.hash) == MADE.text
        assert MADE.hash in each
    assert [path.name for path in tmp_path.iterdir()] == [f"{FRAME}-{MADE.hash.hex()}.json"]


def test_what_was_written_in_part_is_not_there(tmp_path: Path) -> None:
    (tmp_path / f"{FRAME}-{MADE.hash.hex()}.part").write_text(MADE.text[:100])
    (tmp_path / "notes.txt").write_text("somebody else's")
    assert MADE.hash not in EvidenceStore(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("spoiled", [b"", b"\xff", MADE.text.encode()[:-1]])
def test_what_the_disk_spoiled_is_missing_and_can_be_kept_again(
    tmp_path: Path, spoiled: bytes
) -> None:
    store = EvidenceStore(tmp_path)
    store.keep(MADE)
    next(tmp_path.iterdir()).write_bytes(spoiled)
    assert store.text(MADE.hash) is None
    assert MADE.hash not in store
    store.keep(MADE)
    assert store.text(MADE.hash) == MADE.text


def test_old_evidence_goes_but_what_shall_be_kept(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    for one in (MADE, OLDER):
        store.keep(one)
    store.prune(before=FRAME, keep={OLDER.hash})
    assert OLDER.hash in store
    store.prune(before=FRAME)
    assert (OLDER.hash in store, MADE.hash in store) == (False, True)
    assert len(list(tmp_path.iterdir())) == 1


class Others:
    """Other watchers that have some evidence, and count how often they are asked."""

    def __init__(self, *texts: str) -> None:
        self.texts = {keccak(text.encode()): text for text in texts}
        self.asked = 0

    async def fetch(self, data_hash: Digest) -> str | None:
        self.asked += 1
        return self.texts.get(data_hash)


def keeping(store: EvidenceStore, others: Others, clock: ManualClock) -> EvidenceKeeping:
    return EvidenceKeeping(
        store, fetch=others.fetch, retention_seconds=3600, frame_seconds=3600, clock=clock
    )


async def test_what_was_signed_and_is_missing_is_fetched_from_others(tmp_path: Path) -> None:
    store, others = EvidenceStore(tmp_path), Others(MADE.text)
    made = keeping(store, others, ManualClock(1))
    await made.look([MADE.hash], standing=STANDING, current=FRAME)
    assert made.missing == ()
    assert store.text(MADE.hash) == MADE.text


async def test_what_nobody_has_is_said_to_be_missing_and_looked_for_now_and_then(
    tmp_path: Path,
) -> None:
    others, clock = Others("no evidence"), ManualClock(1)
    made = keeping(EvidenceStore(tmp_path), others, clock)
    signed = [MADE.hash, keccak(b"no evidence")]
    for _ in range(3):
        await made.look(signed, standing=STANDING, current=FRAME)
    assert made.missing == tuple(signed)
    asked = others.asked
    clock.time += 61
    others.texts[MADE.hash] = MADE.text
    await made.look(signed, standing=STANDING, current=FRAME)
    assert others.asked > asked
    assert made.missing == (keccak(b"no evidence"),)


async def test_the_standing_reports_evidence_is_fetched_and_kept_for_ever(tmp_path: Path) -> None:
    store, others = EvidenceStore(tmp_path), Others(MADE.text)
    made = keeping(store, others, ManualClock(1))
    await made.look([], standing=STANDING, current=FrameIndex(FRAME + 10_000))
    assert MADE.hash in store
    store.keep(OLDER)
    await made.look([], standing=STANDING, current=FrameIndex(FRAME + 10_000))
    assert (OLDER.hash in store, MADE.hash in store) == (False, True)
