"""A home whose deployment wants a lease, and a host that is a puppet of tests and makes offers."""

import base64
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fakes.canaries import canary, tensor
from fakes.home import Home, deployment, said
from fakes.lease_chain import HOST, PLACE, FakeLeaseChain, signature_of
from fakes.offers import offer
from modelbond.api.kinds import CONFIG_MAP, MODEL_DEPLOYMENT, NAMESPACE, SECRET, Json
from modelbond.ports.leases import LeaseChain
from modelbond.settlement.encoding import keccak
from modelbond.settlement.endpoint import EndpointRecord
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.report import FinalReport, ReportRef
from modelbond.settlement.units import (
    Address,
    Digest,
    FrameIndex,
    LeaseId,
    SliceCount,
    SliceIndex,
    SlotId,
)
from modelbond.sla.canary import canaries_text
from modelbond.sla.evidence import NO_REPORT, Block, Evidence, Inputs, Measured, Result
from modelbond.sla.evidence_text import evidence
from modelbond.sla.rules import RULES
from modelbond.sla.tally import tree_of
from modelbond.sla.terms import offer_values
from modelbond.sla.text import bytes_of, hexed

SLICE = 60
BEGIN = 1_767_225_600 + 30
"""Half a minute after the clock of the tests begins."""

TERMS: Json = {
    "walletSecret": "wallet",
    "maxRatePerSlice": "1000",
    "minCreditPerSlice": "3000",
    "minCoverSlices": 100,
    "prepaySlices": 1000,
    "dailySpendCap": "5000000",
    "totalSpendCap": "20000000",
}
SLA: Json = {"canaries": {"configMap": "llama-canaries"}}


def secret(name: str, *, namespace: str = "models", **texts: str) -> Json:
    """Return a Secret of a person."""
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def text_in(obj: Json, key: str) -> str:
    """Return one text of a Secret."""
    return base64.b64decode(obj["data"][key]).decode()


def signing_request() -> str:
    """Return a host's request, with a key of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "llama")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


async def leased_home(
    *,
    terms: Json | None = None,
    chain: LeaseChain | None = None,
    key: str = "customer",
    **spec: Any,
) -> "LeasedHome":
    """Return a home with one deployment that wants a lease, placed on alpha, with its key made."""
    home = LeasedHome(chain=chain or FakeLeaseChain(now=BEGIN))
    home.api.put(NAMESPACE, {"metadata": {"name": "kube-system"}})
    home.api.put(CONFIG_MAP, canaries_map())
    home.api.put(SECRET, secret("wallet", key=key))
    await home.joins("alpha")
    home.applies(deployment(sla=SLA, lease={**TERMS, **(terms or {})}, **spec))
    await home.settle()
    home.request = signing_request()
    home.says_so()
    await home.settle()
    return home


def canaries_map(text: str | None = None) -> Json:
    """Return the customer's ConfigMap."""
    document = canaries_text([canary(tensor(1.0, 2.0))]) if text is None else text
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "llama-canaries", "namespace": "models"},
        "data": {"canaries.json": document},
    }


