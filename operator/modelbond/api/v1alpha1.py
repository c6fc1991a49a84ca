"""Generated from crds/ by operator/generate.py: do not edit."""

from typing import Annotated, Any, Literal

from msgspec import Meta, convert, field

from modelbond.api.wire import Wire


class Model(Wire, frozen=True, kw_only=True):
    """The weights, named by what they are and not by where they lie."""

    name: Annotated[
        str, Meta(max_length=63, pattern="^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?$")
    ]
    digest: Annotated[str, Meta(max_length=71, pattern="^sha256:[0-9a-f]{64}$")]
    size: Annotated[int, Meta(ge=1, le=10995116277760)]
    sources: Annotated[list[str], Meta(max_length=8, min_length=1)]
    format: Literal["onnx"] = "onnx"


class Gpu(Wire, frozen=True, kw_only=True):
    """GPUs of each replica. Without it the model runs on the CPU."""

    class_: Annotated[
        str, Meta(max_length=63, pattern="^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$")
    ] = field(name="class")
    count: Annotated[int, Meta(ge=1, le=64)] = 1


class Resources(Wire, frozen=True, kw_only=True):
    """What each replica asks of its host; requests and limits alike."""

    cpu: Annotated[str, Meta(max_length=16, pattern="^([0-9]+m|[0-9]+(\\.[0-9]{1,3})?)$")] = "1"
    memory: Annotated[
        str, Meta(max_length=16, pattern="^[0-9]+(\\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$")
    ] = "1Gi"
    gpu: Gpu | None = None


class LabelRequirement(Wire, frozen=True, kw_only=True):
    """One condition on one label."""

    key: Annotated[str, Meta(max_length=317, min_length=1)]
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: Annotated[list[str], Meta(max_length=32)] = field(default_factory=list)


class LabelSelector(Wire, frozen=True, kw_only=True):
    """Labels that a HostCluster must carry to be chosen."""

    match_labels: Annotated[dict[str, str], Meta(max_length=16)] = field(
        name="matchLabels", default_factory=dict
    )
    match_expressions: Annotated[list[LabelRequirement], Meta(max_length=16)] = field(
        name="matchExpressions", default_factory=list
    )


class SpreadConstraint(Wire, frozen=True, kw_only=True):
    """A limit for one property of hosts."""

    spread_by_field: Literal["owner", "region", "zone", "provider"] = field(name="spreadByField")
    max_per_group: Annotated[int, Meta(ge=1, le=32)] = field(name="maxPerGroup", default=1)


class Toleration(Wire, frozen=True, kw_only=True):
    """A taint, or a group of taints, that is tolerated."""

    key: Annotated[str, Meta(max_length=317, min_length=1)] | None = None
    operator: Literal["Exists", "Equal"] = "Equal"
    value: Annotated[str, Meta(max_length=63)] | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule"] | None = None


class PlacementRules(Wire, frozen=True, kw_only=True):
    """On which hosts, and on how many."""

    count: Annotated[int, Meta(ge=1, le=32)] = 1
    hosts: Annotated[list[str], Meta(max_length=64)] = field(default_factory=list)
    selector: LabelSelector | None = None
    spread_constraints: Annotated[list[SpreadConstraint], Meta(max_length=4)] = field(
        name="spreadConstraints", default_factory=list
    )
    tolerations: Annotated[list[Toleration], Meta(max_length=16)] = field(default_factory=list)
    min_owners: Annotated[int, Meta(ge=1, le=32)] = field(name="minOwners", default=1)


class CanarySource(Wire, frozen=True, kw_only=True):
    """Inputs with the answers that are right for them."""

    config_map: Annotated[str, Meta(max_length=253, pattern="^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")] = (
        field(name="configMap")
    )


