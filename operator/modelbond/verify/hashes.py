"""Hashes as the contracts make them: leases' names, commitments, leaves and roots."""

from collections import deque
from collections.abc import Iterable

from eth_account import Account
from eth_account.messages import SignableMessage
from eth_hash.backends.pycryptodome import keccak256

from modelbond.verify.text import OFFER, OFFER_FIELDS, Values

_DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_PAY = b"Pay(address bond,address watcher)"
NO_HASH = "0x" + "0" * 64


def hex_hash(data: bytes) -> str:
    """Return Keccak-256 as the format writes it."""
    return f"0x{keccak256(data).hex()}"


def word(value: int | str) -> bytes:
    """Return a number, an amount, an address or a hash as the word that contracts hash."""
    return int(str(value), 0).to_bytes(32, "big")


def lease_id(offer: Values, *, chain: int, bond: str) -> str:
    """Return the name of the lease that the offer opens in that contract."""
    values = [offer[name] for name, _ in OFFER_FIELDS]
    return hex_hash(_signed_bytes(f"Offer({OFFER})", values, "ModelBond", chain, bond))


def signer_of(entry: Values, *, chain: int, tower: str, frame: int) -> str | None:
    """Return who signed the commitment to a vector; None where the signature is nobody's."""
    commitment = hex_hash(word(entry["salt"]) + entry["vector"].encode())
    struct = "Commitment(uint40 frame,bytes32 commitment)"
    signed = _signed_bytes(struct, [frame, commitment], "modelbond watcher", chain, tower)
    message = SignableMessage(signed[1:2], signed[2:34], signed[34:])
    try:
        signature = bytes.fromhex(entry["signature"][2:])
        return str(Account.recover_message(message, signature=signature)).lower()
    except Exception:  # noqa: BLE001 - the library has many names for a point off the curve
        return None


def leaves(result: Values, *, bond: str) -> list[bytes]:
    """Return the leaves of a report's tree."""
    of_leases = [_leaf(word(lease), *one["leaf"]) for lease, one in result["leases"].items()]
    pay = keccak256(_PAY)
    of_pay = [
        _leaf(keccak256(pay + word(bond) + word(watcher)), int(amount), 0, 0)
        for watcher, amount in result["awarded"].items()
    ]
    return of_leases + of_pay


def root_of(leaves: Iterable[bytes]) -> str:
    """Return the root of OpenZeppelin's standard tree; zeros where there is no leaf.

    Its nodes stand in a list whose end are the leaves, the smallest last, and each node's parent
    is nearer to the front. So from the end two and two make one, until one is left.
    """
    line = deque(sorted(leaves))
    while len(line) > 1:
        pair = sorted((line.popleft(), line.popleft()))
        line.append(keccak256(b"".join(pair)))
    return f"0x{line[0].hex()}" if line else NO_HASH


def _leaf(key: bytes, *numbers: int) -> bytes:
    return keccak256(keccak256(key + b"".join(map(word, numbers))))


def _signed_bytes(
    struct: str, values: Iterable[int | str], name: str, chain: int, contract: str
) -> bytes:
    """Return what EIP-712 signs, before its last hash."""
    names = keccak256(name.encode()) + keccak256(b"1")
    domain = keccak256(keccak256(_DOMAIN) + names + word(chain) + word(contract))
    content = keccak256(struct.encode()) + b"".join(map(word, values))
    return b"\x19\x01" + domain + keccak256(content)
