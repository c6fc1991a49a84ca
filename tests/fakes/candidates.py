"""Builders of hosts and requests for tests of placement: everything fits unless changed."""

from collections.abc import Mapping
from typing import Any

from modelbond.api.v1alpha1 import PlacementRules
from modelbond.api.wire import read
from modelbond.placement.host import FreeGpus, Heard, Host, Need, Offer
from modelbond.placement.request import Request


def offer(**changed: Any) -> Offer:
    """Return a generous offer."""
    facts: dict[str, Any] = {
        "owner": "alpha-labs",
        "region": "eu-1",
        "zone": "eu-1a",
        "provider": "bare",
        "state": "Active",
        "runtimes": frozenset({"triton"}),
        "formats": frozenset({"onnx"}),
        "gpus": {"NVIDIA-L4": FreeGpus(free=4, largest_on_one_node=2)},
        "cpu_free_milli": 8000,
        "memory_free_bytes": 32 << 30,
    }
    return Offer(**{**facts, **changed})


def host(name: str = "alpha", *, offers: Mapping[str, Any] | None = None, **changed: Any) -> Host:
    """Return a host that is accepted and heard; its owner is named after it."""
    facts: dict[str, Any] = {
        "name": name,
        "accepted": True,
        "heard": Heard.HEARD,
        "offer": offer(**{"owner": f"{name}-labs", **(offers or {})}),
    }
    return Host(**{**facts, **changed})


def request(
    *,
    rules: Mapping[str, Any] | None = None,
    need: Need | None = None,
    barred: Mapping[str, str] | None = None,
) -> Request:
    """Return a request for one small placement, with these rules as YAML would say them."""
    return Request(
        uid="uid-1",
        runtime="triton",
        model_format="onnx",
        rules=read(PlacementRules, dict(rules or {})),
        need=need or Need(cpu_milli=1000, memory_bytes=1 << 30),
        barred=barred or {},
    )
