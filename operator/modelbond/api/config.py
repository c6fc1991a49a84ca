"""The operator's configuration file: one strict shape, and errors that name the field."""

import re
from typing import Annotated, Literal

import msgspec
import yaml

from modelbond.errors import Refused

Role = Literal["home", "host"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
DnsLabel = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Account = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{40}$")]
Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$", max_length=1024)]


class _Strict(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """A value that refuses fields it does not know."""


class Toleration(_Strict, frozen=True):
    """A pod's toleration, as in core/v1."""

    key: str = ""
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""


class Runtime(_Strict, frozen=True):
    """What one runtime needs at this host: the owner's choice, never a customer's."""

    image: Name
    formats: Annotated[tuple[Literal["onnx"], ...], msgspec.Meta(min_length=1)]
    read_only_root_filesystem: bool = True
    runtime_class_name: str = ""
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    image_pull_secrets: tuple[DnsLabel, ...] = ()


class HomeConfig(_Strict, frozen=True):
    """The home role: which namespaces customers use and how long silence is borne."""

    namespaces: tuple[DnsLabel, ...] = ()
    silence_seconds: Seconds = 15
    withdraw_deadline_seconds: Seconds = 60
    certificate_days: Annotated[int, msgspec.Meta(ge=1, le=825)] = 365


class HostConfig(_Strict, frozen=True):
    """The host role: who owns this cluster, where it is, and what it can run."""

    owner: Name
    edge_image: Name
    region: str = ""
    zone: str = ""
    provider: str = ""
    read_nodes: bool = True
    runtimes: dict[DnsLabel, Runtime] = {}


class RpcConfig(_Strict, frozen=True):
    """One node of the chain. Its URL may hold an access key, so it is in a mounted file."""

    name: DnsLabel
    url_file: Name


class KeyConfig(_Strict, frozen=True):
    """Where a private key is mounted: hex digits, or a keystore with its password's file."""

    file: Name
    password_file: str = ""


class BondConfig(_Strict, frozen=True):
    """A host's bond: it grows with its offers up to `target`, in the asset's smallest unit.

    What leases earned is taken every `withdraw_seconds`; with `take_back` also what is free of the
    bond above `target`.
    """

    target: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,38}$")] = "0"
    withdraw_seconds: Annotated[float, msgspec.Meta(gt=0, le=31 * 86_400)] = 86_400
    take_back: bool = False


class ChainConfig(_Strict, frozen=True):
    """The chain, for homes and hosts with leases. `deployment` is a file of the contracts.

    `towers` are those on whose word money moves; empty is the deployment's own alone. `ledgers`
    is a folder that outlives the process. `host_key` signs a host's offers and pays for it.
    """

    deployment: Name
    ledgers: Name
    rpcs: Annotated[tuple[RpcConfig, ...], msgspec.Meta(min_length=1, max_length=8)]
    towers: tuple[Account, ...] = ()
    watchers: Annotated[tuple[Url, ...], msgspec.Meta(max_length=31)] = ()
    host_key: KeyConfig | None = None
    bond: BondConfig = BondConfig()
    poll_seconds: Seconds = 12
    block_age_seconds: Seconds = 600


class OperatorConfig(_Strict, frozen=True):
    """The whole file. A role that is served has its section; without `chain` none is known."""

    roles: Annotated[tuple[Role, ...], msgspec.Meta(min_length=1, max_length=2)]
    namespace: DnsLabel
    home: HomeConfig | None = None
    host: HostConfig | None = None
    chain: ChainConfig | None = None


def decode_config(text: str) -> OperatorConfig:
    """Return the configuration of a YAML text; Refused names the field and what is wrong."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as failure:
        raise Refused(f"the configuration is not YAML: {failure}") from failure
    try:
        config = msgspec.convert(document, OperatorConfig)
    except msgspec.ValidationError as failure:
        raise Refused(_explained(str(failure))) from failure
    _require_sections(config)
    return config


def _explained(message: str) -> str:
    what, _, where = message.partition(" - at ")
    field = re.sub(r"^\$\.?", "", where.strip("`"))
    return f"configuration, {field}: {what}" if field else f"configuration: {what}"


def _require_sections(config: OperatorConfig) -> None:
    for role, section in (("home", config.home), ("host", config.host)):
        if role in config.roles and section is None:
            raise Refused(f"configuration, {role}: missing, since roles name {role!r}")
