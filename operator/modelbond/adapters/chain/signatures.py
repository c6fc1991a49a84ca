"""Whose signature it is: as the contracts tell it, so that what counts here counts there."""

from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from modelbond.settlement.units import Address, Digest, address

_SIGNATURE_BYTES = 65
_LOWEST_V, _HIGHEST_V = 27, 28
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def signer_of(digest: Digest, signature: bytes) -> Address | None:
    """Return who signed the digest with these r, s, v; None for nobody, or the form with high s."""
    if len(signature) != _SIGNATURE_BYTES or not _LOWEST_V <= signature[64] <= _HIGHEST_V:
        return None
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        return None
    parity = bytes([signature[64] - _LOWEST_V])
    try:
        public = Signature(signature[:64] + parity).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError):
        return None
    return address(public.to_address())
