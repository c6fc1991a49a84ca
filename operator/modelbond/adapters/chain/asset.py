"""The asset: what an account allows a contract to take, by signed permit where the token can."""

import asyncio
from typing import Any

from modelbond.adapters.chain.actions import Call
from modelbond.adapters.chain.contract import Contract
from modelbond.adapters.chain.writer import Writer
from modelbond.errors import Bug, ChainUnreachable, Reverted
from modelbond.settlement.units import Address, Wei

Permit = dict[str, Any]

_PERMIT_FIELDS = ("owner", "spender", "value", "nonce", "deadline")
_DOMAIN_FIELDS = {
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
}
_ALL_DOMAIN_FIELDS = b"\x0f"
_ATTEMPTS = 3


class Asset:
    """The token, in the hands of one writer. Payments queue, as they share one allowance."""

    def __init__(self, contract: Contract, *, writer: Writer) -> None:
        self._contract = contract
        self._writer = writer
        self._paying = asyncio.Lock()

    async def pay(self, call: Call, *, amount: Wei, once: str) -> None:
        """Begin and finish a call that takes so much, with just that allowed beforehand."""
        async with self._paying:
            if not await self._writer.begun(once):
                await self._allow(call.target, amount, once=once)
            await self._writer.carry_out(call, once=once)

    async def balance(self, account: Address) -> Wei:
        """Return what an account holds."""
        return Wei(await self._contract.read("balanceOf", account))

    async def permit(self, spender: str, amount: Wei, *, deadline: int) -> Permit | None:
        """Return a signed ERC-2612 permit; None where the token does not describe its domain."""
        try:
            domain = await self._contract.read("eip712Domain", at="latest")
            nonce = await self._contract.read("nonces", self._writer.address, at="latest")
        except (Reverted, ChainUnreachable):
            return None
        if domain["fields"] != _ALL_DOMAIN_FIELDS:
            return None
        message = {
            "owner": self._writer.address,
            "spender": spender,
            "value": amount,
            "nonce": nonce,
            "deadline": deadline,
        }
        signature = self._writer.sign_typed(_typed(domain, message))
        return {
            "value": amount,
            "deadline": deadline,
            "r": signature[:32],
            "s": signature[32:64],
            "v": signature[64],
        }

    async def _allow(self, spender: str, amount: Wei, *, once: str) -> None:
        """Approve exactly that much, unless it is allowed. Another payment may have used it up."""
        for attempt in range(_ATTEMPTS):
            allowed = await self._contract.read(
                "allowance", self._writer.address, spender, at="latest"
            )
            if allowed >= amount:
                return
            call = self._contract.call("approve", spender, amount)
            await self._writer.carry_out(call, once=f"{once}/approve {attempt}")
        raise Bug(f"{once}: {spender} is not allowed {amount} after {_ATTEMPTS} approvals")


def _typed(domain: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    kinds = dict.fromkeys(_PERMIT_FIELDS, "uint256") | {"owner": "address", "spender": "address"}
    return {
        "types": {"EIP712Domain": _listed(_DOMAIN_FIELDS), "Permit": _listed(kinds)},
        "primaryType": "Permit",
        "domain": {name: domain[name] for name in _DOMAIN_FIELDS},
        "message": message,
    }


def _listed(kinds: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in kinds.items()]
