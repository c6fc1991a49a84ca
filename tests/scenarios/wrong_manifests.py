"""Manifests that an API server must refuse, with what its answer must say."""

from collections.abc import Callable
from dataclasses import dataclass

from scenarios.manifests import (
    ABSENT,
    MODEL,
    Edit,
    Json,
    copy_of_order,
    deployment,
    home_cluster,
    host_cluster,
    order,
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A correct manifest with one wrong edit; the refusal names `field` and has `remedy` in it."""

    title: str
    base: Callable[[], Json]
    edit: Edit
    field: str
    remedy: str = ""

    def manifest(self) -> Json:
        """Return the wrong manifest."""
        return self.edit.applied_to(self.base())


def _wrong(title: str, path: str, value: object, says: str = "", remedy: str = "") -> Wrong:
    """Return a wrong ModelDeployment; the refusal names `says`, or else the path itself."""
    return Wrong(title, deployment, Edit(path, value), says or path, remedy)


DEPLOYMENTS = (
    _wrong("no spec", "spec", ABSENT),
    _wrong("an unknown field in spec", "spec.modle", {}, 'unknown field "spec.modle"'),
    _wrong(
        "an unknown field deep inside",
        "spec.resources.gpu.model",
        "L4",
        'unknown field "spec.resources.gpu.model"',
    ),
    _wrong("a name that is too long", "metadata.name", "a" * 41, "metadata.name", "shorter name"),
    _wrong(
        "a name that begins with a digit",
        "metadata.name",
        "7b-model",
        "metadata.name",
        "begin with a letter",
    ),
    _wrong("a name with dots", "metadata.name", "digits.v2", "metadata.name", "lower-case letters"),
    _wrong("no model", "spec.model", ABSENT),
    _wrong("no model name", "spec.model.name", ABSENT),
    _wrong("an empty model name", "spec.model.name", ""),
    _wrong("a model name that leaves its folder", "spec.model.name", "../digits"),
    _wrong("a model name that is too long", "spec.model.name", "m" * 64),
    _wrong("an unknown format", "spec.model.format", "pickle"),
    _wrong("no digest", "spec.model.digest", ABSENT),
    _wrong("a digest of another hash", "spec.model.digest", "md5:" + "0a" * 16),
    _wrong("a digest in capitals", "spec.model.digest", "sha256:" + "0A" * 32),
    _wrong("a short digest", "spec.model.digest", "sha256:0a0a"),
    _wrong("no size", "spec.model.size", ABSENT),
    _wrong("a size of nothing", "spec.model.size", 0),
    _wrong("a size that no disk has", "spec.model.size", 2**44),
    _wrong("a size in words", "spec.model.size", "3Gi"),
    _wrong("no sources", "spec.model.sources", ABSENT),
    _wrong("an empty list of sources", "spec.model.sources", []),
    _wrong("nine sources", "spec.model.sources", [f"https://m{n}.example.org/" for n in range(9)]),
    _wrong("a source twice", "spec.model.sources", MODEL["sources"] * 2, "spec.model.sources[1]"),
    _wrong(
        "a source that is a file",
        "spec.model.sources.0",
        "file:///etc/passwd",
        "spec.model.sources[0]",
    ),
    _wrong(
        "a source with a password",
        "spec.model.sources.0",
        "https://me:secret@models.example.org/",
        "spec.model.sources[0]",
    ),
    _wrong(
        "a source with a query",
        "spec.model.sources.0",
        "https://models.example.org/?token=secret",
        "spec.model.sources[0]",
    ),
    _wrong(
        "a source that is too long",
        "spec.model.sources.0",
        "https://models.example.org/" + "a" * 1000,
        "spec.model.sources[0]",
    ),
    _wrong("no runtime", "spec.runtime", ABSENT),
    _wrong("a runtime that is an image", "spec.runtime", "example.org/triton:1"),
    _wrong("CPU without an amount", "spec.resources.cpu", "much"),
    _wrong("negative CPU", "spec.resources.cpu", "-1"),
    _wrong("no CPU at all", "spec.resources.cpu", "0m", "spec.resources.cpu", "at least"),
    _wrong("memory in an unknown unit", "spec.resources.memory", "1GB"),
    _wrong("no memory at all", "spec.resources.memory", "0Gi", "spec.resources.memory", "is zero"),
    _wrong("a GPU of no class", "spec.resources.gpu.class", ABSENT),
    _wrong("a GPU class with blanks", "spec.resources.gpu.class", "NVIDIA L4"),
    _wrong("no GPUs of a class", "spec.resources.gpu.count", 0),
    _wrong("negative replicas", "spec.replicas", -1),
    _wrong("too many replicas", "spec.replicas", 65),
    _wrong("half a replica", "spec.replicas", 0.5),
    _wrong("no host", "spec.placement.count", 0),
    _wrong("too many hosts", "spec.placement.count", 33),
    _wrong("no owner", "spec.placement.minOwners", 0),
    _wrong(
        "more owners than hosts",
        "spec.placement.minOwners",
        3,
        "spec.placement.minOwners",
        "raise count or lower minOwners",
    ),
    _wrong(
        "fewer named hosts than count",
        "spec.placement.hosts",
        ["alpha"],
        "spec.placement.hosts",
        "name more hosts, lower count",
    ),
    _wrong("a host twice", "spec.placement.hosts", ["alpha", "alpha"], "spec.placement.hosts[1]"),
    _wrong(
        "a host name in capitals",
        "spec.placement.hosts",
        ["Alpha", "beta"],
        "spec.placement.hosts[0]",
    ),
    _wrong(
        "In without values",
        "spec.placement.selector.matchExpressions.0.operator",
        "In",
        "spec.placement.selector.matchExpressions[0].values",
        "list at least one",
    ),
    _wrong(
        "Exists with values",
        "spec.placement.selector.matchExpressions.0.values",
        ["gold"],
        "spec.placement.selector.matchExpressions[0].values",
        "remove them or use In",
    ),
    _wrong(
        "an unknown operator of a selector",
        "spec.placement.selector.matchExpressions.0.operator",
        "Gt",
        "spec.placement.selector.matchExpressions[0].operator",
    ),
    _wrong(
        "an unknown field to spread by",
        "spec.placement.spreadConstraints.0.spreadByField",
        "rack",
        "spec.placement.spreadConstraints[0].spreadByField",
    ),
    _wrong(
        "two limits for one field",
        "spec.placement.spreadConstraints",
        [{"spreadByField": "owner"}, {"spreadByField": "owner", "maxPerGroup": 2}],
        "spec.placement.spreadConstraints[1]",
    ),
    _wrong(
        "a group of no hosts",
        "spec.placement.spreadConstraints.0.maxPerGroup",
        0,
        "spec.placement.spreadConstraints[0].maxPerGroup",
    ),
    _wrong(
        "Equal without a key",
        "spec.placement.tolerations.0.key",
        ABSENT,
        "spec.placement.tolerations[0].key",
        "name its key, or use operator Exists",
    ),
    _wrong(
        "Exists with a value",
        "spec.placement.tolerations.0.operator",
        "Exists",
        "spec.placement.tolerations[0].value",
        "remove value or use operator Equal",
    ),
    _wrong(
        "an effect that modelbond does not have",
        "spec.placement.tolerations.0.effect",
        "NoExecute",
        "spec.placement.tolerations[0].effect",
    ),
)

PLACEMENTS = (
    Wrong("an unknown role", order, Edit("spec.role", "Draft"), "spec.role"),
    Wrong("no role", order, Edit("spec.role", ABSENT), "spec.role"),
    Wrong(
        "an order with an origin",
        copy_of_order,
        Edit("spec.role", "Order"),
        "spec.origin",
        "remove it with role Order",
    ),
    Wrong(
        "a copy without an origin",
        copy_of_order,
        Edit("spec.origin", ABSENT),
        "spec.origin",
        "set origin together with role Copy",
    ),
    Wrong(
        "an origin without the order's UID",
        copy_of_order,
        Edit("spec.origin.orderUID", ABSENT),
        "spec.origin.orderUID",
    ),
    Wrong("no deployment", order, Edit("spec.deployment", ABSENT), "spec.deployment"),
    Wrong(
        "a deployment without UID",
        order,
        Edit("spec.deployment.uid", ABSENT),
        "spec.deployment.uid",
    ),
    Wrong(
        "a deployment of generation 0",
        order,
        Edit("spec.deployment.generation", 0),
        "spec.deployment.generation",
    ),
    Wrong("a slot that cannot be", order, Edit("spec.slot", 32), "spec.slot"),
    Wrong("an epoch before the first", order, Edit("spec.epoch", 0), "spec.epoch"),
    Wrong("an unknown state", order, Edit("spec.state", "Paused"), "spec.state"),
    Wrong("no replicas", order, Edit("spec.replicas", ABSENT), "spec.replicas"),
    Wrong("a command of a stranger", order, Edit("spec.command", ["sh"]), '"spec.command"'),
)

HOSTS = (
    Wrong(
        "a name that is too long",
        host_cluster,
        Edit("metadata.name", "h" * 49),
        "metadata.name",
        "shorter name",
    ),
    Wrong(
        "a name with dots",
        host_cluster,
        Edit("metadata.name", "alpha.example.org"),
        "metadata.name",
        "lower-case letters, digits",
    ),
    Wrong("accepted in words", host_cluster, Edit("spec.accepted", "yes"), "spec.accepted"),
    Wrong(
        "a taint without effect",
        host_cluster,
        Edit("spec.taints.0.effect", ABSENT),
        "spec.taints[0].effect",
    ),
    Wrong(
        "a taint that evicts",
        host_cluster,
        Edit("spec.taints.0.effect", "NoExecute"),
        "spec.taints[0].effect",
    ),
    Wrong(
        "a taint twice",
        host_cluster,
        Edit("spec.taints", [{"key": "a", "effect": "NoSchedule"}] * 2),
        "spec.taints[1]",
    ),
    Wrong(
        "an address without a range",
        host_cluster,
        Edit("spec.endpointCIDRs.0", "203.0.113.7"),
        "spec.endpointCIDRs[0]",
    ),
    Wrong(
        "a range beyond the address",
        host_cluster,
        Edit("spec.endpointCIDRs.0", "203.0.113.0/33"),
        "spec.endpointCIDRs[0]",
    ),
)


def _home(title: str, path: str, value: object, says: str = "", remedy: str = "") -> Wrong:
    return Wrong(title, home_cluster, Edit(path, value), says or path, remedy)


def _server(title: str, url: str, remedy: str = "") -> Wrong:
    return _home(title, "spec.server", url, remedy=remedy)


LOOPBACK = "server is a loopback address"
HOMES = (
    _home("a name without UID", "metadata.name", "acme", "metadata.name", "NAME-HEX8"),
    _home("a name that is too long", "metadata.name", "a" * 40 + "-1f2e3d4c", "", "shorter name"),
    _home("no server", "spec.server", ABSENT),
    _server("a server without TLS", "http://home.example.org:6443"),
    _server("a server with a password", "https://me:secret@home.example.org:6443"),
    _server("a server with a query", "https://home.example.org/?token=secret"),
    _server("a server that is no URL", "https://home example", "spec.server"),
    _server("a server whose port is no port", "https://home.example.org:api", "HOST:PORT"),
    _server("localhost", "https://localhost:6443", LOOPBACK),
    _server("localhost in capitals with a dot", "https://LOCALHOST.:6443", LOOPBACK),
    _server("a name below localhost", "https://home.localhost", LOOPBACK),
    _server("127.0.0.1", "https://127.0.0.1:6443", LOOPBACK),
    _server("another address of 127/8", "https://127.8.8.8", LOOPBACK),
    _server("a short spelling of 127.0.0.1", "https://127.1:6443", LOOPBACK),
    _server("127.0.0.1 in decimal", "https://2130706433:6443", LOOPBACK),
    _server("127.0.0.1 in hexadecimal", "https://0x7f000001:6443", LOOPBACK),
    _server("127.0.0.1 in octal", "https://0177.0.0.1:6443", LOOPBACK),
    _server("the unspecified address", "https://0.0.0.0:6443", LOOPBACK),
    _server("::1", "https://[::1]:6443", LOOPBACK),
    _server("::1 in full", "https://[0:0:0:0:0:0:0:1]:6443", LOOPBACK),
    _server("127.0.0.1 in the old way within IPv6", "https://[::127.0.0.1]:6443", LOOPBACK),
    _server("127.0.0.1 within IPv6", "https://[::ffff:127.0.0.1]:6443", LOOPBACK),
    _home("no join Secret", "spec.joinSecret", ABSENT),
    _home("a join Secret elsewhere", "spec.joinSecret", "other/secret"),
    _home("quota in an unknown unit", "spec.quota.cpu", "2 cores"),
    _home(
        "a class twice", "spec.quota.gpus", [{"class": "a", "count": 1}] * 2, "spec.quota.gpus[1]"
    ),
    _home("a class without count", "spec.quota.gpus.0.count", ABSENT, "spec.quota.gpus[0].count"),
    _home("an unknown format", "spec.policy.formats", ["pickle"], "spec.policy.formats[0]"),
    _home("a runtime in capitals", "spec.policy.runtimes", ["Triton"], "spec.policy.runtimes[0]"),
    _home(
        "a prefix that would match other hosts",
        "spec.policy.sources.0",
        "https://models.example.org",
        "spec.policy.sources[0]",
        "end it in '/'",
    ),
    _home(
        "a prefix of another scheme",
        "spec.policy.sources.0",
        "ftp://models.example.org/",
        "spec.policy.sources[0]",
        "http or https",
    ),
    _home(
        "a source that is neither URL nor range",
        "spec.policy.sources.0",
        "models.example.org",
        "spec.policy.sources[0]",
        "or like 10.0.0.0/8",
    ),
    _home(
        "a range whose octets are none",
        "spec.policy.sources.0",
        "10.999.0.0/8",
        "spec.policy.sources[0]",
        "or like 10.0.0.0/8",
    ),
    _home(
        "a range beyond the bits of its family",
        "spec.policy.sources.0",
        "2001:db8::/129",
        "spec.policy.sources[0]",
        "or like 10.0.0.0/8",
    ),
    _home("a time without unit", "spec.policy.orphanAfter", "72"),
    _home("no time at all", "spec.policy.orphanAfter", "0h"),
    _home("a cache without claim", "spec.cache", {}, "spec.cache.claimName"),
    _home(
        "an endpoint that is a name",
        "spec.endpoint.addresses",
        ["host.example.org"],
        "spec.endpoint.addresses[0]",
    ),
    _home("an unknown state", "spec.state", "Paused"),
)

ALL = (*DEPLOYMENTS, *PLACEMENTS, *HOSTS, *HOMES)
