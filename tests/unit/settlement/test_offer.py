"""An offer's hash is its identity: every term is in it, and wallets come to the same."""

from dataclasses import fields
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.backends.pycryptodome import keccak256

from fakes.offers import DOMAIN, account, offer
from modelbond.errors import Refused
from modelbond.settlement.offer import OFFER, Offer, bond_domain, lease_id, slot_id
from modelbond.settlement.typed import Domain
from modelbond.settlement.units import Address, Wei, address


def wallet_digest(message: dict[str, Any]) -> bytes:
    """Return what eth-account would sign."""
    signable = encode_typed_data(full_message=message)
    return keccak256(b"\x19" + signable.version + signable.header + signable.body)


def test_a_wallet_signs_the_lease_id() -> None:
    made = offer()
    assert wallet_digest(made.typed_data(DOMAIN)) == lease_id(made, domain=DOMAIN)


def test_the_signer_of_an_offer_is_recovered_from_its_lease_id() -> None:
    made, key = offer(), Account.from_key(keccak256(b"host"))
    signed = key.sign_typed_data(full_message=made.typed_data(DOMAIN))
    assert signed.message_hash == lease_id(made, domain=DOMAIN)
    assert Account._recover_hash(signed.message_hash, signature=signed.signature) == key.address


def changed(name: str) -> Any:
    match getattr(offer(), name):
        case int(number):
            return number + 1
        case str():
            return account("somebody else")
        case bytes():
            return keccak256(b"something else")
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("name", [field.name for field in fields(Offer)])
def test_each_term_changes_the_lease(name: str) -> None:
    assert lease_id(offer(**{name: changed(name)}), domain=DOMAIN) != lease_id(
        offer(), domain=DOMAIN
    )


@pytest.mark.parametrize(
    "other",
    [
        bond_domain(chain_id=1, contract=DOMAIN.contract),
        bond_domain(chain_id=DOMAIN.chain_id, contract=account("another ModelBond")),
        Domain(name="Other", version="1", chain_id=31337, contract=DOMAIN.contract),
        Domain(name="ModelBond", version="2", chain_id=31337, contract=DOMAIN.contract),
    ],
    ids=["chain", "contract", "name", "version"],
)
def test_an_offer_of_another_chain_or_contract_is_another_lease(other: Domain) -> None:
    assert lease_id(offer(), domain=other) != lease_id(offer(), domain=DOMAIN)


def test_the_fields_stand_in_the_order_of_the_contract_under_its_names() -> None:
    assert list(offer().values()) == [name for name, _ in OFFER.fields]
    assert offer().values()["creditPerSlice"] == offer().credit_per_slice
    assert offer().values()["slice"] == offer().slice_seconds


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("rate", Wei(2**128), r"rate: .* from 0 to 2\^128 - 1"),
        ("rate", Wei(-1), "rate: -1 must"),
        ("epoch", 2**64, r"epoch: .* 2\^64"),
        ("epoch", True, "epoch: True"),
        ("agreement", b"short", "agreement: bytes is no bytes32"),
        ("host", 7, "host: int is no address"),
    ],
)
def test_a_term_that_the_contract_cannot_hold_is_refused_by_its_name(
    name: str, value: object, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        lease_id(offer(**{name: value}), domain=DOMAIN)


def test_slots_differ_by_home_deployment_and_ordinal() -> None:
    slots = {
        slot_id(home_uid=home, deployment_uid=deployment, ordinal=ordinal)
        for home in ("a", "ab", "a" * 40)
        for deployment in ("bc", "c", "")
        for ordinal in (0, 1)
    }
    assert len(slots) == 18


def test_addresses_have_one_spelling() -> None:
    mixed = "0x52908400098527886E0F7030069857D2E4169EE7"
    assert address(mixed) == address(mixed.lower()) == Address(mixed.lower())


@pytest.mark.parametrize(
    "text", ["", "0x", "0x" + "g" * 40, "52908400098527886E0F7030069857D2E4169EE7"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="40 hex digits"):
        address(text)
