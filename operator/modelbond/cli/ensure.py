"""Objects brought to what they should be: made once, mended when ours, never taken from others."""

from modelbond.api.kinds import GROUP, Json, Kind
from modelbond.errors import NameTaken
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.home_match import holds
from modelbond.serving.names import OURS


async def ensure(api: KubeApi, kind: Kind, body: Json) -> Json:
    """Create the object, or merge into ours what is missing; NameTaken when it is another's.

    Ours is what carries our labels of `body`. Its other labels are the owner's to change.
    """
    meta = body["metadata"]
    name, namespace = meta["name"], meta.get("namespace")
    existing = await api.get(kind, name, namespace=namespace)
    if existing is None:
        return await api.create(kind, body)
    mark = {key: value for key, value in meta["labels"].items() if _is_ours(key)}
    if not holds(existing["metadata"].get("labels") or {}, mark):
        raise NameTaken(kind=kind.kind, namespace=namespace, name=name)
    wanted = {**body, "metadata": {**meta, "labels": mark}}
    if holds(existing, wanted):
        return existing
    wanted["metadata"]["resourceVersion"] = existing["metadata"]["resourceVersion"]
    return await api.merge(kind, name, wanted, namespace=namespace) or existing


def _is_ours(label: str) -> bool:
    return label in OURS or label.startswith(f"{GROUP}/")
