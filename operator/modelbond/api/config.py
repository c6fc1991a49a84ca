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


class OperatorConfig(_Strict, frozen=True):
    """The whole file. A role that is served has its section."""

    roles: Annotated[tuple[Role, ...], msgspec.Meta(min_length=1, max_length=2)]
    namespace: DnsLabel
    home: HomeConfig | None = None
    host: HostConfig | None = None


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
