"""The signing record: only what is higher is signed, whatever is killed, copied or forgotten."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.frames import TOWER
from fakes.offers import account
from fakes.pens import CHAIN_ID, FRAMES, TellingKey, pen, record, report
from modelbond.errors import LedgerBusy, Refused
from modelbond.settlement.encoding import keccak
from modelbond.sla.vector import commitment_of
from modelbond.watcher.signing_record import SigningRecord

ONE, OTHER, _ = FRAMES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signed.sqlite"


def test_only_a_higher_round_of_a_frame_is_signed(path: Path) -> None:
    mine = pen(path, TellingKey())
    mine.sign(report(round_=5))
    for round_ in (1, 4):
        with pytest.raises(Refused, match="round 5 of it was signed already"):
            mine.sign(report(round_=round_))
    mine.sign(report(round_=6))
    assert mine.record.signed() == {ONE: report(round_=6)}


@pytest.mark.parametrize("name", ["root", "data_hash", "previous_root"])
def test_another_content_of_a_signed_round_is_refused_and_the_same_is_not(
    path: Path, name: str
) -> None:
    mine = pen(path, TellingKey())
    once = mine.sign(report())
    assert mine.sign(report()) == once
    with pytest.raises(Refused, match="round 1 of it was signed already"):
        mine.sign(replace(report(), **{name: keccak(b"another")}))
    with pytest.raises(Refused, match="round 1 of it was signed already"):
        mine.sign(replace(report(), reference_block=8))


def test_an_older_frame_is_signed_after_a_newer_one(path: Path) -> None:
    """A vetoed frame is reported anew though the next was signed (ADR 6)."""
    mine = pen(path, TellingKey())
    mine.sign(report(OTHER, round_=1))
    mine.sign(report(ONE, round_=3))
    assert set(mine.record.signed()) == {ONE, OTHER}


def test_what_was_signed_is_known_after_a_restart(path: Path) -> None:
    first = pen(path, TellingKey())
    first.sign(report(round_=3))
    first.record.close()
    with pytest.raises(Refused):
        pen(path, TellingKey()).sign(report(round_=3, content="another"))


def test_what_was_written_down_and_not_signed_any_more_counts_as_signed(path: Path) -> None:
    first = record(path)
    first.admit(report(round_=3))
    first.close()
    key = TellingKey()
    with pytest.raises(Refused):
        pen(path, key).sign(report(round_=3, content="another"))
    assert key.signed == {}


def test_frames_up_to_the_floor_are_forgotten_and_never_signed_again(path: Path) -> None:
    mine = pen(path, TellingKey())
    mine.sign(report(ONE))
    mine.commit(report().frame, text="text", salt=bytes(32))
    mine.record.raise_floor(ONE)
    mine.record.raise_floor(ONE - 5)
    assert (mine.record.floor, mine.record.signed()) == (ONE, {})
    assert mine.record.vector(report().frame) is None
    with pytest.raises(Refused, match=f"nothing up to frame {ONE} is signed any more"):
        mine.sign(report(ONE, round_=9))
    mine.sign(report(OTHER))


def test_a_frame_has_one_vector_for_ever(path: Path) -> None:
    mine = pen(path, TellingKey())
    first = mine.commit(report().frame, text="first", salt=bytes(32))
    mine.record.close()
    later = pen(path, TellingKey())
    assert later.commit(report().frame, text="second", salt=b"\1" * 32) == first
    assert first.commitment == commitment_of(salt=bytes(32), text="first")


def test_a_record_belongs_to_one_key_on_one_tower(path: Path) -> None:
    record(path).close()
    for chain_id, tower, signer in (
        (1, TOWER, account("signer")),
        (CHAIN_ID, account("another tower"), account("signer")),
        (CHAIN_ID, TOWER, account("another signer")),
    ):
        with pytest.raises(Refused, match="belongs to"):
            SigningRecord(path, chain_id=chain_id, tower=tower, signer=signer)


def test_one_process_holds_a_record_at_a_time(path: Path) -> None:
    held = record(path)
    with pytest.raises(LedgerBusy, match="another watcher signs with this key"):
        record(path)
    held.close()
    record(path).close()


async def test_processes_that_are_killed_one_after_the_other_never_sign_two_contents(
    path: Path,
) -> None:
    """Each begins at round 1 with another content, and dies in the midst of signing."""
    signed: dict[tuple[str, str], set[str]] = {}
    for number in range(8):
        for line in await killed(path, content=f"content {number}", after=5 + 7 * number):
            frame, round_, content = line.split(" ", 2)
            signed.setdefault((frame, round_), set()).add(content)
    assert len(signed) > 100
    assert all(len(contents) == 1 for contents in signed.values())
    last = record(path).signed()
    assert all(
        last[frame].round >= max(round_ for f, round_ in rounds(signed) if f == frame)
        for frame in FRAMES
    )


def rounds(signed: dict[tuple[str, str], set[str]]) -> list[tuple[int, int]]:
    return [(int(frame), int(round_)) for frame, round_ in signed]


async def killed(path: Path, *, content: str, after: int) -> list[str]:
    """Let a process sign until it said so many times, kill it, and return all that it said."""
    command = [sys.executable, "-m", "fakes.pens", str(path), content]
    env = {**os.environ, "PYTHONPATH": "operator:tests"}
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env=env
    )
    assert process.stdout is not None
    said = [(await process.stdout.readline()).decode() for _ in range(after)]
    process.kill()
    said += (await process.stdout.read()).decode().splitlines(keepends=True)
    await process.wait()
    return [line.strip() for line in said if line.endswith("\n")]
