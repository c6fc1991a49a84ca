"""Evidence as one text, written and read: docs/reference/evidence.md is its contract."""

from typing import Any

from modelbond.errors import Refused
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.units import (
    Digest,
    FrameIndex,
    LeaseId,
    SliceCount,
    SliceIndex,
)
from modelbond.sla.evidence import Block, Evidence, Facts, Inputs, Measured, Previous, Result
from modelbond.sla.leases import Window
from modelbond.sla.quorum import Signer
from modelbond.sla.terms import offer_of, offer_values
from modelbond.sla.text import (
    address_of,
    bytes_of,
    canonical,
    count_of,
    fields_of,
    hexed,
    parsed,
    wei_of,
)
from modelbond.sla.vector import SALT_BYTES, SignedVector

VERSION = 1
_HASH_BYTES = 32
_SIGNATURE_BYTES = 65


def evidence(inputs: Inputs, result: Result) -> Evidence:
    """Return the evidence of a report."""
    text = canonical(
        {
            "version": VERSION,
            "rules": hexed(inputs.rules),
            "chain": inputs.chain_id,
            "tower": inputs.tower,
            "bond": inputs.bond,
            "frame": inputs.frame,
            "frameSeconds": inputs.frame_seconds,
            "referenceBlock": {
                "number": inputs.block.number,
                "time": inputs.block.time,
                "hash": hexed(inputs.block.hash),
            },
            "previous": {
                "root": hexed(inputs.previous.root),
                "dataHash": hexed(inputs.previous.data_hash),
            },
            "carried": _result_values(inputs.previous.result),
            "table": [{"signer": one.signer, "weight": one.weight} for one in inputs.table],
            "leases": {hexed(lease): _facts_values(one) for lease, one in inputs.leases.items()},
            "vectors": [_vector_values(one) for one in inputs.vectors],
            "result": _result_values(result),
        }
    )
    return Evidence(inputs=inputs, result=result, text=text)


def evidence_of(text: str) -> Evidence:
    """Read a text; Refused names the field that is not as it must be."""
    names = ("version", "rules", "chain", "tower", "bond", "frame", "frameSeconds")
    more = ("referenceBlock", "previous", "carried", "table", "leases", "vectors", "result")
    said = dict(
        zip(
            names + more,
            fields_of(parsed(text, what="evidence"), *names, *more, what="evidence"),
            strict=True,
        )
    )
    if said["version"] != VERSION:
        raise Refused(f"evidence.version: {said['version']!r} is not {VERSION}: upgrade modelbond")
    inputs = Inputs(
        rules=_hash(said["rules"], name="rules"),
        chain_id=count_of(said["chain"], name="chain"),
        tower=address_of(said["tower"], name="tower"),
        bond=address_of(said["bond"], name="bond"),
        frame=FrameIndex(count_of(said["frame"], name="frame")),
        frame_seconds=count_of(said["frameSeconds"], name="frameSeconds"),
        block=_block(said["referenceBlock"]),
        previous=_previous(said["previous"], said["carried"]),
        table=tuple(_signer(one) for one in _list(said["table"], name="table")),
        leases={
            _lease(lease): _facts(one, what=f"leases.{lease}")
            for lease, one in _object(said["leases"], name="leases").items()
        },
        vectors=tuple(_vector(one) for one in _list(said["vectors"], name="vectors")),
    )
    return Evidence(inputs=inputs, result=_result(said["result"], what="result"), text=text)


def _result_values(result: Result) -> dict[str, Any]:
    return {
        "leases": {
            hexed(lease): {
                "leaf": _leaf_values(one.leaf),
                "period": one.period,
                "bad": one.bad,
                "unknown": one.unknown,
            }
            for lease, one in result.leases.items()
        },
        "awarded": {watcher: str(amount) for watcher, amount in result.awarded.items()},
    }


def _facts_values(facts: Facts) -> dict[str, Any]:
    return {
        "offer": offer_values(facts.offer),
        "first": facts.first,
        "end": facts.end,
        "settled": _leaf_values(facts.settled),
        "announced": [list(window) for window in facts.announced],
    }


def _vector_values(vector: SignedVector) -> dict[str, Any]:
    return {
        "watcher": vector.watcher,
        "salt": hexed(vector.salt),
        "vector": vector.text,
        "signature": hexed(vector.signature),
    }


