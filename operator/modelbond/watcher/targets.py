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

from modelbond.api.kinds import SECRET, Json
from modelbond.errors import ModelbondError, Refused
from modelbond.ports import KubeApi
from modelbond.settlement.units import LeaseId
from modelbond.sla.leases import OpenLease
from modelbond.watcher.target import Target
from modelbond.watcher.target_text import Handed

_log = logging.getLogger(__name__)

NAMESPACE = "modelbond-watch"
_LABELS = {"modelbond.io/target": "true"}
_TARGET, _TOKEN = "target.json", "probe-token"
_LONGEST_BYTES = 4 * 2**20

Read = Callable[[str, str], Handed]
"""Reads a target's text and its token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where targets come from. `api` is the home's; a folder that others fill has none."""

    name: str
    folder: Path
    api: KubeApi | None = None


class Targets:
    """Looks at every source again and again, and says what is to be probed."""

    def __init__(self, sources: Sequence[Source], *, read: Read) -> None:
        self._sources = sources
        self._read = read
        self._refused: dict[tuple[str, str], str] = {}

    async def look(self, leases: Mapping[LeaseId, OpenLease]) -> list[Target]:
        """Return all targets for which one of these leases is open."""
        for source in self._sources:
            await self._refresh(source)
        found: dict[LeaseId, tuple[int, Target]] = {}
        for source in self._sources:
            for name, text, token in await asyncio.to_thread(_held, source.folder):
                self._take(source, name, text, token, leases=leases, found=found)
        return [target for _, target in found.values()]

    def _take(  # noqa: PLR0913 - one target with all that it is held against
        self,
        source: Source,
        name: str,
        text: str,
        token: str,
        *,
        leases: Mapping[LeaseId, OpenLease],
        found: dict[LeaseId, tuple[int, Target]],
    ) -> None:
        """Add a target that can be believed; of two records of a lease the later one counts."""
        try:
            handed = self._read(text, token)
            lease = leases.get(handed.lease)
            if lease is None:
                return
            known = found.get(handed.lease)
            if known is None or known[0] < handed.record.sequence:
                target = handed.target(lease, source=source.name)
                found[handed.lease] = handed.record.sequence, target
        except Refused as refusal:
            self._say(source, name, str(refusal))

    def _say(self, source: Source, name: str, why: str) -> None:
        if self._refused.get((source.name, name)) != why:
            self._refused[source.name, name] = why
            _log.warning(
                "target refused", extra={"home": source.name, "target": name, "reason": why}
            )

    async def _refresh(self, source: Source) -> None:
        if source.api is None:
            return
        try:
            listed = await source.api.list(SECRET, namespace=NAMESPACE, labels=_LABELS)
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
            text, token = (_value(secret, key) for key in (_TARGET, _TOKEN))
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
