"""A home in memory: its three controllers over a FakeKube, and hosts that are puppets of tests."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.kube import FakeKube
from fakes.lease_chain import FakeEvidence, FakeLeaseChain
from fakes.ports import FakeClock, FakeEvents, FakeInformers, FakeMeter, FakeQueue, FakeSupervisor
from fakes.schemas import violations
from modelbond.adapters.authority import SecretAuthority
from modelbond.api.conditions import ConditionType, find
from modelbond.api.config import HomeConfig
from modelbond.api.kinds import (
    CONFIG_MAP,
    HOST_CLUSTER,
    LEASE,
    MODEL_DEPLOYMENT,
    MODEL_PLACEMENT,
    Json,
    Kind,
    key_of,
)
from modelbond.controllers.deployment import DeploymentController
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.host_cluster import HostClusterController
from modelbond.controllers.lease import LeaseController
from modelbond.controllers.lease_book import LeaseBook
from modelbond.controllers.order import OrderController
from modelbond.controllers.order_book import OrderViews
from modelbond.ports.leases import LeaseChain
from modelbond.ports.process import Outcome
from modelbond.reconcile.home_names import deployment_uid_of, host_of_object

DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64
LONG_AGO = "2025-12-01T00:00:00.000000Z"


class Live(Mapping[str, Json]):
    """A cache that is always up to date, unless a test freezes it."""

    def __init__(self, api: FakeKube, kind: Kind) -> None:
        self._api = api
        self._kind = kind
        self._frozen: dict[str, Json] | None = None

    def freeze(self) -> None:
        """Show from now on what is there at this moment."""
        self._frozen = self._api.objects(self._kind)

    def thaw(self) -> None:
        """Catch up."""
        self._frozen = None

    def _now(self) -> dict[str, Json]:
        return self._api.objects(self._kind) if self._frozen is None else self._frozen

    def __getitem__(self, key: str) -> Json:
        return self._now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


class LiveIndex(Mapping[str, Mapping[str, Json]]):
    """What an index of that cache shows."""

    def __init__(self, live: Live, word_of: Callable[[Json], str | None]) -> None:
        self._live = live
        self._word_of = word_of

    def _now(self) -> dict[str, dict[str, Json]]:
        found: dict[str, dict[str, Json]] = {}
        for key, obj in dict(self._live).items():
            if (word := self._word_of(obj)) is not None:
                found.setdefault(word, {})[key] = obj
        return found

    def __getitem__(self, word: str) -> Mapping[str, Json]:
        return self._now()[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


def report(**changed: Any) -> Json:
    """Return a host's report, generous unless changed."""
    facts = {
        "version": "0.1.0",
        "clusterUID": "cluster-alpha",
        "owner": "alpha-labs",
        "region": "eu-1",
        "zone": "eu-1a",
        "provider": "bare",
        "state": "Active",
        "policyRevision": "p1",
        "cpuFree": 64_000,
        "memoryFree": 256 << 30,
        "classes": [{"class": "NVIDIA-L4", "free": 4, "largestOnOneNode": 2}],
        "runtimes": ["triton"],
        "formats": ["onnx"],
        "counted": [],
    }
    return {**facts, **changed}


def deployment(name: str = "llama", *, namespace: str = "models", **spec: Any) -> Json:
    """Return a ModelDeployment as a customer applies it, defaults filled in by the API server."""
    whole = {
        "model": {
            "name": "llama",
            "format": "onnx",
            "digest": DIGEST,
            "size": 1000,
            "sources": ["https://models.example.org/llama/"],
        },
        "runtime": "triton",
        "resources": {"cpu": "1", "memory": "1Gi"},
        "replicas": 1,
        "placement": {"count": 1, "minOwners": 1},
    }
    return {
        "apiVersion": "modelbond.io/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**whole, **spec},
    }


