"""An endpoint record is what its host signed, to the letter of its address."""

from dataclasses import replace

from eth_account import Account
from eth_account.messages import encode_typed_data

from fakes.offers import account
from modelbond.settlement.encoding import keccak
from modelbond.settlement.endpoint import EndpointRecord, endpoint_domain
from modelbond.settlement.units import LeaseId, SliceIndex

DOMAIN = endpoint_domain(chain_id=31337, contract=account("ModelBond"))
RECORD = EndpointRecord(
    lease=LeaseId(keccak(b"lease")),
    sequence=1,
    address="203.0.113.7:30443",
    from_slice=SliceIndex(123),
)


def test_a_wallet_signs_the_digest_that_is_checked() -> None:
    key = Account.from_key(keccak(b"a host"))
    message = encode_typed_data(full_message=RECORD.typed_data(DOMAIN))
    signature = key.sign_message(message).signature
    assert Account._recover_hash(RECORD.digest(DOMAIN), signature=signature) == key.address


def test_another_address_or_sequence_is_another_record() -> None:
    digests = {
        RECORD.digest(DOMAIN),
        replace(RECORD, address="203.0.113.8:30443").digest(DOMAIN),
        replace(RECORD, sequence=2).digest(DOMAIN),
        replace(RECORD, from_slice=SliceIndex(124)).digest(DOMAIN),
        RECORD.digest(endpoint_domain(chain_id=1, contract=account("ModelBond"))),
    }
    assert len(digests) == 5
