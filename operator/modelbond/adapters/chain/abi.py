"""The contracts' interfaces: values to call data, answers and refusals back to values by name."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import (
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
)

from modelbond.errors import ChainUnreachable, Reverted

Part = Mapping[str, Any]
Values = dict[str, Any]

_SELECTOR_BYTES = 4
_REASON = bytes.fromhex("08c379a0")  # Error(string)
_CONTRACTS = ("ModelBond", "WatchTower", "Asset")


@dataclass(frozen=True, slots=True)
class Abi:
    """One contract's functions and events, by name; no name of ours stands for two."""

    functions: Mapping[str, Part]
    events: Mapping[str, Part]

    def call_data(self, function: str, *arguments: Any) -> bytes:
        """Return the data of a call. A struct is a mapping by the contract's names."""
        part = self.functions[function]
        plain = [
            _positional(given, of) for given, of in zip(arguments, part["inputs"], strict=True)
        ]
        return bytes(function_abi_to_4byte_selector(part)) + encode(  # type: ignore[arg-type]
            _types(part["inputs"]), plain
        )

    def answer(self, function: str, data: bytes) -> Any:
        """Return what a function returned: one value bare, structs as mappings by name."""
        outputs = self.functions[function]["outputs"]
        values = _named(outputs, data, what=function)
        return values if len(values) > 1 else next(iter(values.values()))

    def topic(self, event: str) -> bytes:
        """Return the topic by which an event's logs are found."""
        return bytes(event_abi_to_log_topic(self.events[event]))  # type: ignore[arg-type]

    def event(self, name: str, topics: list[bytes], data: bytes) -> Values:
        """Return an event's values by name. Indexed ones are all of static types here."""
        inputs = self.events[name]["inputs"]
        indexed = [part for part in inputs if part["indexed"]]
        plain = [part for part in inputs if not part["indexed"]]
        return {
            **_named(indexed, b"".join(topics[1:]), what=name),
            **_named(plain, data, what=name),
        }


@cache
def interface(name: str) -> Abi:
    """Return the interface of ModelBond, WatchTower or Asset."""
    parts = _parts(name)
    return Abi(
        functions={part["name"]: part for part in parts if part["type"] == "function"},
        events={part["name"]: part for part in parts if part["type"] == "event"},
    )


@contextmanager
def explained() -> Iterator[None]:
    """Let a contract's refusal say its error by name, with its facts."""
    try:
        yield
    except Reverted as failure:
        raise _told(failure) from failure


def _told(failure: Reverted) -> Reverted:
    selector, facts = failure.data[:_SELECTOR_BYTES], failure.data[_SELECTOR_BYTES:]
    if selector == _REASON:
        (reason,) = decode(["string"], facts)
        return Reverted(f"the contract refused: {reason}", data=failure.data)
    part = _errors().get(selector)
    if part is None:
        return failure
    values = _named(part["inputs"], facts, what=part["name"])
    said = ", ".join(f"{name}={_shown(value)}" for name, value in values.items())
    return Reverted(f"{part['name']}({said})", error=part["name"], data=failure.data)


@cache
def _errors() -> dict[bytes, Part]:
    """Return every error of all contracts: one that is called by another passes its on."""
    parts = (part for name in _CONTRACTS for part in _parts(name) if part["type"] == "error")
    return {bytes(function_abi_to_4byte_selector(part)): part for part in parts}  # type: ignore[arg-type]


@cache
def _parts(name: str) -> list[Part]:
    text = files("modelbond.adapters.chain").joinpath(f"abi/{name}.json").read_text()
    parts: list[Part] = json.loads(text)
    return parts


def _types(parts: list[Part]) -> list[str]:
    return [collapse_if_tuple(dict(part)) for part in parts]


def _positional(value: Any, part: Part) -> Any:
    """Return a value as eth_abi takes it: structs in the order of the contract."""
    if not part["type"].startswith("tuple"):
        return value
    if part["type"] == "tuple":
        return tuple(_positional(value[one["name"]], one) for one in part["components"])
    return [_positional(one, {**part, "type": "tuple"}) for one in value]


def _named(parts: list[Part], data: bytes, *, what: str) -> Values:
    try:
        values = decode(_types(parts), data)
    except DecodingError as failure:
        raise ChainUnreachable(f"{what}: the answer is not the contract's: {failure}") from failure
    return {
        part["name"] or str(place): _by_name(value, part)
        for place, (part, value) in enumerate(zip(parts, values, strict=True))
    }


def _by_name(value: Any, part: Part) -> Any:
    if not part["type"].startswith("tuple"):
        return value
    if part["type"] == "tuple":
        components = zip(part["components"], value, strict=True)
        return {one["name"]: _by_name(inner, one) for one, inner in components}
    return [_by_name(one, {**part, "type": "tuple"}) for one in value]


def _shown(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
