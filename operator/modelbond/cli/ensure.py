"""Objects brought to what they should be: made once, mended when ours, never taken from others."""

from modelbond.api.kinds import Json, Kind
from modelbond.errors import NameTaken
from modelbond.ports import KubeApi

MANAGED_BY = {"app.kubernetes.io/managed-by": "modelbond"}


async def ensure(api: KubeApi, kind: Kind, body: Json) -> Json:
    """Create the object, or merge into ours what is missing; NameTaken when it is another's.

    Ours is what carries the labels that `body` carries.
    """
    meta = body["metadata"]
    name, namespace = meta["name"], meta.get("namespace")
    existing = await api.get(kind, name, namespace=namespace)
    if existing is None:
        return await api.create(kind, body)
    if not contains(existing["metadata"].get("labels") or {}, meta.get("labels") or {}):
        raise NameTaken(kind=kind.kind, namespace=namespace, name=name)
    if contains(existing, body):
        return existing
    version = {"metadata": {**meta, "resourceVersion": existing["metadata"]["resourceVersion"]}}
    return await api.merge(kind, name, {**body, **version}, namespace=namespace) or existing


def contains(whole: object, part: object) -> bool:
    """Tell whether all that `part` says holds in `whole`; lists must agree item by item."""
    match whole, part:
        case dict(), dict():
            return all(key in whole and contains(whole[key], value) for key, value in part.items())
        case list(), list():
            return len(whole) == len(part) and all(map(contains, whole, part))
        case _:
            return whole == part
