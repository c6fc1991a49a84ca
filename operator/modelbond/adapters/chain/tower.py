"""WatchTower in domain words: reports, stalls, proofs of equivocation, stakes."""

from collections.abc import Mapping

from modelbond.adapters.chain.abi import explained
from modelbond.adapters.chain.asset import Asset
from modelbond.adapters.chain.contract import Contract
from modelbond.adapters.chain.writer import Writer
from modelbond.errors import Refused
from modelbond.settlement.encoding import keccak
from modelbond.settlement.report import Report
from modelbond.settlement.units import Address, Wei

_SIGNATURE_BYTES = 65
_ODD_V = 28


class TowerActions:
    """What a watcher or anybody does with a tower, with one key; names and errors as for bonds."""

    def __init__(self, contract: Contract, *, asset: Asset, writer: Writer) -> None:
        self._contract = contract
        self._asset = asset
        self._writer = writer

    async def post(self, report: Report, signatures: Mapping[int, bytes]) -> None:
        """Post a report with its signatures, each by its signer's place in the frame's table."""
        places = sorted(signatures)
        signers = sum(1 << place for place in places)
        compact = [_compact(signatures[place]) for place in places]
        once = f"post/{report.frame}/{report.round}/{report.root.hex()}"
        await self._do("post", report.values(), signers, compact, once=once)

    async def stall(self, *, once: str) -> None:
        """Free the streams until now, after a day without a report."""
        await self._do("stall", once=f"stall/{once}")

    async def prove_equivocation(
        self, one: Report, other: Report, *, signature: bytes, other_signature: bytes
    ) -> None:
        """Slash who signed two different reports of one round."""
        if not one.equivocates(other):
            raise Refused("reports: of one frame and round, with another content, is equivocation")
        signatures = _compact(signature), _compact(other_signature)
        once = f"equivocation/{one.frame}/{one.round}/{keccak(signature + other_signature).hex()}"
        reports = one.values(), other.values()
        await self._do("proveEquivocation", *reports, *signatures, once=once)

    async def stake(self, signer: Address, amount: Wei, *, once: str) -> None:
        """Stake for a seat, as its staker."""
        name = f"stake/{signer}/{amount}/{once}"
        call = self._contract.call("stake", signer, amount)
        with explained():
            await self._asset.pay(call, amount=amount, once=name)

    async def leave_seat(self, signer: Address, *, once: str) -> None:
        """Begin to leave a seat, as its staker."""
        await self._do("leaveSeat", signer, once=f"leave seat/{signer}/{once}")

    async def unstake(self, signer: Address, *, once: str) -> None:
        """Take the stake of a seat back that was left long enough."""
        await self._do("unstake", signer, once=f"unstake/{signer}/{once}")

    async def _do(self, function: str, *arguments: object, once: str) -> None:
        with explained():
            await self._writer.carry_out(self._contract.call(function, *arguments), once=once)


def _compact(signature: bytes) -> list[bytes]:
    """Return r and vs (EIP-2098) of r, s, v: the parity in the highest bit of s."""
    if len(signature) != _SIGNATURE_BYTES:
        raise Refused(f"signature: {len(signature)} bytes, it must have {_SIGNATURE_BYTES}")
    r, s, v = signature[:32], signature[32:64], signature[64]
    odd = v == _ODD_V
    return [r, bytes([s[0] | 0x80 * odd]) + s[1:]]