@dataclass(slots=True)
class LeasedHome(Home):
    """Adds what concerns leases to a home in memory."""

    chain: LeaseChain | None = field(default_factory=lambda: FakeLeaseChain(now=BEGIN))
    request: str = ""
    signed: Json | None = None
    record: Json | None = None

    @property
    def money(self) -> FakeLeaseChain:
        """Return the chain."""
        assert isinstance(self.chain, FakeLeaseChain)
        return self.chain

    def says_so(self, **more: Any) -> None:
        """Let alpha answer that it serves, with its key, its offer and its record."""
        parts: Json = {"signingRequest": self.request, **more}
        if self.signed is not None:
            parts["offer"] = self.signed
        if self.record is not None:
            parts["endpointRecord"] = self.record
        self.answers(
            "alpha",
            conditions=[
                said("Accepted", reason="Accepted"),
                said("ModelVerified", reason="Verified"),
                said("ModelLoaded", reason="Loaded"),
                said("EndpointReady", reason="EndpointServing"),
                said("Ready", reason="Ready"),
            ],
            replicas=1,
            readyReplicas=1,
            endpoints=[{"address": "10.1.1.1", "port": 30443}],
            **parts,
        )

    def wish(self) -> Json:
        """Return what alpha is asked for."""
        found: Json = self.order_at("alpha")["spec"]["lease"]
        return found

    def offered(self, **changes: Any) -> Offer:
        """Return what alpha offers on that wish, with these terms instead of its own."""
        wish = self.wish()
        own: dict[str, Any] = {
            "customer": Address(wish["customer"]),
            "host": HOST,
            "asset": PLACE.asset,
            "tower": Address(wish["tower"]),
            "slot": SlotId(bytes_of(wish["slot"], name="slot")),
            "epoch": self.order_at("alpha")["spec"]["epoch"],
            "agreement": Digest(bytes_of(wish["agreement"], name="agreement")),
            "rules": RULES,
            "maintenance_budget": SliceCount(60),
            "grace": SliceCount(0),
        }
        return offer(**{**own, **changes})

    def offers(self, made: Offer | None = None, *, signer: Address = HOST, **changes: Any) -> Offer:
        """Let alpha sign an offer and answer with it."""
        made = made or self.offered(**changes)
        self.has_signed(made, signature_of(signer, self.money.id_of(made)))
        return made

    def has_signed(self, made: Offer, signature: bytes) -> None:
        """Let alpha answer with that offer under that signature."""
        self.signed = {"terms": offer_values(made), "signature": hexed(signature)}
        self.says_so()

    async def opens(self, **changes: Any) -> LeaseId:
        """Let an offer be made and taken, and the lease be open and told of."""
        made = self.offers(**changes)
        await self.settle()
        return self.money.id_of(made)

    def records(self, lease: LeaseId, *, signer: Address = HOST, **changes: Any) -> None:
        """Let alpha sign where it serves."""
        facts: dict[str, Any] = {
            "lease": lease,
            "sequence": 1,
            "address": "10.1.1.1:30443",
            "from_slice": SliceIndex(5),
        }
        made = EndpointRecord(**{**facts, **changes})
        signature = signature_of(signer, made.digest(PLACE.endpoints))
        self.record = {
            "lease": hexed(made.lease),
            "sequence": made.sequence,
            "address": made.address,
            "fromSlice": made.from_slice,
            "signature": hexed(signature),
        }
        self.says_so()

    def counts(self, lease: LeaseId, measured: Measured, *, frame: int = 1) -> None:
        """Let the watchers report that of a lease, for good."""
        made = evidence_of_lease(lease, measured, frame=frame)
        tree = tree_of(made.result, bond=PLACE.bond)
        assert tree is not None
        self.evidence.texts[made.hash] = made.text
        self.money.report = FinalReport(
            ref=ReportRef(seq=frame, frame=FrameIndex(frame), round=1, posted_at=self.money.now),
            root=tree.root,
            data_hash=made.hash,
            through=self.money.now,
        )
        self.money.through = self.money.now

    def pass_by(self, seconds: int) -> None:
        """Let time pass, here and on the chain."""
        self.clock.pass_by(seconds)
        self.money.now += seconds

    async def passes(self, seconds: int) -> None:
        """Let time pass, and everybody look."""
        self.pass_by(seconds)
        self.renews("alpha")
        await self.settle()

    def lease(self) -> Json:
        """Return what the deployment's status tells of alpha's lease."""
        found: Json = self.status()["placements"][0]["lease"]
        return found

    def changes(self, **terms: Any) -> None:
        """Change terms of the lease in the deployment's spec."""
        held = self.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
        self.applies(
            {**held, "spec": {**held["spec"], "lease": {**held["spec"]["lease"], **terms}}}
        )


def evidence_of_lease(
    lease: LeaseId, measured: Measured, *, frame: int = 1, bond: Address = PLACE.bond
) -> Evidence:
    """Return evidence whose result is that of one lease."""
    return evidence(replace(_inputs(frame), bond=bond), Result(leases={lease: measured}))


def measured(through: int, unearned: int = 0, breach: int = 0, *, bad: int = 0) -> Measured:
    """Return what a report says of a lease."""
    leaf = Leaf(
        through=SliceCount(through), unearned=SliceCount(unearned), breach=SliceCount(breach)
    )
    return Measured(leaf=leaf, bad=bad)


def _inputs(frame: int) -> Inputs:
    return Inputs(
        rules=RULES,
        chain_id=PLACE.chain_id,
        tower=PLACE.tower,
        bond=PLACE.bond,
        frame=FrameIndex(frame),
        frame_seconds=3600,
        block=Block(number=frame, time=frame, hash=keccak(b"block")),
        previous=NO_REPORT,
        table=(),
        leases={},
        vectors=(),
    )
