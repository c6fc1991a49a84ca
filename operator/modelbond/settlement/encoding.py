"""Values as the contracts hash them: Keccak-256 over words of 32 bytes."""

from collections.abc import Callable
from functools import cache

from modelbond.errors import Refused
from modelbond.settlement.units import Address, Digest

WORD_BYTES = 32
Value = int | str | bytes


def keccak(data: bytes) -> Digest:
    """Return Keccak-256, as Ethereum has it (not SHA3-256)."""
    return Digest(_keccak()(data))


def word(kind: str, value: Value, *, name: str) -> bytes:
    """Return a static Solidity value as its word; Refused, with the name, where it does not fit."""
    match value:
        case int() if kind.startswith("uint"):
            return _uint(value, bits=int(kind.removeprefix("uint")), name=name)
        case str() if kind == "address":
            return address_word(Address(value))
        case bytes() if kind == "bytes32" and len(value) == WORD_BYTES:
            return value
        case _:
            raise Refused(f"{name}: {type(value).__name__} is no {kind}")


def address_word(account: Address) -> bytes:
    """Return an address as its word."""
    return bytes.fromhex(account.removeprefix("0x")).rjust(WORD_BYTES, b"\0")


def uint_word(value: int) -> bytes:
    """Return a uint256 as its word."""
    return _uint(value, bits=256, name="number")


def encoded_strings(*texts: str, number: int) -> bytes:
    """Return `abi.encode(string, ..., uint256)`: offsets and the number, then the strings."""
    head, tail = b"", b""
    offset = WORD_BYTES * (len(texts) + 1)
    for text in texts:
        content = text.encode()
        head += uint_word(offset + len(tail))
        padding = -len(content) % WORD_BYTES
        tail += uint_word(len(content)) + content + b"\0" * padding
    return head + uint_word(number) + tail


@cache
def _keccak() -> Callable[[bytes], bytes]:
    """Return the function; its library is loaded with the first hash, and not by who has none."""
    from eth_hash.backends.pycryptodome import keccak256

    return keccak256


def _uint(value: int, *, bits: int, name: str) -> bytes:
    if isinstance(value, bool) or not 0 <= value < 2**bits:
        raise Refused(f"{name}: {value} must be from 0 to 2^{bits} - 1")
    return value.to_bytes(WORD_BYTES, "big")