class Sla(Wire, frozen=True, kw_only=True):
    """
    What watchers measure of each placement that has a lease. It becomes part of the agreement
    with each host; a change of it holds for agreements that are made after it.
    """

    canaries: CanarySource
    latency_bound_ms: Annotated[int, Meta(ge=1, le=600000)] = field(
        name="latencyBoundMs", default=1000
    )
    requests_per_minute: Annotated[int, Meta(ge=1, le=1000000)] = field(
        name="requestsPerMinute", default=600
    )


class LeaseTerms(Wire, frozen=True, kw_only=True):
    """
    What the customer pays for each placement and wants in return when the promise is broken. A
    host's offer within all of this is taken, any other is refused. Amounts are whole numbers of
    the asset's smallest unit.
    """

    wallet_secret: Annotated[
        str, Meta(max_length=253, pattern="^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    ] = field(name="walletSecret")
    max_rate_per_slice: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")] = field(
        name="maxRatePerSlice"
    )
    daily_spend_cap: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")] = field(
        name="dailySpendCap"
    )
    total_spend_cap: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")] = field(
        name="totalSpendCap"
    )
    min_credit_per_slice: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")] = field(
        name="minCreditPerSlice", default="1"
    )
    min_cover_slices: Annotated[int, Meta(ge=1, le=1000000000)] = field(
        name="minCoverSlices", default=1
    )
    max_slice_seconds: Annotated[int, Meta(ge=1, le=3600)] = field(
        name="maxSliceSeconds", default=60
    )
    max_allowance_basis_points: Annotated[int, Meta(ge=0, le=10000)] = field(
        name="maxAllowanceBasisPoints", default=100
    )
    max_maintenance_basis_points: Annotated[int, Meta(ge=0, le=10000)] = field(
        name="maxMaintenanceBasisPoints", default=100
    )
    max_grace_slices: Annotated[int, Meta(ge=0, le=2678400)] = field(
        name="maxGraceSlices", default=60
    )
    prepay_slices: Annotated[int, Meta(ge=1, le=2678400)] = field(name="prepaySlices", default=1440)
    auto_claim: bool = field(name="autoClaim", default=True)


