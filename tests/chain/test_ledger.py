"""The ledger: a name happens once, a nonce is used once, and a crash leaves no half."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from modelbond.adapters.chain.actions import Call, Mined, Signed, State
from modelbond.adapters.chain.fees import Fees
from modelbond.adapters.chain.ledger import Ledger
from modelbond.errors import Bug, LedgerBusy, Refused

CALL = Call(target="0xabc", data=b"\x01\x02\x03\x04", value=2**200)
SIGNED = Signed(hash=b"h1", raw=b"raw", fees=Fees(max_fee=2**70, tip=1), head=9)
MINED = Mined(hash=b"h1", block=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def opened(path: Path, *, chain_id: int = 1, sender: str = "0x1") -> Ledger:
    return Ledger(path, chain_id=chain_id, sender=sender)


def intend(ledger: Ledger, once: str = "gift", *, chain_nonce: int = 0) -> int:
    return ledger.record(once, CALL, gas=21_000, chain_nonce=chain_nonce).nonce


def test_what_is_written_is_there_after_reopening(path: Path) -> None:
    ledger = opened(path)
    assert ledger.is_empty()
    nonce = intend(ledger, chain_nonce=5)
    ledger.record_signed(nonce, SIGNED)
    ledger.close()
    ledger = opened(path)
    (entry,) = ledger.open_entries()
    assert (entry.nonce, entry.call, entry.gas, entry.signed) == (5, CALL, 21_000, (SIGNED,))
    ledger.record_outcome(nonce, State.DONE, MINED)
    assert ledger.open_entries() == []
    done = ledger.entry("gift")
    assert done is not None
    assert (done.state, done.mined) == (State.DONE, MINED)
    assert not ledger.is_empty()
    ledger.close()


def test_nonces_follow_the_ledger_and_the_chain_whichever_is_ahead(path: Path) -> None:
    ledger = opened(path)
    nonces = [
        intend(ledger, "a", chain_nonce=5),
        intend(ledger, "b", chain_nonce=5),
        intend(ledger, "c", chain_nonce=9),
        intend(ledger, "d", chain_nonce=2),
    ]
    assert nonces == [5, 6, 9, 10]
    ledger.close()


@pytest.mark.parametrize("state", [State.OPEN, State.DONE])
def test_the_file_itself_refuses_a_name_that_is_open_or_done(path: Path, state: State) -> None:
    ledger = opened(path)
    nonce = intend(ledger)
    if state is State.DONE:
        ledger.record_outcome(nonce, state, MINED)
    with pytest.raises(sqlite3.IntegrityError):
        intend(ledger)
    assert intend(ledger, "another") == nonce + 1
    ledger.close()


@pytest.mark.parametrize(("state", "mined"), [(State.REVERTED, MINED), (State.TAKEN, None)])
def test_what_did_not_happen_can_be_tried_again(
    path: Path, state: State, mined: Mined | None
) -> None:
    ledger = opened(path)
    ledger.record_outcome(intend(ledger), state, mined)
    again = intend(ledger)
    last = ledger.entry("gift")
    assert last is not None
    assert (last.nonce, last.state) == (again, State.OPEN)
    ledger.close()


def test_the_same_signed_bytes_are_written_once(path: Path) -> None:
    ledger = opened(path)
    nonce = intend(ledger)
    ledger.record_signed(nonce, SIGNED)
    ledger.record_signed(nonce, SIGNED)
    assert ledger.open_entries()[0].signed == (SIGNED,)
    ledger.close()


def test_an_outcome_is_written_once(path: Path) -> None:
    ledger = opened(path)
    nonce = intend(ledger)
    ledger.record_outcome(nonce, State.DONE, MINED)
    with pytest.raises(Bug, match="is not open"):
        ledger.record_outcome(nonce, State.REVERTED, MINED)
    ledger.close()


def test_a_second_process_is_kept_out_until_the_first_ends(path: Path) -> None:
    ledger = opened(path)
    code = (
        "import sys; sys.path.insert(0, 'operator')\n"
        "from pathlib import Path\n"
        "from modelbond.adapters.chain.ledger import Ledger\n"
        f"Ledger(Path({str(path)!r}), chain_id=1, sender='0x1')\n"
    )
    kept_out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert b"LedgerBusy" in kept_out.stderr
    with pytest.raises(LedgerBusy, match="another process"):
        opened(path)
    ledger.close()
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("other", [{"chain_id": 2}, {"sender": "0x2"}])
def test_a_ledger_of_another_key_or_chain_is_refused(path: Path, other: dict[str, object]) -> None:
    opened(path).close()
    with pytest.raises(Refused, match="belongs to 0x1 on chain 1"):
        opened(path, **other)  # type: ignore[arg-type]
    opened(path).close()


def test_it_is_written_through_to_the_disk_and_for_the_owner_alone(path: Path) -> None:
    ledger = opened(path)
    assert ledger._rows.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ledger._rows.execute("PRAGMA synchronous").fetchone() == (2,)
    intend(ledger)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600}
    ledger.close()