@dataclass(slots=True)
class Home:
    """The home's side, whole. `settle` runs controllers until nothing is written any more."""

    config: HomeConfig = field(default_factory=lambda: HomeConfig(namespaces=("models",)))
    api: FakeKube = field(default_factory=FakeKube)
    clock: FakeClock = field(default_factory=FakeClock)
    events: FakeEvents = field(default_factory=FakeEvents)
    meter: FakeMeter = field(default_factory=FakeMeter)
    informers: FakeInformers = field(default_factory=FakeInformers)
    supervisor: FakeSupervisor = field(default_factory=FakeSupervisor)
    queue_deployments: FakeQueue = field(default_factory=FakeQueue)
    queue_orders: FakeQueue = field(default_factory=FakeQueue)
    queue_hosts: FakeQueue = field(default_factory=FakeQueue)
    chain: LeaseChain | None = None
    evidence: FakeEvidence = field(default_factory=FakeEvidence)
    renewals: int = 0
    deployments: Live = field(init=False)
    orders: Live = field(init=False)
    clusters: Live = field(init=False)
    book: HostBook = field(init=False)
    authority: SecretAuthority = field(init=False)
    deployment_controller: DeploymentController = field(init=False)
    order_controller: OrderController = field(init=False)
    host_controller: HostClusterController = field(init=False)
    leases: LeaseBook = field(init=False)
    lease_controller: LeaseController | None = field(init=False)

    def __post_init__(self) -> None:
        self.deployments = Live(self.api, MODEL_DEPLOYMENT)
        self.orders = Live(self.api, MODEL_PLACEMENT)
        self.clusters = Live(self.api, HOST_CLUSTER)
        self.start()

    def start(self) -> None:
        """Start the operator's process, anew when it ran before."""
        self.informers.made.clear()
        self.authority = SecretAuthority(
            api=self.api, namespace="modelbond-system", certificate_days=365, clock=self.clock
        )
        self.book = HostBook(
            self.clusters, clock=self.clock, silence_seconds=self.config.silence_seconds
        )
        self.order_controller = OrderController(
            api=self.api,
            orders=self.orders,
            deployments=self.deployments,
            hosts=self.clusters,
            book=self.book,
            authority=self.authority,
            queue=self.queue_orders,
            events=self.events,
            clock=self.clock,
            withdraw_deadline_seconds=self.config.withdraw_deadline_seconds,
        )
        self.leases = LeaseBook(deployments=self.queue_deployments)
        self.lease_controller = self._lease_controller()
        self.deployment_controller = DeploymentController(
            api=self.api,
            deployments=self.deployments,
            orders=OrderViews(
                all=self.orders,
                of_deployment=LiveIndex(self.orders, deployment_uid_of),
                at_host=LiveIndex(self.orders, host_of_object),
            ),
            book=self.book,
            authority=self.authority,
            on_new_token=self.order_controller.new_token,
            events=self.events,
            meter=self.meter,
            clock=self.clock,
            config=self.config,
            leases=self.leases.leases if self.chain else None,
        )
        self.host_controller = HostClusterController(
            api=self.api,
            hosts=self.clusters,
            orders_at=LiveIndex(self.orders, host_of_object),
            deployments=self.deployments,
            book=self.book,
            make_informer=self.informers,
            supervisor=self.supervisor,
            queue_hosts=self.queue_hosts,
            queue_deployments=self.queue_deployments,
            queue_orders=self.queue_orders,
            events=self.events,
            clock=self.clock,
        )

    def _lease_controller(self) -> LeaseController | None:
        if self.chain is None:
            return None
        return LeaseController(
            api=self.api,
            orders=self.orders,
            deployments=self.deployments,
            hosts=self.book,
            authority=self.authority,
            chain=self.chain,
            evidence=self.evidence,
            book=self.leases,
            clock=self.clock,
            poll_seconds=12,
        )

    async def settle(self, rounds: int = 12) -> None:
        """Run everything until a whole round writes nothing."""
        for _ in range(rounds):
            before = self._happened()
            await self.round()
            if self._happened() == before:
                self.check_schemas()
                return
        raise AssertionError(f"still writing: {self.api.writes()[-5:]}")

    def _happened(self) -> int:
        ended = self.chain.happened if isinstance(self.chain, FakeLeaseChain) else 0
        return len(self.api.writes()) + ended

    def check_schemas(self) -> None:
        """Fail where an order or status of ours would be refused, or a field of it dropped."""
        for kind in (MODEL_DEPLOYMENT, HOST_CLUSTER):
            for obj in self.api.objects(kind).values():
                wrong = violations(kind, {**obj, "spec": _VALID[kind.kind]})
                assert not wrong, wrong
        for obj in self.api.objects(MODEL_PLACEMENT).values():
            wrong = violations(MODEL_PLACEMENT, {**obj, "status": {}})
            assert not wrong, wrong

    async def round(self) -> None:
        """Let every controller look at every object once."""
        await self.informers.sync()
        for name in list(self.clusters):
            await self.host_controller.reconcile(name)
        await self.informers.sync()
        for name in list(self.clusters):
            await self.host_controller.reconcile(name)
        if self.lease_controller is not None:
            for key in list(self.orders):
                await self.lease_controller.reconcile(key)
        for key in list(self.deployments):
            await self.deployment_controller.reconcile(key)
        for key in list(self.orders):
            await self.order_controller.reconcile(key)

    async def looks_at(self, name: str = "llama") -> Outcome:
        """Let the deployment controller look at one deployment once."""
        return await self.deployment_controller.reconcile(f"models/{name}")

    # What the home's people do.

    def invites(self, name: str, *, accepted: bool = True, **spec: Any) -> None:
        """Make HostCluster, Lease and ConfigMap as `modelbond invite` does."""
        whole = {"accepted": accepted, "endpointCIDRs": ["10.0.0.0/8"], **spec}
        self.api.put(
            HOST_CLUSTER,
            {
                "apiVersion": "modelbond.io/v1alpha1",
                "kind": "HostCluster",
                "metadata": {"name": name, "labels": {"host": name}},
                "spec": whole,
            },
        )
        self.api.put(LEASE, _named(LEASE, "host", host=name, spec={}))
        self.api.put(CONFIG_MAP, _named(CONFIG_MAP, "host-report", host=name, data={}))

    def applies(self, body: Json) -> Json:
        """Apply a ModelDeployment: create it or change its spec."""
        key = key_of(body)
        held = self.deployments.get(key)
        if held is not None:
            body = {**held, "spec": body["spec"]}
        return self.api.put(MODEL_DEPLOYMENT, body)

    async def deletes(self, name: str = "llama") -> None:
        """Delete a ModelDeployment as kubectl does."""
        held = self.api.at(MODEL_DEPLOYMENT, name, namespace="models")
        self.api.now = self.clock.now()
        await self.api.delete(
            MODEL_DEPLOYMENT, name, namespace="models", uid=held["metadata"]["uid"]
        )

    # What hosts do.

    def renews(self, *names: str) -> None:
        """Renew the Leases of these hosts."""
        self.renewals += 1
        stamp = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.renewals)
        for name in names:
            spec = {"renewTime": stamp.isoformat(), "holderIdentity": name}
            self.api.put(LEASE, _named(LEASE, "host", host=name, spec=spec))

    def reports(self, name: str, **changed: Any) -> None:
        """Publish a report; the owner and the cluster are named after the host."""
        facts = {"clusterUID": f"cluster-{name}", "owner": f"{name}-labs", **changed}
        self.says(name, json.dumps(report(**facts)))

    def says(self, name: str, text: str) -> None:
        """Publish that text as report, whatever it is."""
        body = _named(CONFIG_MAP, "host-report", host=name, data={"report": text})
        self.api.put(CONFIG_MAP, body)

    async def joins(self, *names: str, **changed: Any) -> None:
        """Invite, accept and hear these hosts."""
        for name in names:
            self.invites(name)
            self.reports(name, **changed)
        await self.settle()
        self.renews(*names)
        await self.settle()

    def answers(self, host: str, *, order: Json | None = None, **status: Any) -> None:
        """Write an order's status as its host does, about the order as it is now."""
        held = order or self.order_at(host)
        body = {**held, "status": {"observedGeneration": held["metadata"]["generation"], **status}}
        self.api.put(MODEL_PLACEMENT, body)

    def serves(self, *hosts: str, address: str = "10.1.1.1", ready: int = 1) -> None:
        """Answer that all is well."""
        for host in hosts:
            self.answers(
                host,
                conditions=[
                    said("Accepted", reason="Accepted"),
                    said("ModelVerified", reason="Verified"),
                    said("ModelLoaded", reason="Loaded"),
                    said("EndpointReady", reason="EndpointServing"),
                    said("Ready", reason="Ready"),
                ],
                replicas=ready,
                readyReplicas=ready,
                endpoints=[{"address": address, "port": 30443}],
            )

    def declines(self, host: str, *, reason: str = "QuotaExceeded") -> None:
        """Refuse the order."""
        refusal = said("Accepted", status="False", reason=reason, message="no")
        self.answers(host, conditions=[refusal])

    def releases(self, host: str) -> None:
        """Confirm that the copy is gone."""
        self.answers(host, released=True, conditions=[])

    # What a test asks.

    def order_at(self, host: str) -> Json:
        """Return the one order of this host."""
        found = self.orders_at(host)
        assert len(found) == 1, f"{len(found)} orders at {host}"
        return found[0]

    def orders_at(self, host: str) -> list[Json]:
        """Return the orders of this host."""
        namespace = f"modelbond-host-{host}"
        return [
            obj
            for obj in self.api.objects(MODEL_PLACEMENT).values()
            if obj["metadata"]["namespace"] == namespace
        ]

    def placed(self) -> list[str]:
        """Return the hosts that hold an order which is not withdrawn."""
        return sorted(
            str(obj["spec"]["host"])
            for obj in self.api.objects(MODEL_PLACEMENT).values()
            if obj["spec"]["state"] == "Active" and "deletionTimestamp" not in obj["metadata"]
        )

    def status(self, name: str = "llama") -> Json:
        """Return a deployment's status."""
        held = self.api.at(MODEL_DEPLOYMENT, name, namespace="models")
        status: Json = held.get("status", {})
        return status

    def condition(self, about: ConditionType, name: str = "llama") -> Json:
        """Return one condition of a deployment."""
        found = find(self.status(name).get("conditions", []), about)
        assert found is not None, f"no {about}"
        return found

    def host_condition(self, about: ConditionType, host: str) -> Json:
        """Return one condition of a HostCluster."""
        found = find(self.api.at(HOST_CLUSTER, host)["status"]["conditions"], about)
        assert found is not None, f"no {about}"
        return found


def said(about: str, *, reason: str, status: str = "True", message: str = "as said") -> Json:
    """Return a condition as a host writes it."""
    return {
        "type": about,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


_VALID: dict[str, Json] = {"ModelDeployment": deployment()["spec"], "HostCluster": {}}
"""Tests may break a spec on purpose; its status must be right all the same."""


def _named(kind: Kind, name: str, *, host: str, **parts: Any) -> Json:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": name, "namespace": f"modelbond-host-{host}"},
        **parts,
    }


async def placed(home: Home, **spec: Any) -> str:
    """Apply a deployment that fits one host and return that host."""
    home.applies(deployment(**spec))
    await home.settle()
    (host,) = home.placed()
    return host


def other(host: str) -> str:
    """Return the other one of alpha and beta."""
    return "beta" if host == "alpha" else "alpha"
