"""Where the contracts are, and the code that must stand there: deployments/CHAINID.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from modelbond.errors import Refused
from modelbond.settlement.units import Address, address

_HASH_HEX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One contract: its address, and Keccak-256 of the code there."""

    address: Address
    code_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One ModelBond with its asset and a tower, on one chain."""

    chain_id: int
    model_bond: Deployed
    watch_tower: Deployed
    asset: Deployed

    @property
    def code_hashes(self) -> Mapping[str, bytes]:
        """Return the expected code hash by address: nothing is sent anywhere else."""
        contracts = (self.model_bond, self.watch_tower, self.asset)
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
            model_bond=_deployed(said.modelBond, what="modelBond"),
            watch_tower=_deployed(said.watchTower, what="watchTower"),
            asset=_deployed(said.asset, what="asset"),
        )


class _Contract(msgspec.Struct):
    address: str
    codeHash: str  # noqa: N815 - the file's name


class _File(msgspec.Struct):
    chainId: int  # noqa: N815 - the file's name
    modelBond: _Contract  # noqa: N815 - the file's name
    watchTower: _Contract  # noqa: N815 - the file's name
    asset: _Contract


def _deployed(said: _Contract, *, what: str) -> Deployed:
    digits = said.codeHash.removeprefix("0x")
    if len(digits) != _HASH_HEX:
        raise Refused(f"deployment: {what}.codeHash must be 64 hex digits")
    try:
        code_hash = bytes.fromhex(digits)
    except ValueError:
        raise Refused(f"deployment: {what}.codeHash must be 64 hex digits") from None
    return Deployed(address=address(said.address), code_hash=code_hash)
