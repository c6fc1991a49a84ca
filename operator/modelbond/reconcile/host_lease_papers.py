"""What a home wants to be agreed: three texts beside its order, checked before we sign."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from modelbond.api.v1alpha1 import LeasePrice, LeaseWish, ModelPlacementSpec
from modelbond.errors import Refused
from modelbond.serving.edge import Access, Agreed, access_files
from modelbond.settlement.offer import slot_id
from modelbond.settlement.place import ChainPlace
from modelbond.sla.agreement import Agreement, agreement_of
from modelbond.sla.canary import Canary, canaries_of
from modelbond.sla.text import hexed, text_hash

AGREEMENT_KEY = "agreement.json"
CANARIES_KEY = "canaries.json"
TOKEN_KEY = "probe-token"  # noqa: S105 - the name of an entry
PAPERS = (AGREEMENT_KEY, CANARIES_KEY, TOKEN_KEY)
_SOME_CLIENT = "x" * 32


def papers_secret(order: str) -> str:
    """Return the name of the Secret with the papers, at home and host alike."""
    return f"{order}-agreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What is measured, the questions with their answers, and the watchers' token."""

    agreement: Agreement
    canaries: tuple[Canary, ...] = field(repr=False)
    canaries_text: str = field(repr=False)
    token: str = field(repr=False)

    @property
    def agreed(self) -> Agreed:
        """Return what the edge has to know of it."""
        return Agreed(
            probe_token=self.token, requests_per_minute=self.agreement.requests_per_minute
        )

    @property
    def texts(self) -> dict[str, str]:
        """Return them as they travel."""
        return {
            AGREEMENT_KEY: self.agreement.text,
            CANARIES_KEY: self.canaries_text,
            TOKEN_KEY: self.token,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Whom and what the papers must be about: the home as it was pinned, and our own edge."""

    home_uid: str
    key_hash: bytes
    place: ChainPlace


def papers_of(texts: Mapping[str, str]) -> Papers | None:
    """Read a stranger's papers; None where they did not come yet, Refused names the field."""
    if any(not texts.get(name) for name in PAPERS):
        return None
    canaries, token = texts[CANARIES_KEY], texts[TOKEN_KEY]
    papers = Papers(
        agreement=agreement_of(texts[AGREEMENT_KEY]),
        canaries=canaries_of(canaries),
        canaries_text=canaries,
        token=token,
    )
    try:
        access_files(Access(token=_SOME_CLIENT, agreed=papers.agreed))
    except Refused as refusal:
        raise Refused(f"{TOKEN_KEY}: {refusal}") from refusal
    return papers


def objections(
    papers: Papers, *, spec: ModelPlacementSpec, wish: LeaseWish, parties: Parties
) -> tuple[str, ...]:
    """Return every field that is not as the order, the edge or the chain says."""
    agreement, about = papers.agreement, spec.deployment
    deployment = agreement.deployment
    named = (deployment.namespace, deployment.name, deployment.uid)
    slot = slot_id(home_uid=parties.home_uid, deployment_uid=about.uid, ordinal=spec.slot)
    compared = (
        ("spec.lease.agreement", wish.agreement, hexed(agreement.hash)),
        ("spec.lease.slot", wish.slot, hexed(slot)),
        ("spec.lease.tower", wish.tower, parties.place.tower),
        ("agreement.home", agreement.home, parties.home_uid),
        ("agreement.deployment", named, (about.namespace, about.name, about.uid)),
        ("agreement.slot", agreement.slot, spec.slot),
        ("agreement.epoch", agreement.epoch, spec.epoch),
        ("agreement.model", agreement.model, spec.model.digest),
        ("agreement.modelName", agreement.model_name, spec.model.name),
        ("agreement.canaries", hexed(agreement.canaries), hexed(text_hash(papers.canaries_text))),
        ("agreement.endpointKey", hexed(agreement.endpoint_key), hexed(parties.key_hash)),
        ("agreement.probeToken", hexed(agreement.probe_token), hexed(_sha256(papers.token))),
    )
    return tuple(
        f"{name}: {said} is said, it must be {wanted}"
        for name, said, wanted in compared
        if said != wanted
    )


def too_much(agreement: Agreement, *, price: LeasePrice) -> Iterator[str]:
    """Yield what the agreement asks beyond what this host offers for its price."""
    most, least = price.max_requests_per_minute, price.min_latency_bound_ms
    if not 0 < agreement.requests_per_minute <= most:
        yield f"agreement.requestsPerMinute: {agreement.requests_per_minute}, at most {most} here"
    if agreement.latency_bound_ms < least:
        yield f"agreement.latencyBoundMs: {agreement.latency_bound_ms}, at least {least} here"


def honoured(papers: Papers | None, *, price: LeasePrice | None, held: bool) -> Agreed | None:
    """Return what the edge honours: what an offer was signed on, or what one could be signed on.

    Else a home could raise its own rate by papers that nobody ever signs.
    """
    if papers is None:
        return None
    could = price is not None and not any(too_much(papers.agreement, price=price))
    return papers.agreed if held or could else None


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
