"""What a watcher sees of endpoints right now, signed: for routing and failover alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelbond.errors import Refused
from modelbond.settlement.encoding import Value
from modelbond.settlement.typed import Domain, Struct
from modelbond.settlement.units import Address, Digest, LeaseId, address
from modelbond.sla.exchanged import Recover
from modelbond.sla.text import bytes_of, canonical, count_of, fields_of, hexed, text_hash

VERSION = 1
LIVE = Struct(name="Live", fields=(("time", "uint64"), ("state", "bytes32")))
_SIGNATURE_BYTES = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The last probe of one endpoint: whether it passed, when, and how many failed in a row."""

    passed: bool
    at: int
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """All endpoints as one watcher saw them at that time."""

    watcher: Address
    time: int
    endpoints: Mapping[LeaseId, Sighting]
    signature: bytes = field(default=b"", repr=False)

    def typed_data(self, domain: Domain) -> dict[str, Any]:
        """Return what the watcher signs, as wallets take it."""
        return LIVE.message(self._values(), domain=domain)

    def digest(self, domain: Domain) -> Digest:
        """Return the hash that is signed."""
        return LIVE.digest(self._values(), domain=domain)

    @property
    def text(self) -> str:
        """Return it as it is served."""
        return canonical(
            {
                "version": VERSION,
                "watcher": self.watcher,
                "time": self.time,
                "endpoints": self._endpoints(),
                "signature": hexed(self.signature),
            }
        )

    def _values(self) -> dict[str, Value]:
        return {"time": self.time, "state": text_hash(canonical(self._endpoints()))}

    def _endpoints(self) -> dict[str, Any]:
        return {
            hexed(lease): {"passed": one.passed, "at": one.at, "failures": one.failures}
            for lease, one in self.endpoints.items()
        }


def live_of(text: str, *, domain: Domain, recover: Recover) -> Live:
    """Read a live state; Refused where it is none, or is not signed by whom it names."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as failure:
        raise Refused("live: it is not JSON") from failure
    version, watcher, time, endpoints, signature = fields_of(
        said, "version", "watcher", "time", "endpoints", "signature", what="live"
    )
    if version != VERSION:
        raise Refused(f"live.version: {version!r} is not {VERSION}: upgrade modelbond")
    if not isinstance(watcher, str) or not isinstance(endpoints, dict):
        raise Refused("live: its watcher must be an address, and its endpoints an object")
    live = Live(
        watcher=address(watcher),
        time=count_of(time, name="live.time"),
        endpoints={
            LeaseId(bytes_of(lease, size=32, name="live.endpoints")): _sighting(one)
            for lease, one in endpoints.items()
        },
        signature=bytes_of(str(signature), size=_SIGNATURE_BYTES, name="live.signature"),
    )
    if recover(live.digest(domain), live.signature) != live.watcher:
        raise Refused("live.signature: it is not its watcher's")
    return live


def _sighting(said: Any) -> Sighting:
    passed, at, failures = fields_of(said, "passed", "at", "failures", what="live.endpoints")
    if not isinstance(passed, bool):
        raise Refused("live.endpoints.passed: it must be true or false")
    return Sighting(
        passed=passed,
        at=count_of(at, name="live.endpoints.at"),
        failures=count_of(failures, name="live.endpoints.failures"),
    )
