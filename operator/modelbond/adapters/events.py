"""Events on users' objects (events.k8s.io/v1): one object for each text, repeats are counted."""

import hashlib
import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

from modelbond.api.kinds import EVENT, Json
from modelbond.errors import ModelbondError
from modelbond.ports.cluster import KubeApi
from modelbond.ports.process import Clock

_log = logging.getLogger(__name__)

_REMEMBERED_TEXTS = 4096
_LONGEST_NOTE = 1024
_QUIET_SECONDS = 60.0
_FORGET_SECONDS = 3000.0  # the API server itself forgets an event after an hour
_WITHOUT_NAMESPACE = "default"  # the API server takes events on cluster-wide objects only there

_Text = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posted:
    name: str
    first_at: float
    written_at: float
    count: int


class ApiEvents:
    """Implements ports.Events. Failures are logged: an event is never worth a reconcile."""

    def __init__(self, api: KubeApi, *, clock: Clock, instance: str) -> None:
        self._api = api
        self._clock = clock
        self._instance = instance
        self._posted: OrderedDict[_Text, _Posted] = OrderedDict()

    async def normal(self, about: Json, *, reason: str, message: str) -> None:
        """Record a normal event."""
        await self._record(about, kind="Normal", reason=reason, message=message)

    async def warning(self, about: Json, *, reason: str, message: str) -> None:
        """Record a warning."""
        await self._record(about, kind="Warning", reason=reason, message=message)

    async def _record(self, about: Json, *, kind: str, reason: str, message: str) -> None:
        text = (str(about["metadata"].get("uid", "")), kind, reason, message)
        try:
            await self._post(about, text)
        except ModelbondError as failure:
            fields = {"reason": reason, "error": type(failure).__name__, "detail": str(failure)}
            _log.warning("event not recorded", extra=fields)

    async def _post(self, about: Json, text: _Text) -> None:
        now = self._clock.monotonic()
        posted = self._posted.get(text)
        if posted is None or now - posted.first_at > _FORGET_SECONDS:
            fresh = _Posted(name=self._name(about, text), first_at=now, written_at=now, count=1)
            self._remember(text, fresh)
            await self._api.create(EVENT, self._body(about, text, name=fresh.name))
            return
        counted = replace(posted, count=posted.count + 1)
        if now - posted.written_at < _QUIET_SECONDS:
            self._remember(text, counted)
            return
        self._remember(text, replace(counted, written_at=now))
        series = {"count": counted.count, "lastObservedTime": _micro(self._clock.now())}
        await self._api.merge(
            EVENT, posted.name, {"series": series}, namespace=_namespace_for(about)
        )

    def _remember(self, text: _Text, posted: _Posted) -> None:
        self._posted[text] = posted
        self._posted.move_to_end(text)
        if len(self._posted) > _REMEMBERED_TEXTS:
            self._posted.popitem(last=False)

    def _name(self, about: Json, text: _Text) -> str:
        spread = "\n".join((*text, self._instance, str(self._clock.now())))
        return f"{about['metadata']['name']}.{hashlib.sha256(spread.encode()).hexdigest()[:16]}"

    def _body(self, about: Json, text: _Text, *, name: str) -> Json:
        _, kind, reason, message = text
        metadata = about["metadata"]
        regarding = {
            "apiVersion": about.get("apiVersion"),
            "kind": about.get("kind"),
            "namespace": metadata.get("namespace"),
            "name": metadata["name"],
            "uid": metadata.get("uid"),
            "resourceVersion": metadata.get("resourceVersion"),
        }
        return {
            "metadata": {"name": name, "namespace": _namespace_for(about)},
            "eventTime": _micro(self._clock.now()),
            "reportingController": "modelbond.io/operator",
            "reportingInstance": self._instance[:128],
            "type": kind,
            "reason": reason,
            "action": "Reconcile",
            "note": message[:_LONGEST_NOTE],
            "regarding": {key: value for key, value in regarding.items() if value},
        }


def _namespace_for(about: Json) -> str:
    return str(about["metadata"].get("namespace") or _WITHOUT_NAMESPACE)


def _micro(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
