"""Where the contracts are, and the code that must stand there: deployments/CHAINID.json."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from modelbond.errors import Refused
from modelbond.settlement.units import Address, address

_HASH = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One contract: its address, and Keccak-256 of the code there."""

    address: Address
    code_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One ModelBond with its asset and a tower, on one chain: no event is older than `block`."""

    chain_id: int
    model_bond: Deployed
    watch_tower: Deployed
    asset: Address
    block: int = 0

    @property
    def code_hashes(self) -> Mapping[str, bytes]:
        """Return the expected code hash by address. The asset is whatever ModelBond names."""
        contracts = (self.model_bond, self.watch_tower)
        return {contract.address: contract.code_hash for contract in contracts}

    @classmethod
    def read(cls, path: Path) -> "Deployment":
        """Return what a deployment's file says; Refused names what is wrong."""
        try:
            said = msgspec.json.decode(path.read_bytes(), type=_File)
        except (OSError, msgspec.MsgspecError) as failure:
            raise Refused(f"deployment: {path}: {failure}") from failure
        return cls(
            chain_id=said.chainId,
            model_bond=_deployed(said.modelBond, said.modelBondCodeHash, what="modelBond"),
            watch_tower=_deployed(said.watchTower, said.watchTowerCodeHash, what="watchTower"),
            asset=address(said.asset),
            block=said.block,
        )


class _File(msgspec.Struct):
    """The file, under the names that contracts/script/Deploy.s.sol gives."""

    chainId: int  # noqa: N815
    modelBond: str  # noqa: N815
    modelBondCodeHash: str  # noqa: N815
    watchTower: str  # noqa: N815
    watchTowerCodeHash: str  # noqa: N815
    asset: str
    block: Annotated[int, msgspec.Meta(ge=0)] = 0


def _deployed(at: str, code_hash: str, *, what: str) -> Deployed:
    digits = code_hash.removeprefix("0x")
    if not _HASH.fullmatch(digits):
        raise Refused(f"deployment: {what}CodeHash must be 64 hex digits")
    return Deployed(address=address(at), code_hash=bytes.fromhex(digits))
