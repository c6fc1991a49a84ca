"""The contracts' interfaces as the chain's adapter reads them, from what forge compiled."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# The asset is anybody's ERC-20 with permit: of ours, only what every such token has.
CONTRACTS = {"ModelBond": "ModelBond", "WatchTower": "WatchTower", "ERC20Permit": "Asset"}
KEPT = ("function", "error", "event")


def interfaces(out: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each interface; SystemExit where forge has not compiled it."""
    for contract, name in CONTRACTS.items():
        path = out / f"{contract}.sol/{contract}.json"
        if not path.exists():
            raise SystemExit(
                f"{path} is missing: run `make contracts`, or forge build in contracts/"
            )
        abi = json.loads(path.read_text())["abi"]
        parts = [_plain(part) for part in abi if part["type"] in KEPT]
        lines = ",\n".join(json.dumps(part) for part in parts)
        yield name, f"[\n{lines}\n]\n"


def _plain(part: Any) -> Any:
    """Return the part without Solidity's own names of types, which nothing here reads."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items() if key != "internalType"}
    return part
