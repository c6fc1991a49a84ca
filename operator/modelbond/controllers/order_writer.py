"""Writes of orders at the home: made, changed, withdrawn. Each is seen at once by all decisions."""

import logging

from modelbond.api.kinds import MODEL_PLACEMENT, Json
from modelbond.controllers.order_book import OrderBook
from modelbond.errors import AlreadyExists, NameTaken
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.home_names import HOME_VERSION
from modelbond.reconcile.home_order import OrderHandle, order_of
from modelbond.reconcile.home_plan import Change

_log = logging.getLogger(__name__)


class OrderWriter:
    """Every failure is the caller's: one of an order concerns no other."""

    def __init__(self, *, api: KubeApi, orders: OrderBook) -> None:
        self._api = api
        self._orders = orders

    async def create(self, body: Json, *, deployment_uid: str) -> None:
        """Make the order, or adopt what an interrupted attempt of ours has made."""
        try:
            made = await self._api.create(MODEL_PLACEMENT, body)
        except AlreadyExists:
            made = await self._adopted(body, deployment_uid=deployment_uid)
        self._orders.wrote(made)
        meta = body["metadata"]
        _log.info("placed", extra={"order": f"{meta['namespace']}/{meta['name']}"})

    async def change(self, change: Change) -> None:
        """Make an order say what is wished now."""
        metadata = {"annotations": {HOME_VERSION: change.home_version}}
        await self._patch(change.order, metadata=metadata, spec=change.spec)

    async def withdraw(self, order: OrderHandle, *, why: str) -> None:
        """Tell the host that its copy shall go."""
        await self._patch(order, metadata={}, spec={"state": "Withdrawn"})
        _log.info("withdrawn", extra={"order": order.key, "why": why})

    async def _adopted(self, body: Json, *, deployment_uid: str) -> Json:
        meta = body["metadata"]
        held = await self._api.get(MODEL_PLACEMENT, meta["name"], namespace=meta["namespace"])
        order = order_of(held) if held is not None else None
        if held is None or order is None or order.deployment_uid != deployment_uid:
            raise NameTaken(kind="ModelPlacement", namespace=meta["namespace"], name=meta["name"])
        return held

    async def _patch(self, order: OrderHandle, *, metadata: Json, spec: Json) -> None:
        # No resourceVersion: the host's status moves it all the time, and spec is ours alone.
        patch = {"metadata": {"uid": order.uid, **metadata}, "spec": spec}
        wrote = await self._api.merge(MODEL_PLACEMENT, order.name, patch, namespace=order.namespace)
        if wrote is not None:
            self._orders.wrote(wrote)
