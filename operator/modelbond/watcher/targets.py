"""Which targets there are: what homes handed over, as far as the chain has a lease for it.

What a home showed last is kept in a folder, so a home that is gone changes nothing.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from modelbond.api.kinds import SECRET, Json
from modelbond.errors import ModelbondError, Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.home_lease_papers import TOKEN_KEY
from modelbond.reconcile.home_lease_target import TARGET, TARGET_KEY, WATCH_NAMESPACE
from modelbond.settlement.units import LeaseId
from modelbond.sla.leases import OpenLease
from modelbond.watcher.target import Target
from modelbond.watcher.target_text import Handed

_log = logging.getLogger(__name__)

_LABELS = {TARGET: "true"}
_LONGEST_BYTES = 4 * 2**20

Read = Callable[[str, str], Handed]
"""Reads a target's text and its token."""


class Door(Protocol):
    """The way to a home."""

    async def open(self) -> KubeApi:
        """Return the home's API server; Refused says what is missing."""

    async def close(self) -> None:
        """Close what is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where targets come from. `door` leads to the home; a folder that others fill has none."""

    name: str
    folder: Path
    door: Door | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """A target's files as they were read, and what they say; None where that is refused."""

    content: tuple[str, str]
    handed: Handed | None


class Targets:
    """Looks at every source again and again, and says what is to be probed.

    To read a target is to check signatures and decode tensors: what did not change is known.
    """

    def __init__(self, sources: Sequence[Source], *, read: Read) -> None:
        self._sources = sources
        self._read = read
        self._known: dict[tuple[str, str], _Files] = {}
        self._refused: dict[tuple[str, str], str] = {}

    async def look(self, leases: Mapping[LeaseId, OpenLease]) -> list[Target]:
        """Return all targets for which one of these leases is open."""
        for source in self._sources:
            await self._refresh(source)
        return await asyncio.to_thread(self._open, leases)

    def _open(self, leases: Mapping[LeaseId, OpenLease]) -> list[Target]:
        """Return the targets with a lease; of two records of one the later counts."""
        found: dict[LeaseId, tuple[int, Target]] = {}
        for source, name, handed in self._all():
            lease, sequence = leases.get(handed.lease), handed.record.sequence
            known = found.get(handed.lease)
            if lease is None or (known is not None and known[0] >= sequence):
                continue
            try:
                found[handed.lease] = sequence, handed.target(lease, source=source.name)
            except Refused as refusal:
                self._say(source, name, str(refusal))
        return [target for _, target in found.values()]

    def _all(self) -> list[tuple[Source, str, Handed]]:
        """Return what all sources hand over, as far as it can be believed."""
        before, self._known = self._known, {}
        for source in self._sources:
            for name, *files in _held(source.folder):
                read = before.get((source.name, name))
                if read is None or read.content != tuple(files):
                    read = self._checked(source, name, *files)
                self._known[source.name, name] = read
        sources = {source.name: source for source in self._sources}
        return [
            (sources[source], name, read.handed)
            for (source, name), read in self._known.items()
            if read.handed is not None
        ]

    def _checked(self, source: Source, name: str, text: str, token: str) -> _Files:
        try:
            return _Files(content=(text, token), handed=self._read(text, token))
        except Refused as refusal:
            self._say(source, name, str(refusal))
            return _Files(content=(text, token), handed=None)

    def _say(self, source: Source, name: str, why: str) -> None:
        if self._refused.get((source.name, name)) != why:
            self._refused[source.name, name] = why
            _log.warning(
                "target refused", extra={"home": source.name, "target": name, "reason": why}
            )

    async def _refresh(self, source: Source) -> None:
        if source.door is None:
            return
        try:
            api = await source.door.open()
            listed = await api.list(SECRET, namespace=WATCH_NAMESPACE, labels=_LABELS)
        except ModelbondError as failure:
            _log.warning(
                "home not read, its last targets stay",
                extra={"home": source.name, "reason": str(failure)},
            )
            return
        await asyncio.to_thread(_keep, source.folder, listed.items)


def _held(folder: Path) -> list[tuple[str, str, str]]:
    """Return name, text and token of each target in a folder; what cannot be read is left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            if path.stat().st_size <= _LONGEST_BYTES:
                token = path.with_suffix(".token").read_text().strip()
                found.append((path.stem, path.read_text(), token))
        except (OSError, UnicodeDecodeError) as failure:
            _log.warning(
                "target not read", extra={"target": path.stem, "reason": type(failure).__name__}
            )
    return found


def _keep(folder: Path, secrets: Sequence[Json]) -> None:
    """Make the folder hold what the home shows now: what is not shown any more is over."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shown = set()
    for secret in secrets:
        name = str(secret["metadata"]["name"])
        try:
            text, token = (_value(secret, key) for key in (TARGET_KEY, TOKEN_KEY))
        except (KeyError, ValueError, binascii.Error):
            continue
        shown.add(name)
        _write(folder / f"{name}.token", token)
        _write(folder / f"{name}.json", text)
    for path in folder.glob("*.json"):
        if path.stem not in shown:
            path.unlink()
            path.with_suffix(".token").unlink(missing_ok=True)


def _value(secret: Json, key: str) -> str:
    return base64.b64decode(secret["data"][key], validate=True).decode()


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.chmod(0o600)
    new.replace(path)
