"""The watcher's configuration file: one strict shape, and errors that name the field."""

from typing import Annotated

import msgspec
import yaml

from modelbond.api.config import ChainConfig, KeyConfig, Name, Url
from modelbond.errors import Refused

_Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
_Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
_Label = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class _Strict(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """A value that refuses fields it does not know."""


class PeerConfig(_Strict, frozen=True):
    """Another watcher of the tower: its name for people, and where it serves."""

    name: _Label
    url: Url


class HomeSource(_Strict, frozen=True):
    """A home that let this watcher in.

    `invitation` is a folder with the files server, ca and token: the mounted Secret that
    `modelbond invite --watcher` printed. They are read again when they change.
    """

    name: _Label
    invitation: Name


class FolderSource(_Strict, frozen=True):
    """Targets as files, NAME.json with NAME.token beside it: for a home without a way here."""

    name: _Label
    folder: Name


class Listen(_Strict, frozen=True):
    """Where other watchers, and anybody, may read. An empty address means all of them."""

    address: str = ""
    port: _Port = 8440


class WatcherConfig(_Strict, frozen=True):
    """The whole file. Keys differ: who reads `attesting_key` can sign reports, not pay.

    Without `paying_key` it posts nothing. `state` is a folder that outlives the process: the
    ledger, the signing record and the evidence are in it. `private_ranges` opens addresses that
    are not public to probes. `retention_seconds` is how long slices and evidence are kept.
    """

    state: Name
    chain: ChainConfig
    attesting_key: KeyConfig
    paying_key: KeyConfig | None = None
    listen: Listen = Listen()
    metrics_port: _Port = 8080
    peers: Annotated[tuple[PeerConfig, ...], msgspec.Meta(max_length=30)] = ()
    homes: Annotated[tuple[HomeSource, ...], msgspec.Meta(max_length=64)] = ()
    folders: Annotated[tuple[FolderSource, ...], msgspec.Meta(max_length=64)] = ()
    private_ranges: Annotated[tuple[str, ...], msgspec.Meta(max_length=64)] = ()
    retention_seconds: Annotated[int, msgspec.Meta(ge=3600)] = 45 * 86_400
    look_seconds: _Seconds = 15


def decode_config(text: str) -> WatcherConfig:
    """Return the configuration of a YAML text; Refused names the field and what is wrong."""
    try:
        config = msgspec.convert(yaml.safe_load(text), WatcherConfig)
    except (yaml.YAMLError, msgspec.ValidationError) as failure:
        raise Refused(f"the watcher's configuration: {failure}") from failure
    names = [one.name for one in config.homes] + [one.name for one in config.folders]
    if len(set(names)) != len(names):
        raise Refused("homes and folders: each needs a name of its own")
    if not names:
        raise Refused("homes: name a home, or a folder of targets in folders")
    return config
