"""Evidence for tests: inputs in few words, signed by the watchers of a test's chain."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data

from anvil.people import secret_of
from modelbond.verify.hashes import NO_HASH, hex_hash, lease_id, leaves, root_of
from modelbond.verify.report import RULES
from modelbond.verify.tally import tally
from modelbond.verify.text import Values, canonical

CHAIN = 31337
TOWER = "0x" + "70" * 20
BOND = "0x" + "b0" * 20
FRAME_SECONDS = 3600
FRAME = 500_000
BEGIN = FRAME * FRAME_SECONDS // 60
"""The first slice of the frame: 30,000,000; the frame has sixty."""
NOBODY: Values = {"leases": {}, "awarded": {}}
ACCOUNTS = {
    account.address.lower(): account
    for account in (Account.from_key(secret_of(f"watcher {place}")) for place in range(4))
}
WATCHERS = sorted(ACCOUNTS)
"""Four watchers in the order of a table."""

_OFFER: Values = {
    "customer": "0x" + "c0" * 20,
    "asset": "0x" + "a0" * 20,
    "host": "0x" + "10" * 20,
    "tower": TOWER,
    "slot": "0x" + "51" * 32,
    "epoch": 1,
    "rate": "100",
    "fee": "6",
    "cover": "1000000",
    "creditPerSlice": "300",
    "coverFactor": 10,
    "slice": 60,
    "period": 100,
    "allowance": 5,
    "notice": 60,
    "maintenanceNotice": 60,
    "maintenanceBudget": 30,
    "grace": 0,
    "prepayment": 120,
    "expiry": 2_000_000_000,
    "agreement": "0x" + "a9" * 32,
    "rules": RULES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A lease, and what each watcher wrote of it: by place, no entry for no vector."""

    first: int
    letters: Sequence[str | None]
    end: int = BEGIN + 10_000
    settled: Sequence[int] = (0, 0, 0)
    announced: Sequence[Sequence[int]] = ()
    offer: Mapping[str, Any] = field(default_factory=dict)
    carried: Mapping[str, Any] | None = None

    @property
    def terms(self) -> Values:
        return {**_OFFER, **self.offer}

    def id(self, *, chain: int = CHAIN, bond: str = BOND) -> str:
        return lease_id(self.terms, chain=chain, bond=bond)

    def facts(self) -> Values:
        announced = [list(window) for window in self.announced]
        known = {"offer": self.terms, "first": self.first, "end": self.end}
        return {**known, "settled": list(self.settled), "announced": announced}


def carried(leaf: Sequence[int], *, period: int = 0, bad: int = 0, unknown: int = 0) -> Values:
    """Return what a report says of a lease."""
    return {"leaf": list(leaf), "period": period, "bad": bad, "unknown": unknown}


def evidence(*leased: Leased, **changes: Any) -> Values:
    """Return the evidence of a frame with these leases; `changes` are inputs of its own."""
    frame = changes.setdefault("frame", FRAME)
    time = (frame + 1) * FRAME_SECONDS - 10
    made: Values = {
        "version": 1,
        "rules": RULES,
        "chain": CHAIN,
        "tower": TOWER,
        "bond": BOND,
        "frameSeconds": FRAME_SECONDS,
        "referenceBlock": {"number": 1000, "time": time, "hash": "0x" + "be" * 32},
        "carried": NOBODY,
        "table": [{"signer": watcher, "weight": 1} for watcher in WATCHERS[:3]],
        **changes,
    }
    where = {"chain": made["chain"], "bond": made["bond"]}
    made["leases"] = {one.id(**where): one.facts() for one in leased}
    before = {one.id(**where): dict(one.carried) for one in leased if one.carried}
    made["carried"] = {**made["carried"], "leases": {**made["carried"]["leases"], **before}}
    made.setdefault("vectors", list(_vectors(made, leased, where)))
    made.setdefault("previous", _previous(made))
    return tallied(made)


def silent(what: str, found: str) -> None:
    """Take what was checked, and say nothing."""
    del what, found


def tallied(values: Values) -> Values:
    """Return these inputs with the result that follows."""
    vectors = [json.loads(entry["vector"]) for entry in values["vectors"]]
    return {**values, "result": tally(values, vectors)}


def text_of(values: Values) -> bytes:
    return canonical(values).encode()


def signed(
    values: Values, watcher: str, leases: Mapping[str, str], *, by: str = "", text: str = ""
) -> Values:
    """Return a watcher's entry in `vectors`, signed by it or by another, of any text."""
    about = {name: values[name] for name in ("chain", "tower", "frame")}
    vector = text or canonical({"version": 1, **about, "watcher": watcher, "leases": dict(leases)})
    salt = hex_hash(f"salt {watcher} {about['frame']}".encode())
    commitment = hex_hash(bytes.fromhex(salt[2:]) + vector.encode())
    signature = ACCOUNTS[by or watcher].sign_message(encode_typed_data(full_message={
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Commitment": [
                {"name": "frame", "type": "uint40"},
                {"name": "commitment", "type": "bytes32"},
            ],
        },
        "primaryType": "Commitment",
        "domain": {
            "name": "modelbond watcher",
            "version": "1",
            "chainId": about["chain"],
            "verifyingContract": about["tower"],
        },
        "message": {"frame": about["frame"], "commitment": bytes.fromhex(commitment[2:])},
    })).signature  # fmt: skip
    return {
        "watcher": watcher,
        "salt": salt,
        "vector": vector,
        "signature": f"0x{bytes(signature).hex()}",
    }


def _previous(made: Values) -> Values:
    root = root_of(leaves(made["carried"], bond=made["bond"]))
    data_hash = NO_HASH if root == NO_HASH else hex_hash(b"the evidence before")
    return {"root": root, "dataHash": data_hash}


def _vectors(made: Values, leased: Sequence[Leased], where: Values) -> Iterable[Values]:
    for place, member in enumerate(made["table"]):
        letters = {one.id(**where): one.letters[place] for one in leased}
        written = {lease: said for lease, said in letters.items() if said is not None}
        if written or not leased:
            yield signed(made, member["signer"], written)
