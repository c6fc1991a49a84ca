"""Private keys: from mounted files or Secrets, one for each role, and never shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

from eth_account import Account
from eth_account.signers.local import LocalAccount

from modelbond.errors import Refused

_LONGEST_FILE_BYTES = 16_384


class Role(StrEnum):
    """What a key is for. A key that leaks must not be worth more than its role."""

    ATTESTING = "attesting"
    PAYING = "paying"
    STAKING = "staking"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """Where a key is mounted: raw hex, or an encrypted keystore with its password's file."""

    path: Path
    password_path: Path | None = None


class Key:
    """One private key in its role. Its text is role and address; it cannot be pickled."""

    def __init__(self, account: LocalAccount, *, role: Role) -> None:
        self._account = account
        self.role = role

    @property
    def address(self) -> str:
        """Return the checksummed address."""
        return str(self._account.address)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """Return the raw transaction, ready to be sent."""
        return bytes(self._account.sign_transaction(dict(transaction)).raw_transaction)

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        """Return the 65 bytes r, s, v over EIP-712 typed data."""
        return bytes(self._account.sign_typed_data(full_message=dict(message)).signature)

    def __repr__(self) -> str:
        return f"Key({self.role}, {self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key does not travel")


def load_keys(files: Mapping[Role, KeyFile]) -> dict[Role, Key]:
    """Return the keys of these roles; Refused where two of them are one key."""
    keys = {role: _load(file, role=role) for role, file in files.items()}
    holders: dict[str, Role] = {}
    for role, key in keys.items():
        other = holders.setdefault(key.address, role)
        if other is not role:
            raise Refused(
                f"the {other} and the {role} key are both {key.address}: make one for each role"
            )
    return keys


def key_of_text(text: str, *, role: Role) -> Key:
    """Return the key of hex digits, as a Secret of Kubernetes holds it; Refused else."""
    try:
        return Key(Account.from_key(_raw(text.strip())), role=role)
    except Exception:  # noqa: BLE001 - whatever a library says here may quote the key
        raise Refused(f"the {role} key cannot be read: it must be 64 hex digits") from None


def _load(file: KeyFile, *, role: Role) -> Key:
    text = _text(file.path, what=f"the {role} key")
    try:
        secret = _decrypted(text, file, role=role) if text.startswith("{") else _raw(text)
        account = Account.from_key(secret)
    except Refused:
        raise
    except Exception:  # noqa: BLE001 - whatever a library says here may quote the key
        raise Refused(
            f"the {role} key in {file.path} cannot be read: it must be 64 hex digits, or a"
            " keystore with the right password"
        ) from None
    return Key(account, role=role)


def _decrypted(text: str, file: KeyFile, *, role: Role) -> bytes:
    if file.password_path is None:
        raise Refused(f"the {role} key in {file.path} is encrypted: name its password's file")
    password = _text(file.password_path, what=f"the password of the {role} key")
    return bytes(Account.decrypt(text, password))


def _raw(text: str) -> bytes:
    secret = bytes.fromhex(text.removeprefix("0x"))
    if len(secret) != 32:
        raise ValueError("a key has 32 bytes")
    return secret


def _text(path: Path, *, what: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_FILE_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise Refused(f"{what}: {path} cannot be read: {type(failure).__name__}") from None
