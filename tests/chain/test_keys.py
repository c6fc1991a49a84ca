"""Private keys come from files, differ by role, and are shown nowhere."""

import copy
import json
import pickle
from pathlib import Path

import pytest
from eth_account import Account

from anvil.people import key_of, secret_of
from fakes.offers import DOMAIN, offer
from modelbond.adapters.chain.keys import Key, KeyFile, Role, load_keys
from modelbond.errors import Refused
from modelbond.settlement.offer import lease_id

SECRET = secret_of("payer")
ADDRESS = key_of("payer").address
PASSWORD = "a long password"  # noqa: S105 - for a test's keystore


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def keystore(folder: Path) -> Path:
    encrypted = Account.encrypt(SECRET, PASSWORD, kdf="pbkdf2", iterations=2)
    return written(folder, "keystore.json", json.dumps(encrypted))


def loaded(file: KeyFile, role: Role = Role.PAYING) -> Key:
    return load_keys({role: file})[role]


@pytest.mark.parametrize("text", [SECRET.hex(), f"0x{SECRET.hex()}", f"  {SECRET.hex().upper()}\n"])
def test_a_raw_key_is_hex_with_or_without_its_prefix(tmp_path: Path, text: str) -> None:
    assert loaded(KeyFile(path=written(tmp_path, "key", text))).address == ADDRESS


def test_a_keystore_is_opened_with_its_passwords_file(tmp_path: Path) -> None:
    password = written(tmp_path, "password", f"{PASSWORD}\n")
    key = loaded(KeyFile(path=keystore(tmp_path), password_path=password))
    assert key.address == ADDRESS


def test_a_keystore_without_a_passwords_file_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is encrypted: name its password's file"):
        loaded(KeyFile(path=keystore(tmp_path)))


@pytest.mark.parametrize(
    "text",
    ["", "0x", SECRET.hex()[:-2], SECRET.hex() + "00", "g" * 64, "00" * 32, "ff" * 32, "{", "{}"],
)
def test_what_is_no_key_is_refused_without_being_quoted(tmp_path: Path, text: str) -> None:
    password = written(tmp_path, "password", PASSWORD)
    file = KeyFile(path=written(tmp_path, "key", text), password_path=password)
    with pytest.raises(Refused, match=r"the paying key in .* cannot be read") as caught:
        loaded(file)
    assert SECRET.hex()[:16] not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_wrong_password_is_refused_without_being_quoted(tmp_path: Path) -> None:
    password = written(tmp_path, "password", "another password")
    with pytest.raises(Refused) as caught:
        loaded(KeyFile(path=keystore(tmp_path), password_path=password))
    assert "another password" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused, match=f"the staking key: {path} cannot be read"):
        loaded(KeyFile(path=path), role=Role.STAKING)


def test_roles_with_one_key_between_them_are_refused(tmp_path: Path) -> None:
    same = KeyFile(path=written(tmp_path, "key", SECRET.hex()))
    other = KeyFile(path=written(tmp_path, "other", secret_of("other").hex()))
    with pytest.raises(Refused, match="the attesting and the staking key are both"):
        load_keys({Role.ATTESTING: same, Role.PAYING: other, Role.STAKING: same})


def test_each_role_gets_its_key(tmp_path: Path) -> None:
    files = {role: written(tmp_path, role, secret_of(role).hex()) for role in Role}
    keys = load_keys({role: KeyFile(path=path) for role, path in files.items()})
    assert {role: key.address for role, key in keys.items()} == {
        role: key_of(role).address for role in Role
    }


def test_a_keys_text_is_its_role_and_address() -> None:
    key = key_of("payer")
    assert repr(key) == str(key) == f"{key}" == f"Key(paying, {ADDRESS})"
    assert SECRET.hex() not in repr(vars(key))


def test_a_key_does_not_travel() -> None:
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="does not travel"):
            leave(key_of("payer"))


def test_what_it_signs_is_an_offer_of_that_lease() -> None:
    made = offer()
    signature = key_of("host").sign_typed(made.typed_data(DOMAIN))
    assert len(signature) == 65
    signer = Account._recover_hash(lease_id(made, domain=DOMAIN), signature=signature)
    assert signer == key_of("host").address
