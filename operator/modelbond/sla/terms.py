"""An offer as texts hold it: all fields by the contract's names, amounts as decimal strings."""

from typing import Any

from modelbond.settlement.offer import OFFER, Offer
from modelbond.sla.text import address_of, bytes_of, count_of, fields_of, hexed, wei_of

_NAMES = tuple(name for name, _ in OFFER.fields)
_KINDS = dict(OFFER.fields)
_AMOUNT = "uint128"


def offer_values(offer: Offer) -> dict[str, Any]:
    """Return the offer's fields as JSON holds them."""
    return {name: _said(value, kind=_KINDS[name]) for name, value in offer.values().items()}


def offer_of(value: Any, *, what: str = "offer") -> Offer:
    """Read an offer; Refused names the field that is not as it must be."""
    fields = zip(_NAMES, fields_of(value, *_NAMES, what=what), strict=True)
    said = {name: _read(one, kind=_KINDS[name], name=f"{what}.{name}") for name, one in fields}
    return Offer.of(said)


def _said(value: Any, *, kind: str) -> Any:
    if isinstance(value, bytes):
        return hexed(value)
    return str(value) if kind == _AMOUNT else value


def _read(value: Any, *, kind: str, name: str) -> Any:
    match kind:
        case "address":
            return address_of(value, name=name)
        case "bytes32":
            return bytes_of(value, size=32, name=name)
        case "uint128":
            return wei_of(value, name=name)
        case _:
            return count_of(value, name=name)
