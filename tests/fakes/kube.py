"""An API server in memory: the whole KubeApi port, with the rules that controllers lean on."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from modelbond.api.kinds import Json, Kind, key_of
from modelbond.errors import AlreadyExists, Conflicted, Expired, Invalid
from modelbond.ports.cluster import Changed, Listed, Token

Part = TypeVar("Part")
CREATED = "2026-01-01T00:00:00Z"
SERVER_OWNED = ("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that reached the server, refused or not."""

    verb: str
    kind: str
    key: str


@dataclass(slots=True, kw_only=True)
class Fault:
    """Errors to raise for requests that match; None matches everything."""

    error: Exception
    verb: str | None
    kind: str | None
    name: str | None
    times: int

    def hits(self, call: Call) -> bool:
        """Say whether this request fails, and use up one of `times`."""
        wanted = (
            self.verb in (None, call.verb)
            and self.kind in (None, call.kind)
            and self.name in (None, call.key.rpartition("/")[2])
        )
        self.times -= wanted
        return wanted


@dataclass(slots=True)
class FakeKube:
    """Objects by kind and key. Tests use the verbs of the port, `put`, `at` and `fail`."""

    stored: dict[tuple[str, str], Json] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    faults: list[Fault] = field(default_factory=list)
    history: list[tuple[int, Kind, Changed]] = field(default_factory=list)
    oldest: int = 0
    applied: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    _version: int = 0
    _uids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    # What tests say and ask.

    def put(self, kind: Kind, body: Json) -> Json:
        """Create or replace an object as somebody else would, status included."""
        key = key_of(body)
        old = self.stored.get((kind.plural, key))
        new = _copied(body)
        meta = new["metadata"]
        for name in SERVER_OWNED:
            if old is not None and name in old["metadata"]:
                meta[name] = old["metadata"][name]
        return self._store(kind, new, old=old)

    def at(self, kind: Kind, name: str, *, namespace: str | None = None) -> Json:
        """Return the object that must exist."""
        return _copied(self.stored[kind.plural, _key(name, namespace)])

    def names(self, kind: Kind) -> list[str]:
        """Return the sorted keys of all objects of the kind."""
        return sorted(key for plural, key in self.stored if plural == kind.plural)

    def objects(self, kind: Kind) -> dict[str, Json]:
        """Return copies of all objects of the kind, by key: what a synced cache would hold."""
        return {
            key: _copied(obj) for (plural, key), obj in self.stored.items() if plural == kind.plural
        }

    def fail(
        self,
        error: Exception,
        *,
        verb: str | None = None,
        kind: Kind | None = None,
        name: str | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next `times` matching requests with this error, and change nothing."""
        wanted = kind.plural if kind else None
        self.faults.append(Fault(error=error, verb=verb, kind=wanted, name=name, times=times))

    def expire_history(self) -> None:
        """Forget what happened so far: a watch from before gets Expired."""
        self.oldest = self._version

    def writes(self) -> list[Call]:
        """Return the requests that could change something, in order."""
        return [call for call in self.calls if call.verb not in ("get", "list", "watch")]

    def collect_garbage(self) -> None:
        """Do the garbage collector's round: what lost all its owners goes."""
        while True:
            alive = {obj["metadata"]["uid"] for obj in self.stored.values()}
            lost = [
                place
                for place, obj in self.stored.items()
                if (owners := obj["metadata"].get("ownerReferences"))
                and not any(owner["uid"] in alive for owner in owners)
            ]
            if not lost:
                return
            for place in lost:
                self._remove(place)

    # The port.

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Json | None:
        self._called("get", kind, _key(name, namespace))
        return _copied(self.stored.get((kind.plural, _key(name, namespace))))

    async def list(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Listed:
        self._called("list", kind, _key(name or "", namespace))
        items = [
            _copied(obj)
            for (plural, _), obj in sorted(self.stored.items())
            if plural == kind.plural
            and _matches(obj, namespace=namespace, labels=labels, name=name)
        ]
        return Listed(items=items, resource_version=str(self._version))

    async def watch(
        self,
        kind: Kind,
        *,
        since: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> AsyncIterator[Changed]:
        self._called("watch", kind, _key(name or "", namespace))
        seen = int(since)
        while True:
            if seen < self.oldest:
                raise Expired(f"resourceVersion {seen} is older than {self.oldest}")
            self._changed.clear()
            for version, changed_kind, change in list(self.history):
                if version <= seen or changed_kind.plural != kind.plural:
                    continue
                seen = version
                if _matches(change.obj, namespace=namespace, labels=labels, name=name):
                    yield Changed(type=change.type, obj=_copied(change.obj))
            await self._changed.wait()

    async def create(self, kind: Kind, body: Json) -> Json:
        key = key_of(body)
        self._called("create", kind, key)
        if (kind.plural, key) in self.stored:
            raise AlreadyExists(f"{kind.plural} {key} exists")
        new = _copied(body)
        new["metadata"] = {k: v for k, v in new["metadata"].items() if k not in SERVER_OWNED}
        if kind.group == "modelbond.io":
            new.pop("status", None)
        return _copied(self._store(kind, new, old=None))

    async def apply(self, kind: Kind, body: Json, *, manager: str) -> Json:
        wanted = {k: v for k, v in body.items() if k != "status"}
        return self._apply(kind, wanted, manager=manager, verb="apply")

    async def apply_status(self, kind: Kind, body: Json, *, manager: str) -> Json:
        wanted = {k: v for k, v in body.items() if k not in ("spec", "data")}
        wanted["metadata"] = {
            k: v for k, v in body["metadata"].items() if k in ("name", "namespace", "uid")
        }
        return self._apply(kind, wanted, manager=manager, verb="apply_status")

    async def merge(
        self, kind: Kind, name: str, patch: Json, *, namespace: str | None = None
    ) -> Json | None:
        key = _key(name, namespace)
        self._called("merge", kind, key)
        old = self.stored.get((kind.plural, key))
        if old is None:
            return None
        for fact in ("uid", "resourceVersion"):
            wanted = patch.get("metadata", {}).get(fact)
            if wanted is not None and wanted != old["metadata"][fact]:
                raise Conflicted(f"{kind.plural} {key} changed meanwhile")
        return _copied(self._store(kind, _merged(old, patch), old=old))

    async def delete(
        self, kind: Kind, name: str, *, namespace: str | None = None, uid: str
    ) -> None:
        key = _key(name, namespace)
        self._called("delete", kind, key)
        old = self.stored.get((kind.plural, key))
        if old is None:
            return
        if old["metadata"]["uid"] != uid:
            raise Conflicted(f"{kind.plural} {key} is another object now")
        new = _copied(old)
        new["metadata"].setdefault("deletionTimestamp", self._stamp())
        self._store(kind, new, old=old)

    async def request_token(self, account: str, *, namespace: str, seconds: int) -> Token:
        call = Call(verb="request_token", kind="serviceaccounts", key=f"{namespace}/{account}")
        self._refuse(call)
        number = sum(1 for made in self.calls if made.verb == "request_token")
        return Token(
            value=f"token-{account}-{number}", expires=self.now + timedelta(seconds=seconds)
        )

    async def log_tail(self, pod: str, *, namespace: str, container: str, lines: int) -> str:
        self._refuse(Call(verb="log_tail", kind="pods", key=f"{namespace}/{pod}"))
        text = self.logs.get(f"{namespace}/{pod}/{container}", "")
        return "\n".join(text.splitlines()[-lines:])

    async def close(self) -> None:
        """Nothing is open."""

    # Inside.

    def _called(self, verb: str, kind: Kind, key: str) -> None:
        self._refuse(Call(verb=verb, kind=kind.plural, key=key))

    def _refuse(self, call: Call) -> None:
        self.calls.append(call)
        for fault in self.faults:
            if fault.times > 0 and fault.hits(call):
                raise fault.error

    def _stamp(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _apply(self, kind: Kind, body: Json, *, manager: str, verb: str) -> Json:
        key = key_of(body)
        self._called(verb, kind, key)
        old = self.stored.get((kind.plural, key))
        uid = body["metadata"].get("uid")
        if not uid:
            raise Invalid(f"apply of {kind.plural} {key} without metadata.uid")
        if old is None or old["metadata"]["uid"] != uid:
            raise Conflicted(f"{kind.plural} {key} is gone or another object")
        owner = (f"{verb}:{manager}", kind.plural, uid)
        new = _without_dropped(old, self.applied.get(owner, {}), body)
        self.applied[owner] = _copied(body)
        return _copied(self._store(kind, _overlaid(new, body), old=old))

    def _store(self, kind: Kind, new: Json, *, old: Json | None) -> Json:
        meta = new["metadata"]
        place = (kind.plural, key_of(new))
        meta.setdefault("uid", f"uid-{next(self._uids)}")
        meta.setdefault("creationTimestamp", CREATED)
        meta.setdefault("generation", 1)
        if old is not None:
            leaves = "deletionTimestamp" in meta and "deletionTimestamp" not in old["metadata"]
            changed = leaves or _wish(new) != _wish(old)
            meta["generation"] = old["metadata"]["generation"] + changed
            meta["resourceVersion"] = old["metadata"]["resourceVersion"]
        if "deletionTimestamp" in meta and not meta.get("finalizers"):
            self.stored[place] = new
            self._remove(place, kind=kind)
            return new
        if new == old:
            return new
        self._version += 1
        meta["resourceVersion"] = str(self._version)
        self.stored[place] = new
        self._tell(kind, Changed(type="MODIFIED" if old else "ADDED", obj=_copied(new)))
        return new

    def _remove(self, place: tuple[str, str], *, kind: Kind | None = None) -> None:
        gone = self.stored.pop(place)
        self._version += 1
        shown = kind or Kind(group="", version="", kind="", plural=place[0])
        self._tell(shown, Changed(type="DELETED", obj=_copied(gone)))

    def _tell(self, kind: Kind, change: Changed) -> None:
        self.history.append((self._version, kind, change))
        self._changed.set()


def _key(name: str, namespace: str | None) -> str:
    return f"{namespace}/{name}" if namespace else name


def _wish(obj: Json) -> Json:
    return {k: v for k, v in obj.items() if k not in ("metadata", "status")}


def _matches(
    obj: Json, *, namespace: str | None, labels: Mapping[str, str] | None, name: str | None
) -> bool:
    meta = obj["metadata"]
    worn = meta.get("labels") or {}
    return (
        (namespace is None or meta.get("namespace") == namespace)
        and (name is None or meta["name"] == name)
        and all(worn.get(k) == v for k, v in (labels or {}).items())
    )


def _merged(old: Any, patch: Any) -> Any:
    """RFC 7386: null removes, maps merge, everything else replaces."""
    if not isinstance(patch, dict):
        return _copied(patch)
    out = _copied(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = _merged(out.get(name), value)
    return out


def _overlaid(old: Any, wanted: Any) -> Any:
    """Maps merge, lists and scalars are replaced: server-side apply by one owner of each list."""
    if not isinstance(wanted, dict) or not isinstance(old, dict):
        return _copied(wanted)
    out = _copied(old)
    for name, value in wanted.items():
        out[name] = _overlaid(out.get(name), value)
    return out


def _without_dropped(old: Json, before: Json, wanted: Json) -> Json:
    """Remove what this manager applied before and leaves out now."""
    out = _copied(old)
    for name, value in before.items():
        if name not in wanted:
            out.pop(name, None)
        elif isinstance(value, dict) and isinstance(wanted[name], dict):
            inner = out.get(name)
            if isinstance(inner, dict):
                out[name] = _without_dropped(inner, value, wanted[name])
    return out


def _copied(value: Part) -> Part:
    """Return a copy of plain JSON, much quicker than deepcopy."""
    copied: Part = msgspec.to_builtins(value)
    return copied
