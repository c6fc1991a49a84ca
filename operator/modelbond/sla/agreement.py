"""What is measured of one lease, agreed before it is measured: its hash stands in the lease."""

from dataclasses import dataclass
from typing import Any

from modelbond.errors import Refused
from modelbond.settlement.units import Digest
from modelbond.sla.text import bytes_of, canonical, count_of, fields_of, hexed, parsed, text_hash

VERSION = 1
_DIGEST_BYTES = 32
_LONGEST_LATENCY_MS = 600_000
_FIELDS = (
    "canaries",
    "deployment",
    "endpointKey",
    "epoch",
    "home",
    "latencyBoundMs",
    "model",
    "modelName",
    "probeToken",
    "requestsPerMinute",
    "slot",
    "version",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentName:
    """The ModelDeployment, by its names at the home."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One lease's document. It names canaries, endpoint and token by hashes.

    `canaries` is Keccak-256 of their text; `endpoint_key` is SHA-256 of the endpoint's
    SubjectPublicKeyInfo in DER, and `probe_token` that of the token.
    """

    home: str
    deployment: DeploymentName
    slot: int
    epoch: int
    model: str
    model_name: str
    canaries: Digest
    latency_bound_ms: int
    requests_per_minute: int
    endpoint_key: bytes
    probe_token: bytes

    @property
    def text(self) -> str:
        """Return the document as it is hashed and handed over."""
        return canonical(
            {
                "version": VERSION,
                "home": self.home,
                "deployment": {
                    "namespace": self.deployment.namespace,
                    "name": self.deployment.name,
                    "uid": self.deployment.uid,
                },
                "slot": self.slot,
                "epoch": self.epoch,
                "model": self.model,
                "modelName": self.model_name,
                "canaries": hexed(self.canaries),
                "latencyBoundMs": self.latency_bound_ms,
                "requestsPerMinute": self.requests_per_minute,
                "endpointKey": hexed(self.endpoint_key),
                "probeToken": hexed(self.probe_token),
            }
        )

    @property
    def hash(self) -> Digest:
        """Return what offer and lease name it by."""
        return text_hash(self.text)


def agreement_of(text: str) -> Agreement:
    """Read a document; Refused names the field that is not as it must be."""
    said = dict(
        zip(
            _FIELDS,
            fields_of(parsed(text, what="agreement"), *_FIELDS, what="agreement"),
            strict=True,
        )
    )
    if said["version"] != VERSION:
        raise Refused(f"agreement.version: {said['version']!r} is not {VERSION}: upgrade modelbond")
    agreement = Agreement(
        home=_word(said, "home"),
        deployment=_deployment(said["deployment"]),
        slot=_count(said, "slot"),
        epoch=_count(said, "epoch"),
        model=_word(said, "model"),
        model_name=_word(said, "modelName"),
        canaries=Digest(_bytes(said, "canaries")),
        latency_bound_ms=_count(said, "latencyBoundMs"),
        requests_per_minute=_count(said, "requestsPerMinute"),
        endpoint_key=_bytes(said, "endpointKey"),
        probe_token=_bytes(said, "probeToken"),
    )
    if not 0 < agreement.latency_bound_ms <= _LONGEST_LATENCY_MS:
        raise Refused(f"agreement.latencyBoundMs: it must be from 1 to {_LONGEST_LATENCY_MS}")
    return agreement


def _deployment(said: Any) -> DeploymentName:
    names = ("namespace", "name", "uid")
    values = fields_of(said, *names, what="agreement.deployment")
    fields = dict(zip(names, values, strict=True))
    return DeploymentName(**{name: _word(fields, name) for name in names})


def _word(said: dict[str, Any], name: str) -> str:
    word = said[name]
    if not isinstance(word, str) or not 0 < len(word) <= 253:
        raise Refused(f"agreement.{name}: it must be a string of 1 to 253 characters")
    return word


def _count(said: dict[str, Any], name: str) -> int:
    return count_of(said[name], name=f"agreement.{name}")


def _bytes(said: dict[str, Any], name: str) -> bytes:
    return bytes_of(said[name], size=_DIGEST_BYTES, name=f"agreement.{name}")
