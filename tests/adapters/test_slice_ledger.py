"""The ledger of slices: written once, whole or not at all, whatever the machine does."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.slices import lease, row
from modelbond.cli.main import main
from modelbond.errors import LedgerBusy, LedgerFailed
from modelbond.sla.verdict import SliceReason, Verdict
from modelbond.watcher.ledger import SliceLedger, exported


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "slices.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[SliceLedger]:
    with SliceLedger(path) as made:
        yield made


def test_rows_come_back_as_they_were_written_in_order_of_their_ends(ledger: SliceLedger) -> None:
    bad = row(lease(2), 9, verdict=Verdict.BAD, failed=2, reason=SliceReason.TOO_LATE, best_ms=None)
    written = [row(lease(1), 10), bad, row(lease(1), 9)]
    assert ledger.append(written) == 3
    assert ledger.between(0, 10**6) == [row(lease(1), 9), bad, row(lease(1), 10)]


def test_a_span_holds_the_slices_that_end_in_it(ledger: SliceLedger) -> None:
    ledger.append([row(lease(1), index) for index in range(20)])
    found = ledger.between(600, 900)
    assert [each.index for each in found] == [10, 11, 12, 13, 14]
    assert [each.ends for each in found] == [660, 720, 780, 840, 900]


def test_a_slice_is_written_once(ledger: SliceLedger) -> None:
    first = row(lease(1), 9)
    ledger.append([first])
    other = replace(first, verdict=Verdict.BAD, reason=SliceReason.TOO_LATE)
    assert ledger.append([other, row(lease(1), 10)]) == 1
    assert ledger.between(0, 10**6) == [first, row(lease(1), 10)]


def test_nothing_in_a_row_can_be_changed_by_anybody_who_opens_the_file(path: Path) -> None:
    with SliceLedger(path) as ledger:
        ledger.append([row(lease(1), 9)])
    code = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2])"
    done = subprocess.run(
        [sys.executable, "-c", code, path, "UPDATE slices SET verdict = 'b'"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "a slice is written once" in done.stderr


def test_slices_of_several_lengths_lie_in_one_ledger(ledger: SliceLedger) -> None:
    ledger.append([row(lease(1), 9), row(lease(2), 100, slice_seconds=6)])
    assert [(each.lease, each.slice_seconds) for each in ledger.between(599, 606)] == [
        (lease(1), 60),
        (lease(2), 6),
    ]


def test_which_leases_ever_answered_is_remembered_when_their_rows_are_gone(path: Path) -> None:
    with SliceLedger(path) as ledger:
        ledger.append([row(lease(1), 9), row(lease(2), 9, verdict=Verdict.UNKNOWN)])
        assert ledger.prune(10**6) == 2
    with SliceLedger(path) as ledger:
        assert ledger.answered_leases() == {lease(1)}
        assert ledger.between(0, 10**6) == []


def test_pruning_takes_what_ended_before_and_leaves_the_rest(ledger: SliceLedger) -> None:
    ledger.append([row(lease(n), index) for n in range(3) for index in range(10)])
    assert ledger.prune(540) == 3 * 8
    assert {each.index for each in ledger.between(0, 10**6)} == {8, 9}


def test_a_second_watcher_cannot_write_the_same_ledger(path: Path, ledger: SliceLedger) -> None:
    with pytest.raises(LedgerBusy, match="another watcher"):
        SliceLedger(path)
    assert ledger.append([row(lease(1), 9)]) == 1


def test_a_ledger_that_was_given_back_can_be_taken(path: Path) -> None:
    for index in range(3):
        with SliceLedger(path) as ledger:
            assert ledger.append([row(lease(1), index)]) == 1


_CLOSING = """
import sys, threading
from pathlib import Path
from fakes.slices import lease, row
from modelbond.watcher.ledger import SliceLedger

for turn in range(10):
    ledger = SliceLedger(Path(sys.argv[1]))
    rows = [row(lease(n), turn) for n in range(3000)]
    begun = threading.Event()
    class Rows(list):
        def __iter__(self):
            begun.set()
            return super().__iter__()
    thread = threading.Thread(target=ledger.append, args=(Rows(rows),))
    thread.start()
    begun.wait()
    ledger.close()
    thread.join()
with SliceLedger(Path(sys.argv[1])) as ledger:
    print(len(ledger.between(0, 10**9)))
