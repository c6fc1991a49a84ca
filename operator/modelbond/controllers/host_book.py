"""What the home knows of its hosts at this moment: heard or not, and their last reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from modelbond.api.conditions import ConditionType, find
from modelbond.api.kinds import Json
from modelbond.api.report import HostReport
from modelbond.api.v1alpha1 import HostClusterSpec
from modelbond.api.wire import read
from modelbond.errors import Refused
from modelbond.placement.host import Heard, Taint
from modelbond.ports.process import Clock
from modelbond.reconcile.home_host import Judged, judge, remembered
from modelbond.reconcile.home_room import KnownHost

_LISTENED_TO = (Heard.WAITING, Heard.HEARD)
_NOTHING = Judged(report=None, identity_changed=False, problem="")


@dataclass(slots=True, kw_only=True)
class _Entry:
    """The live part of one host. `since` is monotonic: when its Lease last changed for us."""

    uid: str
    heard: Heard
    since: float
    pinned: str | None
    renewed: str | None = None
    last_heard: datetime | None = None
    judged: Judged = _NOTHING
    report: HostReport | None = None


class HostBook:
    """One entry for each HostCluster. Silence is counted on the home's monotonic clock alone."""

    def __init__(
        self, clusters: Mapping[str, Json], *, clock: Clock, silence_seconds: float
    ) -> None:
        self._clusters = clusters
        self._clock = clock
        self.silence_seconds = silence_seconds
        self._entries: dict[str, _Entry] = {}

    def known(self) -> dict[str, KnownHost]:
        """Return every host whose HostCluster exists."""
        found = ((name, self.host(name)) for name in list(self._clusters))
        return {name: host for name, host in found if host is not None}

    def host(self, name: str) -> KnownHost | None:
        """Return one host, or None when there is no HostCluster of that name."""
        entry, cluster = self._entry(name), self._clusters.get(name)
        if entry is None or cluster is None:
            return None
        spec = _spec(cluster)
        return KnownHost(
            name=name,
            uid=entry.uid,
            accepted=spec.accepted and "deletionTimestamp" not in cluster["metadata"],
            heard=entry.heard,
            identity_changed=entry.judged.identity_changed,
            report=entry.report,
            report_valid=entry.judged.report is not None,
            labels=cluster["metadata"].get("labels") or {},
            taints=tuple(
                Taint(key=taint.key, value=taint.value or "", effect=taint.effect)
                for taint in spec.taints
            ),
            endpoint_cidrs=tuple(spec.endpoint_cidrs),
            counted=frozenset(entry.report.counted) if entry.report else frozenset(),
        )

    def judged(self, name: str) -> Judged:
        """Return what was made of the host's present report."""
        entry = self._entry(name)
        return entry.judged if entry else _NOTHING

    def last_heard(self, name: str) -> datetime | None:
        """Return the wall-clock time of the last Lease change seen, for people."""
        entry = self._entry(name)
        return entry.last_heard if entry else None

    def lease_seen(self, name: str, lease: Json) -> None:
        """Take note of the host's Lease. Only a change counts; what it says does not."""
        entry, renewed = self._entry(name), (lease.get("spec") or {}).get("renewTime")
        if entry is None or not renewed or renewed == entry.renewed:
            return
        first = entry.renewed is None
        entry.renewed = renewed
        if first and entry.heard is not Heard.NEVER:
            return
        entry.heard, entry.since = Heard.HEARD, self._clock.monotonic()
        entry.last_heard = self._clock.now()

    def lease_listed(self, name: str) -> None:
        """Give the host one whole period: the home itself could not hear until now."""
        entry = self._entry(name)
        if entry is not None and entry.heard is not Heard.SILENT:
            entry.since = self._clock.monotonic()
            if entry.heard is Heard.WAITING and entry.renewed is None:
                entry.heard = Heard.NEVER

    def seems_silent(self, name: str) -> bool:
        """Tell whether `seconds_to_silence` would now mark the host silent."""
        entry = self._entry(name)
        return entry is not None and entry.heard in _LISTENED_TO and self._left(entry) <= 0

    def seconds_to_silence(self, name: str) -> float | None:
        """Return when the host is to be looked at again, marking it silent once time is up."""
        entry = self._entry(name)
        if entry is None or entry.heard not in _LISTENED_TO:
            return None
        left = self._left(entry)
        if left > 0:
            return left
        entry.heard = Heard.SILENT
        return None

    def report_seen(self, name: str, text: str | None) -> None:
        """Check and keep the host's report. A bad one, or a stranger's, leaves the last good."""
        entry = self._entry(name)
        if entry is None:
            return
        entry.judged = _still_a_stranger(
            entry.judged, judge(text, pinned=self._pinned(name) or entry.pinned)
        )
        if entry.judged.report is not None:
            entry.report = entry.judged.report
            entry.pinned = entry.report.cluster_uid

    def forget(self, name: str) -> None:
        """Drop a host whose HostCluster is gone."""
        self._entries.pop(name, None)

    def _left(self, entry: _Entry) -> float:
        return entry.since + self.silence_seconds - self._clock.monotonic()

    def _entry(self, name: str) -> _Entry | None:
        cluster = self._clusters.get(name)
        if cluster is None:
            return None
        uid = str(cluster["metadata"].get("uid"))
        entry = self._entries.get(name)
        if entry is None or entry.uid != uid:
            entry = _Entry(
                uid=uid,
                heard=_at_start(cluster),
                since=self._clock.monotonic(),
                pinned=self._pinned(name),
                judged=_judged_before(cluster),
                report=remembered(cluster.get("status") or {}),
            )
            self._entries[name] = entry
        return entry

    def _pinned(self, name: str) -> str | None:
        status = self._clusters[name].get("status") or {}
        return status.get("clusterUID")


def _spec(cluster: Json) -> HostClusterSpec:
    """Return the spec, or the closed default: an unreadable host must not pass for a gone one."""
    try:
        return read(HostClusterSpec, cluster.get("spec") or {})
    except Refused:
        return HostClusterSpec()


def _still_a_stranger(before: Judged, now: Judged) -> Judged:
    """Return the new judgement; a stranger stays one until the first cluster reports again."""
    if not before.identity_changed or now.report is not None or now.identity_changed:
        return now
    return before


def _judged_before(cluster: Json) -> Judged:
    """Return what the status still tells of a stranger: a restart makes it no friend."""
    conditions = (cluster.get("status") or {}).get("conditions") or []
    pinned = find(conditions, ConditionType.IDENTITY_PINNED) or {}
    if pinned.get("reason") != "IdentityChanged":
        return _NOTHING
    return Judged(report=None, identity_changed=True, problem="another cluster answered before")


def _at_start(cluster: Json) -> Heard:
    """Return what to think of a host before anything is heard: what was true before."""
    conditions = (cluster.get("status") or {}).get("conditions") or []
    reachable = find(conditions, ConditionType.REACHABLE)
    said = (reachable or {}).get("reason")
    return Heard.SILENT if said == "Silent" else Heard.WAITING
