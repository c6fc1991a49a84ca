"""The live state: believed where its watcher signed exactly that."""

import json
from dataclasses import replace
from typing import Any

import pytest

from fakes.exchanged import CHAIN_ID, recover, signature
from fakes.frames import LEASE, TOWER, WATCHERS
from modelbond.errors import Refused
from modelbond.sla.live import Live, Sighting, live_of
from modelbond.sla.vector import watcher_domain

DOMAIN = watcher_domain(chain_id=CHAIN_ID, tower=TOWER)
UNSIGNED = Live(
    watcher=WATCHERS[0], time=5, endpoints={LEASE: Sighting(passed=False, at=4, failures=2)}
)
SIGNED = replace(UNSIGNED, signature=signature(WATCHERS[0], UNSIGNED.digest(DOMAIN)))


def read(**changes: Any) -> Live:
    said = {**json.loads(SIGNED.text), **changes}
    return live_of(json.dumps(said), domain=DOMAIN, recover=recover)


def test_a_live_state_comes_back_as_it_was_signed() -> None:
    assert live_of(SIGNED.text, domain=DOMAIN, recover=recover) == SIGNED
    assert SIGNED.typed_data(DOMAIN)["primaryType"] == "Live"


@pytest.mark.parametrize(
    "changes",
    [
        {"time": 6},
        {"endpoints": {}},
        {"watcher": WATCHERS[1]},
        {"signature": "0x" + "00" * 65},
    ],
)
def test_another_state_than_was_signed_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"live.signature"):
        read(**changes)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 2}, "upgrade modelbond"),
        ({"watcher": 5}, "must be an address"),
        ({"watcher": "0x12"}, "address"),
        ({"endpoints": []}, "an object"),
        ({"endpoints": {"0x12": {}}}, "hex digits"),
        ({"endpoints": {"0x" + "11" * 32: {"passed": 1, "at": 1, "failures": 1}}}, "true or false"),
        ({"endpoints": {"0x" + "11" * 32: {"passed": True}}}, "fields"),
        ({"signature": "0x12"}, "hex digits"),
        ({"time": -1}, "whole number"),
        ({"more": 1}, "fields"),
    ],
)
def test_what_is_no_live_state_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        read(**changes)


@pytest.mark.parametrize("text", ["no JSON", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="not JSON"):
        live_of(text, domain=DOMAIN, recover=recover)
