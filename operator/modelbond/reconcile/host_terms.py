"""A HomeCluster as the terms under which this host works for that home."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from modelbond.api.config import Runtime
from modelbond.api.kinds import Json
from modelbond.api.quantities import cpu_milli, memory_bytes
from modelbond.api.v1alpha1 import HomeClusterSpec, LeasePrice
from modelbond.api.wire import read
from modelbond.reconcile.host_ledger import Amounts

_DURATION = re.compile(r"([0-9]+)([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the owner opened for one home. `revision` changes with anything that admission reads.

    `runtimes` are those of `allowed_runtimes` that this host's values describe: one that the values
    lost starts nothing new, one that the owner took out of the policy ends what runs.
    """

    home: str
    uid: str
    generation: int
    server: str
    join_secret: str
    state: Literal["Active", "Cordoned", "Drained"]
    quota: Amounts
    allowed_runtimes: tuple[str, ...]
    runtimes: Mapping[str, Runtime]
    formats: tuple[str, ...]
    sources: tuple[str, ...]
    orphan_after_seconds: int | None
    cache_claim: str | None
    addresses: tuple[str, ...]
    revision: str
    price: LeasePrice | None = None
    stop_after_seconds: int | None = None


def terms_of(home: Json, *, offered: Mapping[str, Runtime]) -> Terms:
    """Read a HomeCluster; Refused names the field when it is not one."""
    meta, spec = home["metadata"], read(HomeClusterSpec, home["spec"])
    quota, policy = spec.quota, spec.policy
    runtimes = {name: offered[name] for name in sorted(policy.runtimes) if name in offered}
    after = policy.orphan_after
    return Terms(
        home=meta["name"],
        uid=meta["uid"],
        generation=meta.get("generation", 1),
        server=spec.server,
        join_secret=spec.join_secret,
        state=spec.state,
        quota=Amounts(
            cpu_milli=cpu_milli(quota.cpu),
            memory_bytes=memory_bytes(quota.memory),
            gpus={gpu.class_: gpu.count for gpu in quota.gpus if gpu.count},
        ),
        allowed_runtimes=tuple(sorted(policy.runtimes)),
        runtimes=runtimes,
        formats=tuple(sorted(policy.formats)),
        sources=tuple(policy.sources),
        orphan_after_seconds=seconds_of(after) if after else None,
        cache_claim=spec.cache.claim_name if spec.cache else None,
        addresses=tuple(spec.endpoint.addresses),
        revision=_revision(spec, runtimes=runtimes),
        price=spec.lease,
        stop_after_seconds=seconds_of(policy.after_lease) or None,
    )


def seconds_of(duration: str) -> int:
    """Return the seconds of `90s`, `15m` or `72h`; 0 for what is none of them."""
    found = _DURATION.fullmatch(duration)
    return int(found[1]) * _SECONDS[found[2]] if found else 0


def _revision(spec: HomeClusterSpec, *, runtimes: Mapping[str, Runtime]) -> str:
    facts = msgspec.to_builtins(
        {
            "quota": spec.quota,
            "runtimes": sorted(runtimes),
            "formats": sorted(spec.policy.formats),
            "sources": sorted(spec.policy.sources),
            "state": spec.state,
        }
    )
    return hashlib.sha256(msgspec.json.encode(facts, order="sorted")).hexdigest()[:16]
