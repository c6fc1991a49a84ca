"""Copies as objects: read past a lagging cache, made once, changed by compare-and-swap."""

from collections.abc import Mapping

from modelbond.api.kinds import MODEL_PLACEMENT, Json, key_of
from modelbond.controllers.freshest import Freshest
from modelbond.errors import AlreadyExists, Conflicted, NameTaken
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.host_order import Order, copy_body, is_our_copy
from modelbond.reconcile.host_terms import Terms
from modelbond.serving.names import home_namespace

_STATUS_MANAGER = "modelbond-status"


class Copies:
    """The host's own record of what it accepted."""

    def __init__(self, *, api: KubeApi, cached: Mapping[str, Json]) -> None:
        self._api = api
        self._cached = cached
        self._freshest = Freshest()

    async def find(self, home: str, order: str) -> Json | None:
        """Return the copy as it is now, or None."""
        namespace = home_namespace(home)
        key = f"{namespace}/{order}"
        found = self._cached.get(key)
        if found is None and self._freshest.is_ahead(key):
            found = await self._api.get(MODEL_PLACEMENT, order, namespace=namespace)
            if found is None:
                self._freshest.forget(key)
        return self._freshest.of(key, found)

    async def made(self, order: Order, *, terms: Terms, home_uid: str) -> Json:
        """Create the copy of an accepted order; NameTaken when the name is another's."""
        body = copy_body(order, terms=terms, home_uid=home_uid)
        try:
            copy = await self._api.create(MODEL_PLACEMENT, body)
        except AlreadyExists:
            copy = await self._existing(body, order=order, terms=terms, home_uid=home_uid)
        self._freshest.wrote(key_of(copy), copy)
        return copy

    async def changed(self, copy: Json, order: Order, *, terms: Terms, home_uid: str) -> Json:
        """Write a changed order into its copy."""
        wanted = copy_body(order, terms=terms, home_uid=home_uid)["spec"]
        meta = copy["metadata"]
        patch = {
            "metadata": {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]},
            "spec": difference(copy["spec"], wanted),
        }
        found = await self._api.merge(
            MODEL_PLACEMENT, meta["name"], patch, namespace=meta["namespace"]
        )
        if found is None:
            raise Conflicted(f"copy {key_of(copy)} went meanwhile")
        self._freshest.wrote(key_of(found), found)
        return found

    async def say(self, copy: Json, status: Json) -> Json:
        """Write the copy's status where it differs, and return the copy."""
        if status == copy.get("status"):
            return copy
        meta = copy["metadata"]
        body = {
            "apiVersion": MODEL_PLACEMENT.api_version,
            "kind": MODEL_PLACEMENT.kind,
            "metadata": {name: meta[name] for name in ("name", "namespace", "uid")},
            "status": status,
        }
        found = await self._api.apply_status(MODEL_PLACEMENT, body, manager=_STATUS_MANAGER)
        self._freshest.wrote(key_of(found), found)
        return found

    async def delete(self, copy: Json) -> None:
        """Delete that very copy."""
        meta = copy["metadata"]
        await self._api.delete(
            MODEL_PLACEMENT, meta["name"], namespace=meta["namespace"], uid=meta["uid"]
        )
        self._freshest.forget(key_of(copy))

    async def _existing(self, body: Json, *, order: Order, terms: Terms, home_uid: str) -> Json:
        place = {name: body["metadata"][name] for name in ("namespace", "name")}
        found = await self._api.get(MODEL_PLACEMENT, place["name"], namespace=place["namespace"])
        if found is None:
            raise Conflicted(f"copy {place['name']} came and went") from None
        ours = is_our_copy(found, terms=terms, home_uid=home_uid)
        if not ours or found["spec"]["origin"]["orderUID"] != order.uid:
            raise NameTaken(kind=MODEL_PLACEMENT.kind, **place) from None
        return found


def difference(old: Json, new: Json) -> Json:
    """Return the JSON merge patch that makes `new` of `old`."""
    patch: Json = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = difference(before, value)
            if inner:
                patch[name] = inner
        elif value != before:
            patch[name] = value
    return patch