"""


def test_a_ledger_that_is_closed_while_it_is_written_finishes_first(path: Path) -> None:
    done = python(_CLOSING, path)
    assert (done.returncode, done.stdout) == (0, "30000\n"), done.stderr


def test_a_ledger_where_none_can_be_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerFailed, match="nowhere"):
        SliceLedger(tmp_path / "nowhere" / "slices.sqlite")


def test_a_file_that_is_no_ledger_is_said_so(path: Path) -> None:
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(LedgerFailed, match="not a database"):
        SliceLedger(path)
    with pytest.raises(LedgerFailed):
        list(exported(path))


def test_the_export_is_a_line_of_json_for_each_row_while_the_watcher_writes(
    path: Path, ledger: SliceLedger
) -> None:
    ledger.append([row(lease(1), 9), row(lease(1), 10, verdict=Verdict.UNKNOWN, best_ms=None)])
    lines = list(exported(path))
    assert [json.loads(line)["verdict"] for line in lines] == ["g", "u"]
    assert lines[0] == (
        '{"bestMs":12,"failed":0,"lease":"0x' + "00" * 31 + '01","probes":2,'
        '"reason":"answered","slice":9,"sliceSeconds":60,"verdict":"g"}'
    )
    assert list(exported(path, after=600, until=660)) == [lines[1]]


def test_the_verb_prints_the_export_and_says_where_there_is_none(
    path: Path, ledger: SliceLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.append([row(lease(n), index) for n in range(100) for index in range(30)])
    assert main(["ledger", "export", str(path), "--after", "60", "--until", "1740"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["slice"] for each in told] == sorted(list(range(1, 29)) * 100)
    assert main(["ledger", "export", str(path.with_name("absent"))]) == 1
    assert "cannot be read" in capsys.readouterr().err


# The disk is full where the system lets no file grow; then there is room again.
_FULL = """
import resource, sys
from pathlib import Path
from fakes.slices import lease, row
from modelbond.cli.main import main
from modelbond.errors import LedgerFailed
from modelbond.watcher.ledger import SliceLedger

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

with SliceLedger(Path(sys.argv[1])) as ledger:
    ledger.append([row(lease(1), 1)])
    limit(200_000)
    lost = 0
    for index in range(2, 40):
        try:
            ledger.append([row(lease(n), index) for n in range(500)])
        except LedgerFailed:
            lost += 1
    assert 0 < lost < 38, lost
    limit(resource.RLIM_INFINITY)
    assert ledger.append([row(lease(n), 1000) for n in range(500)]) == 500
    whole = {}
    for each in ledger.between(0, 10**9):
        whole.setdefault(each.index, set()).add(each.lease)
    assert {len(leases) for index, leases in whole.items() if index > 1} == {500}
    assert len(whole) == 38 - lost + 2
print("recovered after", lost)
"""


def test_a_full_disk_loses_whole_batches_and_nothing_of_any_other(path: Path) -> None:
    done = python(_FULL, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("recovered after")


_WRITER = """
import sys
from pathlib import Path
from fakes.slices import lease, row
from modelbond.watcher.ledger import SliceLedger

with SliceLedger(Path(sys.argv[1])) as ledger:
    print("ready", flush=True)
    for index in range(int(sys.argv[2]), 10**6):
        ledger.append([row(lease(n), index) for n in range(200)])
        print(index, flush=True)
"""


def test_a_watcher_killed_at_any_moment_loses_no_more_than_the_slice_in_progress(
    path: Path,
) -> None:
    lots = random.Random(7)  # noqa: S311 - moments to die at
    told = 0
    for _ in range(12):
        told = max(told, written_until_killed(path, begin=told + 1, lines=lots.randrange(1, 30)))
        with SliceLedger(path) as ledger:
            found: dict[int, int] = {}
            for each in ledger.between(0, 10**9):
                found[each.index] = found.get(each.index, 0) + 1
        # Whatever was told is there, at most one slice beyond it, and each is whole.
        assert set(found) in (set(range(1, told + 1)), set(range(1, told + 2)))
        assert set(found.values()) == {200}
        told = len(found)
    assert (
        python(
            "import sqlite3,sys;print(*sqlite3.connect(sys.argv[1])"
            ".execute('PRAGMA integrity_check').fetchone())",
            path,
        ).stdout
        == "ok\n"
    )


def written_until_killed(path: Path, *, begin: int, lines: int) -> int:
    """Let a process write, kill it after it told so many slices, and return the last one told."""
    victim = subprocess.Popen(
        [sys.executable, "-c", _WRITER, path, str(begin)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    with victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        for _ in range(lines):
            victim.stdout.readline()
        victim.send_signal(signal.SIGKILL)
        rest = victim.stdout.read().splitlines(keepends=True)
    assert victim.returncode == -signal.SIGKILL
    return max([begin + lines - 1, *(int(line) for line in rest if line.endswith("\n"))])


def python(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, path],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
