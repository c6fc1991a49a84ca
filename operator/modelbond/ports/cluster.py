"""What controllers need of API servers: objects, watches, keys to reconcile and events."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from modelbond.api.kinds import Json, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One change seen by a watch; `obj` is the last state.

    `type` is ADDED, MODIFIED, DELETED or BOOKMARK; a bookmark carries a resourceVersion alone.
    """

    type: str
    obj: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A whole list and the resourceVersion from which to watch on."""

    items: list[Json]
    resource_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token and when it ends, by the issuer's clock."""

    value: str
    expires: datetime


class KubeApi(Protocol):
    """One API server. Objects are JSON; every failure is one of modelbond.errors."""

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Json | None:
        """Return the object, or None where there is none (404)."""

    async def list(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Listed:
        """Return all objects that match, paged behind the scenes."""

    def watch(
        self,
        kind: Kind,
        *,
        since: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> AsyncIterator[Changed]:
        """Yield changes after `since` until the server closes; ApiUnreachable when it is silent.

        Expired says that `since` is too old.
        """

    async def create(self, kind: Kind, body: Json) -> Json:
        """POST a new object; AlreadyExists when the name is taken."""

    async def apply(self, kind: Kind, body: Json, *, manager: str) -> Json:
        """Server-side apply with force. `metadata.uid` is required: Conflicted if it is gone."""

    async def apply_status(self, kind: Kind, body: Json, *, manager: str) -> Json:
        """Server-side apply of the status subresource; `metadata.uid` is required."""

    async def merge(
        self, kind: Kind, name: str, patch: Json, *, namespace: str | None = None
    ) -> Json | None:
        """JSON merge patch; carry metadata.resourceVersion for compare-and-swap. None on 404."""

    async def delete(
        self, kind: Kind, name: str, *, namespace: str | None = None, uid: str
    ) -> None:
        """Delete that very object (precondition UID); absent already is success."""

    async def request_token(self, account: str, *, namespace: str, seconds: int) -> Token:
        """Ask for a token of a ServiceAccount (its `token` subresource)."""

    async def log_tail(self, pod: str, *, namespace: str, container: str, lines: int) -> str:
        """Return the last lines of a container's log; empty when there is none yet."""

    async def close(self) -> None:
        """Release connections."""


class Connect(Protocol):
    """Opens the API server of another owner from exactly these three facts."""

    def __call__(self, *, server: str, ca_pem: str, token: str) -> KubeApi:
        """Return a client that never reads a kubeconfig, proxy or file of a stranger."""


class Queue(Protocol):
    """A keyed work queue: a key waits once and is never worked on twice at a time."""

    def add(self, key: str) -> None:
        """Ask for the key to be reconciled soon."""

    def add_after(self, key: str, seconds: float) -> None:
        """Ask for the key to be reconciled once that time passed."""


class Informer(Protocol):
    """A supervised list and watch of one kind: a local copy that calls back on change."""

    @property
    def synced(self) -> bool:
        """True once a whole list was taken. Stays True while the other side is silent."""

    @property
    def failure(self) -> Exception | None:
        """Why list or watch fails at present, or None."""

    def objects(self) -> Mapping[str, Json]:
        """Return the local copy, by `namespace/name`."""

    async def run(self) -> None:
        """List and watch for ever: meant for a Supervisor."""


class MakeInformer(Protocol):
    """Makes informers; `on_change(object, deleted)` is called for each change, synchronously.

    `reduce` says what is kept of an object; `metadata` must keep namespace, name and UID.
    """

    def __call__(  # noqa: PLR0913 - as the watch
        self,
        api: KubeApi,
        kind: Kind,
        *,
        on_change: Callable[[Json, bool], None],
        on_synced: Callable[[], None] | None = None,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
        reduce: Callable[[Json], Json] | None = None,
    ) -> Informer:
        """Return an informer that does nothing until its `run` is supervised."""


class Events(Protocol):
    """Kubernetes Events on users' objects: what happened and what to do next."""

    async def normal(self, about: Json, *, reason: str, message: str) -> None:
        """Record a normal event; never raises."""

    async def warning(self, about: Json, *, reason: str, message: str) -> None:
        """Record a warning; never raises; repeats of one text are counted, not spammed."""