class ModelDeploymentSpec(Wire, frozen=True, kw_only=True):
    """What shall be served, and where. Only the customer writes it."""

    model: Model
    runtime: Annotated[str, Meta(max_length=63, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    resources: Resources = field(default_factory=lambda: convert({}, type=Resources))
    replicas: Annotated[int, Meta(ge=0, le=64)] = 1
    placement: PlacementRules = field(
        default_factory=lambda: convert({"count": 1, "minOwners": 1}, type=PlacementRules)
    )
    sla: Sla | None = None
    lease: LeaseTerms | None = None


class ConditionEntry(Wire, frozen=True, kw_only=True):
    """One statement about the object."""

    type: Annotated[str, Meta(max_length=63, pattern="^[A-Z][A-Za-z]*$")]
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[str, Meta(max_length=63, pattern="^[A-Z][A-Za-z]*$")]
    message: Annotated[str, Meta(max_length=4096)]
    last_transition_time: str = field(name="lastTransitionTime")
    observed_generation: Annotated[int, Meta(ge=0)] | None = field(
        name="observedGeneration", default=None
    )


class PlacementSummary(Wire, frozen=True, kw_only=True):
    """Counts of hosts."""

    desired: Annotated[int, Meta(ge=0)]
    placed: Annotated[int, Meta(ge=0)]
    ready: Annotated[int, Meta(ge=0)]
    hosts: Annotated[str, Meta(max_length=23, pattern="^[0-9]+/[0-9]+$")]


class LeaseState(Wire, frozen=True, kw_only=True):
    """Its lease, as the chain's finalized block last showed it."""

    state: Literal["Proposed", "Refused", "Opening", "Open", "Ending", "Ended", "Released"]
    reason: Annotated[str, Meta(max_length=63, pattern="^[A-Z][A-Za-z]*$")] | None = None
    message: Annotated[str, Meta(max_length=1024)] | None = None
    id: Annotated[str, Meta(max_length=66, pattern="^0x[0-9a-f]{64}$")] | None = None
    host_account: Annotated[str, Meta(max_length=42, pattern="^0x[0-9a-f]{40}$")] | None = (
        field(name="hostAccount", default=None)
    )
    frame: Annotated[int, Meta(ge=0)] | None = None
    through: Annotated[int, Meta(ge=0)] | None = None
    unearned: Annotated[int, Meta(ge=0)] | None = None
    breach: Annotated[int, Meta(ge=0)] | None = None
    bad: Annotated[int, Meta(ge=0)] | None = None
    allowance: Annotated[int, Meta(ge=0)] | None = None
    period: Annotated[int, Meta(ge=0)] | None = None
    good: Annotated[int, Meta(ge=0)] | None = None
    unknown: Annotated[int, Meta(ge=0)] | None = None
    outages: Annotated[int, Meta(ge=0)] | None = None
    recent_bad: Annotated[int, Meta(ge=0)] | None = field(name="recentBad", default=None)
    recent_seconds: Annotated[int, Meta(ge=0)] | None = field(
        name="recentSeconds", default=None
    )
    credited: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")] | None = None
    root: Annotated[str, Meta(max_length=66, pattern="^0x[0-9a-f]{64}$")] | None = None
    transaction: Annotated[str, Meta(max_length=66, pattern="^0x[0-9a-f]{64}$")] | None = None
    funded_until: str | None = field(name="fundedUntil", default=None)


class PlacementState(Wire, frozen=True, kw_only=True):
    """One placement as the home sees it."""

    slot: Annotated[int, Meta(ge=0, le=31)]
    host: Annotated[str, Meta(max_length=48)]
    order: Annotated[str, Meta(max_length=63)]
    epoch: Annotated[int, Meta(ge=1)]
    health: Literal[
        "Pending", "Declined", "Progressing", "Healthy", "Degraded", "Unreachable", "Withdrawing"
    ]
    reason: Annotated[str, Meta(max_length=63, pattern="^[A-Z][A-Za-z]*$")] | None = None
    message: Annotated[str, Meta(max_length=1024)] | None = None
    replicas: Annotated[int, Meta(ge=0)] | None = None
    ready_replicas: Annotated[int, Meta(ge=0)] | None = field(
        name="readyReplicas", default=None
    )
    revision: Annotated[str, Meta(max_length=64, pattern="^[0-9a-f]*$")] | None = None
    progress_percent: Annotated[int, Meta(ge=0, le=100)] | None = field(
        name="progressPercent", default=None
    )
    lease: LeaseState | None = None


class DeploymentEndpoint(Wire, frozen=True, kw_only=True):
    """One address of one host."""

    host: Annotated[str, Meta(max_length=48)]
    address: Annotated[str, Meta(max_length=45)]
    port: Annotated[int, Meta(ge=1, le=65535)]


class Spending(Wire, frozen=True, kw_only=True):
    """What was paid into escrow, for the caps of spec.lease."""

    total: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")]
    day: Annotated[str, Meta(max_length=10, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    today: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")]


class BarredHost(Wire, frozen=True, kw_only=True):
    """One host and its refusal."""

    host: Annotated[str, Meta(max_length=48)]
    generation: Annotated[int, Meta(ge=0)]
    times: Annotated[int, Meta(ge=1)]
    reason: Annotated[str, Meta(max_length=63, pattern="^[A-Z][A-Za-z]*$")]
    until: str
    message: Annotated[str, Meta(max_length=1024)] | None = None
    policy_revision: Annotated[str, Meta(max_length=64)] | None = field(
        name="policyRevision", default=None
    )


class DeploymentFailure(Wire, frozen=True, kw_only=True):
    """The last failure that a host told of, kept after it is mended."""

    host: Annotated[str, Meta(max_length=48)]
    location: Annotated[str, Meta(max_length=63)]
    reason: Annotated[str, Meta(max_length=63, pattern="^[A-Z][A-Za-z]*$")]
    message: Annotated[str, Meta(max_length=1024)]
    retriable: bool
    time: str


class ModelDeploymentStatus(Wire, frozen=True, kw_only=True):
    """What is true now, as the home's operator last saw it."""

    observed_generation: Annotated[int, Meta(ge=0)] | None = field(
        name="observedGeneration", default=None
    )
    conditions: Annotated[list[ConditionEntry], Meta(max_length=16)] = field(default_factory=list)
    replicas: Annotated[int, Meta(ge=0)] | None = None
    selector: Annotated[str, Meta(max_length=512)] | None = None
    summary: PlacementSummary | None = None
    placements: Annotated[list[PlacementState], Meta(max_length=32)] = field(default_factory=list)
    endpoints: Annotated[list[DeploymentEndpoint], Meta(max_length=128)] = field(
        default_factory=list
    )
    uptime: Annotated[str, Meta(max_length=16, pattern="^[0-9]{1,3}\\.[0-9]{2}%$")] | None = (
        None
    )
    spending: Spending | None = None
    client_secret: Annotated[str, Meta(max_length=253)] | None = field(
        name="clientSecret", default=None
    )
    barred: Annotated[list[BarredHost], Meta(max_length=64)] = field(default_factory=list)
    last_failure: DeploymentFailure | None = field(name="lastFailure", default=None)


class ModelDeployment(Wire, frozen=True, kw_only=True):
    """
    A model that a customer wants served, on clusters of one or more owners. Apply it in a
    namespace that the chart's home.namespaces lists. Clients reach it by the Service of the
    same name with the CA and token of the Secret NAME-client.
    """

    api_version: str = field(name="apiVersion")
    kind: str
    metadata: dict[str, Any]
    spec: ModelDeploymentSpec
    status: ModelDeploymentStatus | None = None


class DeploymentReference(Wire, frozen=True, kw_only=True):
    """The ModelDeployment, by its names at the home."""

    namespace: Annotated[str, Meta(max_length=63, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    name: Annotated[str, Meta(max_length=40, pattern="^[a-z]([-a-z0-9]*[a-z0-9])?$")]
    uid: Annotated[str, Meta(max_length=64, pattern="^[0-9a-zA-Z]([0-9a-zA-Z._-]*[0-9a-zA-Z])?$")]
    generation: Annotated[int, Meta(ge=1)]


class LeaseWish(Wire, frozen=True, kw_only=True):
    """
    On what the home wants an offer: the agreement's text, its canaries and the probe token lie
    in the Secret NAME-agreement beside the order.
    """

    customer: Annotated[str, Meta(max_length=42, pattern="^0x[0-9a-f]{40}$")]
    slot: Annotated[str, Meta(max_length=66, pattern="^0x[0-9a-f]{64}$")]
    tower: Annotated[str, Meta(max_length=42, pattern="^0x[0-9a-f]{40}$")]
    agreement: Annotated[str, Meta(max_length=66, pattern="^0x[0-9a-f]{64}$")]


class Origin(Wire, frozen=True, kw_only=True):
    """
    Where a copy comes from. A copy counts only with the UID of a HomeCluster and of an order
    that was seen there.
    """

    home_cluster: Annotated[str, Meta(max_length=48, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")] = (
        field(name="homeCluster")
    )
    home_cluster_uid: Annotated[
        str, Meta(max_length=64, pattern="^[0-9a-zA-Z]([0-9a-zA-Z._-]*[0-9a-zA-Z])?$")
    ] = field(name="homeClusterUID")
    home_uid: Annotated[
        str, Meta(max_length=64, pattern="^[0-9a-zA-Z]([0-9a-zA-Z._-]*[0-9a-zA-Z])?$")
    ] = field(name="homeUID")
    order_uid: Annotated[
        str, Meta(max_length=64, pattern="^[0-9a-zA-Z]([0-9a-zA-Z._-]*[0-9a-zA-Z])?$")
    ] = field(name="orderUID")


class ModelPlacementSpec(Wire, frozen=True, kw_only=True):
    """What the host is asked to serve."""

    role: Literal["Order", "Copy"]
    deployment: DeploymentReference
    host: Annotated[str, Meta(max_length=48, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    slot: Annotated[int, Meta(ge=0, le=31)]
    epoch: Annotated[int, Meta(ge=1)]
    model: Model
    runtime: Annotated[str, Meta(max_length=63, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    replicas: Annotated[int, Meta(ge=0, le=64)]
    state: Literal["Active", "Withdrawn"] = "Active"
    resources: Resources = field(default_factory=lambda: convert({}, type=Resources))
    lease: LeaseWish | None = None
    origin: Origin | None = None


class Progress(Wire, frozen=True, kw_only=True):
    """Bytes of the weights that arrived, of all that must."""

    done_bytes: Annotated[int, Meta(ge=0)] = field(name="doneBytes")
    total_bytes: Annotated[int, Meta(ge=0)] = field(name="totalBytes")


class Endpoint(Wire, frozen=True, kw_only=True):
    """One address of the host."""

    address: Annotated[str, Meta(max_length=45)]
    port: Annotated[int, Meta(ge=1, le=65535)]


class OfferTerms(Wire, frozen=True, kw_only=True):
    """The offer under the contract's names."""

    customer: Annotated[str, Meta(max_length=42, pattern="^0x[0-9a-f]{40}$")]
    asset: Annotated[str, Meta(max_length=42, pattern="^0x[0-9a-f]{40}$")]
    host: Annotated[str, Meta(max_length=42, pattern="^0x[0-9a-f]{40}$")]
    tower: Annotated[str, Meta(max_length=42, pattern="^0x[0-9a-f]{40}$")]
    slot: Annotated[str, Meta(max_length=66, pattern="^0x[0-9a-f]{64}$")]
    epoch: Annotated[int, Meta(ge=0, le=9007199254740991)]
    rate: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")]
    fee: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")]
    cover: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")]
    credit_per_slice: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")] = field(
        name="creditPerSlice"
    )
    cover_factor: Annotated[int, Meta(ge=0, le=4294967295)] = field(name="coverFactor")
    slice: Annotated[int, Meta(ge=0, le=4294967295)]
    period: Annotated[int, Meta(ge=0, le=4294967295)]
    allowance: Annotated[int, Meta(ge=0, le=4294967295)]
    notice: Annotated[int, Meta(ge=0, le=4294967295)]
    maintenance_notice: Annotated[int, Meta(ge=0, le=4294967295)] = field(name="maintenanceNotice")
    maintenance_budget: Annotated[int, Meta(ge=0, le=4294967295)] = field(name="maintenanceBudget")
    grace: Annotated[int, Meta(ge=0, le=4294967295)]
    prepayment: Annotated[int, Meta(ge=0, le=4294967295)]
    expiry: Annotated[int, Meta(ge=0, le=9007199254740991)]
    agreement: Annotated[str, Meta(max_length=66, pattern="^0x[0-9a-f]{64}$")]
    rules: Annotated[str, Meta(max_length=66, pattern="^0x[0-9a-f]{64}$")]


class SignedOffer(Wire, frozen=True, kw_only=True):
    """The host's offer of a lease on what spec.lease wishes. It binds the host until its expiry."""

    terms: OfferTerms
    signature: Annotated[str, Meta(max_length=132, pattern="^0x[0-9a-f]{130}$")]


class SignedEndpoint(Wire, frozen=True, kw_only=True):
    """
    Where the host serves a lease, for watchers. Of several the one with the highest sequence
    holds.
    """

    lease: Annotated[str, Meta(max_length=66, pattern="^0x[0-9a-f]{64}$")]
    sequence: Annotated[int, Meta(ge=1, le=9007199254740991)]
    address: Annotated[
        str, Meta(max_length=53, pattern="^(\\[[0-9a-f:.]{2,45}\\]|[0-9.]{7,15}):[0-9]{1,5}$")
    ]
    from_slice: Annotated[int, Meta(ge=0, le=1099511627775)] = field(name="fromSlice")
    signature: Annotated[str, Meta(max_length=132, pattern="^0x[0-9a-f]{130}$")]


class PlacementFailure(Wire, frozen=True, kw_only=True):
    """The last failure, kept after it is mended."""

    location: Annotated[str, Meta(max_length=63)]
    reason: Annotated[str, Meta(max_length=63, pattern="^[A-Z][A-Za-z]*$")]
    message: Annotated[str, Meta(max_length=1024)]
    retriable: bool
    time: str


class ModelPlacementStatus(Wire, frozen=True, kw_only=True):
    """What the host says. On an order it was written by the host, so it is a stranger's word."""

    observed_generation: Annotated[int, Meta(ge=0)] | None = field(
        name="observedGeneration", default=None
    )
    order_generation: Annotated[int, Meta(ge=0)] | None = field(
        name="orderGeneration", default=None
    )
    orphaned_since: str | None = field(name="orphanedSince", default=None)
    conditions: Annotated[list[ConditionEntry], Meta(max_length=16)] = field(default_factory=list)
    released: bool | None = None
    replicas: Annotated[int, Meta(ge=0)] | None = None
    ready_replicas: Annotated[int, Meta(ge=0)] | None = field(
        name="readyReplicas", default=None
    )
    revision: Annotated[str, Meta(max_length=64, pattern="^[0-9a-f]*$")] | None = None
    progress: Progress | None = None
    endpoints: Annotated[list[Endpoint], Meta(max_length=4)] = field(default_factory=list)
    signing_request: (
        Annotated[str, Meta(max_length=4096, pattern="^-----BEGIN CERTIFICATE REQUEST-----")]
        | None
    ) = field(name="signingRequest", default=None)
    offer: SignedOffer | None = None
    endpoint_record: SignedEndpoint | None = field(name="endpointRecord", default=None)
    last_failure: PlacementFailure | None = field(name="lastFailure", default=None)


class ModelPlacement(Wire, frozen=True, kw_only=True):
    """
    One ModelDeployment on one host. The order lies at the home, in the namespace of the host,
    and the host pulls it; the copy lies at the host, in the namespace of that home, and the
    host works from it. Only operators write either.
    """

    api_version: str = field(name="apiVersion")
    kind: str
    metadata: dict[str, Any]
    spec: ModelPlacementSpec
    status: ModelPlacementStatus | None = None


class Taint(Wire, frozen=True, kw_only=True):
    """One mark."""

    key: Annotated[str, Meta(max_length=317, min_length=1)]
    effect: Literal["NoSchedule", "PreferNoSchedule"]
    value: Annotated[str, Meta(max_length=63)] | None = None


class HostClusterSpec(Wire, frozen=True, kw_only=True):
    """How far this home trusts the host."""

    accepted: bool = False
    taints: Annotated[list[Taint], Meta(max_length=16)] = field(default_factory=list)
    endpoint_cidrs: Annotated[list[str], Meta(max_length=16)] = field(
        name="endpointCIDRs", default_factory=list
    )


class FreeClass(Wire, frozen=True, kw_only=True):
    """One class and what is free of it."""

    class_: Annotated[
        str, Meta(max_length=63, pattern="^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$")
    ] = field(name="class")
    free: Annotated[int, Meta(ge=0)]
    largest_on_one_node: Annotated[int, Meta(ge=0)] = field(name="largestOnOneNode")


class HostClusterStatus(Wire, frozen=True, kw_only=True):
    """What the host reports, after it was checked, and what the home sees of it."""

    cluster_uid: (
        Annotated[str, Meta(max_length=64, pattern="^[0-9a-zA-Z]([0-9a-zA-Z._-]*[0-9a-zA-Z])?$")]
        | None
    ) = field(name="clusterUID", default=None)
    version: Annotated[str, Meta(max_length=64)] | None = None
    owner: Annotated[str, Meta(max_length=63)] | None = None
    region: Annotated[str, Meta(max_length=63)] | None = None
    zone: Annotated[str, Meta(max_length=63)] | None = None
    provider: Annotated[str, Meta(max_length=63)] | None = None
    classes: Annotated[list[FreeClass], Meta(max_length=64)] = field(default_factory=list)
    cpu_free: (
        Annotated[str, Meta(max_length=24, pattern="^([0-9]+m|[0-9]+(\\.[0-9]{1,3})?)$")]
        | None
    ) = field(name="cpuFree", default=None)
    memory_free: (
        Annotated[
            str, Meta(max_length=24, pattern="^[0-9]+(\\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$")
        ]
        | None
    ) = field(name="memoryFree", default=None)
    runtimes: Annotated[list[str], Meta(max_length=64)] = field(default_factory=list)
    formats: Annotated[list[str], Meta(max_length=16)] = field(default_factory=list)
    state: Literal["Active", "Cordoned", "Drained"] | None = None
    policy_revision: Annotated[str, Meta(max_length=64)] | None = field(
        name="policyRevision", default=None
    )
    orders: Annotated[int, Meta(ge=0)] | None = None
    last_heard: str | None = field(name="lastHeard", default=None)
    conditions: Annotated[list[ConditionEntry], Meta(max_length=16)] = field(default_factory=list)


class HostCluster(Wire, frozen=True, kw_only=True):
    """
    A cluster of some owner that offered to run models for this home. It is made by `modelbond
    invite` and written by the home alone; a selector matches the labels in its metadata.
    """

    api_version: str = field(name="apiVersion")
    kind: str
    metadata: dict[str, Any]
    spec: HostClusterSpec = field(default_factory=lambda: convert({}, type=HostClusterSpec))
    status: HostClusterStatus | None = None


class GpuCount(Wire, frozen=True, kw_only=True):
    """GPUs of one class."""

    class_: Annotated[
        str, Meta(max_length=63, pattern="^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$")
    ] = field(name="class")
    count: Annotated[int, Meta(ge=0, le=65536)]


class Quota(Wire, frozen=True, kw_only=True):
    """The most that all copies of this home may use together."""

    gpus: Annotated[list[GpuCount], Meta(max_length=64)] = field(default_factory=list)
    cpu: Annotated[str, Meta(max_length=16, pattern="^([0-9]+m|[0-9]+(\\.[0-9]{1,3})?)$")] = "0"
    memory: Annotated[
        str, Meta(max_length=16, pattern="^[0-9]+(\\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$")
    ] = "0"


class Policy(Wire, frozen=True, kw_only=True):
    """What may run here for this home."""

    runtimes: Annotated[list[str], Meta(max_length=32)] = field(default_factory=list)
    formats: Annotated[list[Literal["onnx"]], Meta(max_length=16)] = field(default_factory=list)
    sources: Annotated[list[str], Meta(max_length=64)] = field(default_factory=list)
    orphan_after: (
        Annotated[str, Meta(max_length=8, pattern="^[1-9][0-9]{0,6}[smh]$")] | None
    ) = field(name="orphanAfter", default=None)
    after_lease: Annotated[str, Meta(max_length=8, pattern="^(keep|[1-9][0-9]{0,6}[smh])$")] = (
        field(name="afterLease", default="10m")
    )


class Cache(Wire, frozen=True, kw_only=True):
    """Where weights are kept between pods. Without it each pod fetches."""

    claim_name: Annotated[str, Meta(max_length=253, pattern="^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")] = (
        field(name="claimName")
    )


class EndpointAddresses(Wire, frozen=True, kw_only=True):
    """At which addresses this cluster serves."""

    addresses: Annotated[list[str], Meta(max_length=4)] = field(default_factory=list)


class LeasePrice(Wire, frozen=True, kw_only=True):
    """
    On what terms this host puts a bond behind placements of this home. Without it the host
    makes no offers, and serves without a lease. Amounts are whole numbers of the asset's
    smallest unit; counts are slices. A change holds for offers that are made after it.
    """

    rate: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")]
    cover: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")]
    credit_per_slice: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")] = field(
        name="creditPerSlice"
    )
    fee: Annotated[str, Meta(max_length=38, pattern="^[0-9]{1,38}$")] = "0"
    cover_factor: Annotated[int, Meta(ge=1, le=10)] = field(name="coverFactor", default=10)
    slice_seconds: Annotated[int, Meta(ge=1, le=3600)] = field(name="sliceSeconds", default=60)
    period: Annotated[int, Meta(ge=1, le=2678400)] = 10080
    allowance: Annotated[int, Meta(ge=0, le=2678400)] = 10
    notice: Annotated[int, Meta(ge=1, le=2592000)] = 60
    maintenance_notice: Annotated[int, Meta(ge=0, le=2678400)] = field(
        name="maintenanceNotice", default=1440
    )
    maintenance_budget: Annotated[int, Meta(ge=0, le=2678400)] = field(
        name="maintenanceBudget", default=60
    )
    grace: Annotated[int, Meta(ge=0, le=2678400)] = 0
    prepayment: Annotated[int, Meta(ge=1, le=2678400)] = 60
    max_requests_per_minute: Annotated[int, Meta(ge=1, le=1000000)] = field(
        name="maxRequestsPerMinute", default=600
    )
    min_latency_bound_ms: Annotated[int, Meta(ge=1, le=600000)] = field(
        name="minLatencyBoundMs", default=100
    )
    offer_seconds: Annotated[int, Meta(ge=60, le=604800)] = field(name="offerSeconds", default=3600)


class HomeClusterSpec(Wire, frozen=True, kw_only=True):
    """What this cluster does for the home. Only its owner writes it."""

    server: Annotated[str, Meta(max_length=253, pattern="^https://[^/?#@\\s]+(/[^?#@\\s]*)?$")]
    join_secret: Annotated[
        str, Meta(max_length=253, pattern="^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    ] = field(name="joinSecret")
    quota: Quota = field(default_factory=lambda: convert({}, type=Quota))
    policy: Policy = field(default_factory=lambda: convert({}, type=Policy))
    cache: Cache | None = None
    endpoint: EndpointAddresses = field(default_factory=lambda: convert({}, type=EndpointAddresses))
    lease: LeasePrice | None = None
    state: Literal["Active", "Cordoned", "Drained"] = "Active"


class Usage(Wire, frozen=True, kw_only=True):
    """What the accepted copies of this home have reserved."""

    cpu: Annotated[str, Meta(max_length=24, pattern="^([0-9]+m|[0-9]+(\\.[0-9]{1,3})?)$")]
    memory: Annotated[
        str, Meta(max_length=24, pattern="^[0-9]+(\\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$")
    ]
    gpus: Annotated[list[GpuCount], Meta(max_length=64)] = field(default_factory=list)


class HomeClusterStatus(Wire, frozen=True, kw_only=True):
    """What is true of the link now, as this host sees it."""

    home_uid: (
        Annotated[str, Meta(max_length=64, pattern="^[0-9a-zA-Z]([0-9a-zA-Z._-]*[0-9a-zA-Z])?$")]
        | None
    ) = field(name="homeUID", default=None)
    host_name: Annotated[str, Meta(max_length=48)] | None = field(
        name="hostName", default=None
    )
    namespace: Annotated[str, Meta(max_length=63)] | None = None
    used: Usage | None = None
    copies: Annotated[int, Meta(ge=0)] | None = None
    last_contact: str | None = field(name="lastContact", default=None)
    conditions: Annotated[list[ConditionEntry], Meta(max_length=16)] = field(default_factory=list)


class HomeCluster(Wire, frozen=True, kw_only=True):
    """
    A home for which this cluster runs models, and the terms on which it does. It is made by
    `modelbond join`; whatever is not opened here stays closed. Deleting it is the owner's word
    to stop: all copies of that home are removed.
    """

    api_version: str = field(name="apiVersion")
    kind: str
    metadata: dict[str, Any]
    spec: HomeClusterSpec
    status: HomeClusterStatus | None = None
