"""How an API server's paths, selectors and answers are spelled: the grammar of the fake server."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from modelbond.api import kinds
from modelbond.api.kinds import OUR_KINDS, Json, Kind
from modelbond.errors import AlreadyExists, Conflicted, Invalid, ModelbondError

_KINDS = {
    (kind.group, kind.version, kind.plural): kind
    for kind in vars(kinds).values()
    if isinstance(kind, Kind)
}
# kopf waits for these two before it watches anything.
_CRD = Kind(
    group="apiextensions.k8s.io",
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    namespaced=False,
)
_DISCOVERED = (*OUR_KINDS, kinds.NAMESPACE, _CRD)
_REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound"} | {
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a path means."""

    kind: Kind
    namespace: str | None
    name: str | None
    subresource: str | None


def is_discovery(segments: list[str]) -> bool:
    """Say whether the path asks what is served."""
    return len(segments) <= (2 if segments[0] == "api" else 3)


def group_of(name: str, version: str) -> Json:
    served = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [served], "preferredVersion": served}


def resource_of(kind: Kind) -> Json:
    return {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "kind": kind.kind,
        "namespaced": kind.namespaced,
        "verbs": ["get", "list", "watch", "create", "patch", "delete"],
    }


def place_of(segments: list[str]) -> Place | None:
    group, version, rest = ("", segments[1], segments[2:])
    if segments[0] == "apis":
        group, version, rest = segments[1], segments[2], segments[3:]
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    kind = _KINDS.get((group, version, rest[0]))
    if kind is None:
        return None
    padded = [*rest[1:], None, None]
    return Place(kind=kind, namespace=namespace, name=padded[0], subresource=padded[1])


def label_selector(request: web.Request) -> dict[str, str]:
    text = request.query.get("labelSelector", "")
    return dict(pair.split("=", 1) for pair in text.split(",") if pair)


def field_name(request: web.Request) -> str | None:
    selector = request.query.get("fieldSelector", "")
    return selector.removeprefix("metadata.name=") or None


def is_wanted(obj: Json, request: web.Request, place: Place) -> bool:
    metadata = obj["metadata"]
    worn = metadata.get("labels") or {}
    name = field_name(request)
    return (
        place.namespace in (None, metadata.get("namespace"))
        and name in (None, metadata["name"])
        and all(worn.get(key) == value for key, value in label_selector(request).items())
    )


def typed(kind: Kind, obj: Json) -> Json:
    return {**obj, "apiVersion": kind.api_version, "kind": kind.kind}


def found(kind: Kind, obj: Json | None, *, status: int = 200) -> web.Response:
    if obj is None:
        return told(404, f"{kind.plural} not found")
    return web.json_response(typed(kind, obj), status=status)


def refused(refusal: ModelbondError) -> web.Response:
    match refusal:
        case AlreadyExists():
            return told(409, str(refusal), reason="AlreadyExists")
        case Conflicted():
            return told(409, str(refusal))
        case Invalid():
            return told(422, str(refusal))
    return told(500, str(refusal))


def told(
    code: int, message: str, *, reason: str = "", headers: Mapping[str, str] | None = None
) -> web.Response:
    body = {
        "kind": "Status",
        "code": code,
        "reason": reason or _REASONS.get(code, ""),
        "message": message,
    }
    return web.json_response(body, status=code, headers=headers)


def discovered(segments: list[str], *, served: set[str]) -> web.Response:
    """Answer what is served."""
    shown = [kind for kind in _DISCOVERED if kind.plural in served or kind not in OUR_KINDS]
    match segments:
        case ["api"]:
            return web.json_response({"versions": ["v1"]})
        case ["apis"]:
            groups = {kind.group: kind.version for kind in shown if kind.group}
            return web.json_response({"groups": [group_of(*item) for item in groups.items()]})
    group, version = ("", "v1") if segments[0] == "api" else segments[1:]
    resources = [
        resource_of(kind) for kind in shown if (kind.group, kind.version) == (group, version)
    ]
    if not resources:
        return told(404, "no such group")
    return web.json_response({"kind": "APIResourceList", "resources": resources})
