"""The durable record of one key's nonces: what was meant, what was signed, how it ended.

Each method is one SQLite transaction that is on the disk when it returns. What shall be done is
written before it is signed, and what was signed before it is sent: so after a crash at any point
the same bytes are sent again, or the same intent is signed under the same nonce.
"""

from collections.abc import Iterator
from pathlib import Path

from modelbond.adapters.chain.actions import Call, Entry, Mined, Signed, State
from modelbond.adapters.chain.fees import Fees
from modelbond.adapters.one_writer import OneWriterFile
from modelbond.errors import Bug, Refused

# The unique index is the promise of this package: a name is open or done once, ever.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS owner (
  chain_id INTEGER NOT NULL, sender TEXT NOT NULL, UNIQUE (chain_id, sender)
) STRICT;
CREATE TABLE IF NOT EXISTS actions (
  nonce INTEGER PRIMARY KEY,
  once TEXT NOT NULL,
  target TEXT NOT NULL,
  value TEXT NOT NULL,
  data BLOB NOT NULL,
  gas INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'done', 'reverted', 'taken')),
  mined_hash BLOB,
  mined_block INTEGER,
  CHECK ((state IN ('done', 'reverted')) = (mined_hash IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS actions_happen_once
  ON actions (once) WHERE state IN ('open', 'done');
CREATE TABLE IF NOT EXISTS transactions (
  hash BLOB PRIMARY KEY,
  nonce INTEGER NOT NULL REFERENCES actions (nonce),
  raw BLOB NOT NULL,
  max_fee TEXT NOT NULL,
  tip TEXT NOT NULL,
  head INTEGER NOT NULL
) STRICT;
"""
_ACTION = "nonce, once, target, value, data, gas, state, mined_hash, mined_block"


class Ledger:
    """The ledger of one key on one chain. One process holds it at a time."""

    def __init__(self, path: Path, *, chain_id: int, sender: str) -> None:
        self._file = OneWriterFile(
            path, schema=_SCHEMA, busy="another process writes with this key"
        )
        self._rows = self._file.rows
        try:
            self._claim(chain_id, sender)
        except Refused:
            self.close()
            raise

    def close(self) -> None:
        """Give the ledger back."""
        self._file.close()

    def is_empty(self) -> bool:
        """Tell whether nothing was ever written: then the chain alone knows the next nonce."""
        with self._file.reading():
            return self._rows.execute("SELECT 1 FROM actions LIMIT 1").fetchone() is None

    def entry(self, once: str) -> Entry | None:
        """Return the last action of that name."""
        found = self._select("WHERE once = ? ORDER BY nonce DESC LIMIT 1", (once,))
        return found[0] if found else None

    def open_entries(self) -> list[Entry]:
        """Return what is not final yet, by nonce."""
        return self._select("WHERE state = 'open' ORDER BY nonce", ())

    def record(self, once: str, call: Call, *, gas: int, chain_nonce: int) -> Entry:
        """Write an intent under the next nonce, which is `chain_nonce` or later."""
        with self._file.transaction():
            (last,) = self._rows.execute("SELECT MAX(nonce) FROM actions").fetchone()
            nonce = chain_nonce if last is None else max(chain_nonce, last + 1)
            row = (nonce, once, call.target, str(call.value), call.data, gas)
            self._rows.execute(
                f"INSERT INTO actions ({_ACTION}) VALUES (?, ?, ?, ?, ?, ?, 'open', NULL, NULL)",  # noqa: S608 - a constant
                row,
            )
        return Entry(once=once, call=call, gas=gas, nonce=nonce)

    def record_signed(self, nonce: int, signed: Signed) -> None:
        """Write a signed transaction of that nonce: only then may it be sent. Twice is once."""
        fees = (str(signed.fees.max_fee), str(signed.fees.tip))
        row = (signed.hash, nonce, signed.raw, *fees, signed.head)
        with self._file.transaction():
            self._rows.execute("INSERT OR IGNORE INTO transactions VALUES (?, ?, ?, ?, ?, ?)", row)

    def record_outcome(self, nonce: int, state: State, mined: Mined | None) -> None:
        """Write how an open action ended: `mined` is None where its nonce was taken."""
        place = (mined.hash, mined.block) if mined else (None, None)
        with self._file.transaction():
            changed = self._rows.execute(
                "UPDATE actions SET state = ?, mined_hash = ?, mined_block = ?"
                " WHERE nonce = ? AND state = 'open'",
                (state.value, *place, nonce),
            ).rowcount
            if changed != 1:
                raise Bug(f"nonce {nonce} is not open")

    def _claim(self, chain_id: int, sender: str) -> None:
        with self._file.transaction():
            owner = self._rows.execute("SELECT chain_id, sender FROM owner").fetchone()
            if owner is None:
                self._rows.execute("INSERT INTO owner VALUES (?, ?)", (chain_id, sender))
            elif owner != (chain_id, sender):
                raise Refused(
                    f"the ledger belongs to {owner[1]} on chain {owner[0]},"
                    f" not to {sender} on chain {chain_id}"
                )

    def _select(self, where: str, values: tuple[str, ...]) -> list[Entry]:
        with self._file.reading():
            rows = self._rows.execute(f"SELECT {_ACTION} FROM actions {where}", values).fetchall()  # noqa: S608 - constants
            return [self._entry(row) for row in rows]

    def _entry(self, row: tuple[int, str, str, str, bytes, int, str, bytes, int]) -> Entry:
        nonce, once, target, value, data, gas, state, mined_hash, mined_block = row
        return Entry(
            once=once,
            call=Call(target=target, data=data, value=int(value)),
            gas=gas,
            nonce=nonce,
            state=State(state),
            signed=tuple(self._signed(nonce)),
            mined=Mined(hash=mined_hash, block=mined_block) if mined_hash is not None else None,
        )

    def _signed(self, nonce: int) -> Iterator[Signed]:
        rows = self._rows.execute(
            "SELECT hash, raw, max_fee, tip, head FROM transactions WHERE nonce = ? ORDER BY rowid",
            (nonce,),
        )
        for digest, raw, max_fee, tip, head in rows:
            fees = Fees(max_fee=int(max_fee), tip=int(tip))
            yield Signed(hash=digest, raw=raw, fees=fees, head=head)
