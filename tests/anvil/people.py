"""Who acts on the chain: keys that are no secret, made from names."""

from eth_account import Account
from eth_hash.backends.pycryptodome import keccak256

from modelbond.adapters.chain.keys import Key, Role

NOBODY = "0x000000000000000000000000000000000000dEaD"


WATCHERS = 4


def secret_of(name: str) -> bytes:
    """Return the private key of that name: for tests only, anybody can make it."""
    return keccak256(f"modelbond test {name}".encode())


def key_of(name: str, role: Role = Role.PAYING) -> Key:
    return Key(Account.from_key(secret_of(name)), role=role)


def watchers() -> list[Key]:
    """Return the watchers' keys in the order of the table."""
    keys = [key_of(f"watcher {number}", Role.ATTESTING) for number in range(WATCHERS)]
    return sorted(keys, key=lambda key: key.address.lower())