def _leaf_values(leaf: Leaf) -> list[int]:
    return [leaf.through, leaf.unearned, leaf.breach]


def _block(said: Any) -> Block:
    number, time, hash_ = fields_of(said, "number", "time", "hash", what="referenceBlock")
    return Block(
        number=count_of(number, name="referenceBlock.number"),
        time=count_of(time, name="referenceBlock.time"),
        hash=_hash(hash_, name="referenceBlock.hash"),
    )


def _previous(said: Any, carried: Any) -> Previous:
    root, data_hash = fields_of(said, "root", "dataHash", what="previous")
    return Previous(
        root=_hash(root, name="previous.root"),
        data_hash=_hash(data_hash, name="previous.dataHash"),
        result=_result(carried, what="carried"),
    )


def _signer(said: Any) -> Signer:
    signer, weight = fields_of(said, "signer", "weight", what="table")
    return Signer(
        signer=address_of(signer, name="table.signer"), weight=count_of(weight, name="table.weight")
    )


def _facts(said: Any, *, what: str) -> Facts:
    names = ("offer", "first", "end", "settled", "announced")
    offer, first, end, settled, announced = fields_of(said, *names, what=what)
    return Facts(
        offer=offer_of(offer, what=f"{what}.offer"),
        first=SliceIndex(count_of(first, name=f"{what}.first")),
        end=SliceIndex(count_of(end, name=f"{what}.end")),
        settled=_leaf(settled, name=f"{what}.settled"),
        announced=tuple(
            _window(one, name=f"{what}.announced")
            for one in _list(announced, name=f"{what}.announced")
        ),
    )


def _window(said: Any, *, name: str) -> Window:
    start, slices = _counts(said, 2, name=name)
    return SliceIndex(start), SliceCount(slices)


def _vector(said: Any) -> SignedVector:
    names = ("watcher", "salt", "vector", "signature")
    watcher, salt, text, signature = fields_of(said, *names, what="vectors")
    if not isinstance(text, str):
        raise Refused("vectors.vector: it must be a string")
    return SignedVector(
        watcher=address_of(watcher, name="vectors.watcher"),
        salt=bytes_of(salt, size=SALT_BYTES, name="vectors.salt"),
        text=text,
        signature=bytes_of(signature, size=_SIGNATURE_BYTES, name="vectors.signature"),
    )


def _result(said: Any, *, what: str) -> Result:
    leases, awarded = fields_of(said, "leases", "awarded", what=what)
    return Result(
        leases={
            _lease(lease): _measured(one, what=f"{what}.leases.{lease}")
            for lease, one in _object(leases, name=f"{what}.leases").items()
        },
        awarded={
            address_of(watcher, name=f"{what}.awarded"): wei_of(amount, name=f"{what}.awarded")
            for watcher, amount in _object(awarded, name=f"{what}.awarded").items()
        },
    )


def _measured(said: Any, *, what: str) -> Measured:
    leaf, period, bad, unknown = fields_of(said, "leaf", "period", "bad", "unknown", what=what)
    return Measured(
        leaf=_leaf(leaf, name=f"{what}.leaf"),
        period=count_of(period, name=f"{what}.period"),
        bad=count_of(bad, name=f"{what}.bad"),
        unknown=count_of(unknown, name=f"{what}.unknown"),
    )


def _leaf(said: Any, *, name: str) -> Leaf:
    through, unearned, breach = (SliceCount(one) for one in _counts(said, 3, name=name))
    return Leaf(through=through, unearned=unearned, breach=breach)


def _counts(said: Any, size: int, *, name: str) -> list[int]:
    counts = _list(said, name=name)
    if len(counts) != size:
        raise Refused(f"{name}: it must hold {size} whole numbers")
    return [count_of(one, name=name) for one in counts]


def _list(said: Any, *, name: str) -> list[Any]:
    if not isinstance(said, list):
        raise Refused(f"{name}: it must be a list")
    return said


def _object(said: Any, *, name: str) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise Refused(f"{name}: it must be an object")
    return said


def _lease(text: str) -> LeaseId:
    return LeaseId(bytes_of(text, size=_HASH_BYTES, name="lease"))


def _hash(text: Any, *, name: str) -> Digest:
    return Digest(bytes_of(text, size=_HASH_BYTES, name=name))
